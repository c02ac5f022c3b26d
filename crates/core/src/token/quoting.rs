//! The ways in which servers quote a text: those of URLs, HTML and JSON, undone, and Base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

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

/// The part of the Base64 that does not depend on what stands before and behind, for each of the three
/// places in a group where the credential can begin.
pub(super) fn in_base64(credential: &str) -> impl Iterator<Item = Zeroizing<String>> {
    (0..3).map(move |before| {
        let length = before + credential.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.resize(before, 0);
        bytes.extend_from_slice(credential.as_bytes());
        let base64 = Zeroizing::new(STANDARD.encode(&bytes));
        // Six bits a character: those with bits of neighbours are left out.
        let (start, end) = ((before * 8).div_ceil(6), length * 8 / 6);
        Zeroizing::new(base64.get(start..end).unwrap_or_default().to_owned())
    })
}

/// As a dump of the request shows it.
pub(super) fn in_hex(credential: &str) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(2 * credential.len()));
    let digits = credential.bytes().flat_map(|byte| [byte >> 4, byte & 0xF]);
    hex.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    hex
}
