//! What servers and proxies make of text that they quote, undone.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

pub(super) fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// Undoes the character references of HTML.
pub(super) fn unreferenced(text: &str) -> Cow<'_, str> {
    replace_at(text, '&', |text| {
        let reference = &text[1..text.find(';')?];
        let length = reference.len() + 2;
        let Some(number) = reference.strip_prefix('#') else {
            let named = ["quot", "amp", "lt", "gt", "apos", "nbsp"].contains(&reference);
            return named.then_some((' ', length));
        };
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        Some((char::from_u32(code.ok()?)?, length))
    })
}

/// Undoes the backslashes of JSON and its relatives.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    let code = |hex: Option<&str>| char::from_u32(u32::from_str_radix(hex?, 16).ok()?);
    replace_at(text, '\\', |text| match text[1..].chars().next()? {
        'u' => Some((code(text.get(2..6))?, 6)),
        'x' => Some((code(text.get(2..4))?, 4)),
        'n' | 'r' | 't' | 'b' | 'f' => Some((' ', 2)),
        character => Some((character, 1 + character.len_utf8())),
    })
}

/// Replaces what starts with `mark` by the one character that `read` finds in it, with its length.
fn replace_at(
    text: &str,
    mark: char,
    read: impl Fn(&str) -> Option<(char, usize)>,
) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(mark) {
        let (character, length) = read(&rest[start..]).unwrap_or((mark, mark.len_utf8()));
        replaced.push_str(&rest[..start]);
        replaced.push(character);
        rest = &rest[start + length..];
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}
