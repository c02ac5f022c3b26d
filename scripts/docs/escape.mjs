const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Text as it stands in HTML, also within an attribute's quotes.
 *
 * @param {string} text
 */
export function escapeHtml(text) {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]);
}
