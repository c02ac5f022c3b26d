//! Text as Windows editors save it.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

use zeroize::Zeroizing;

/// UTF-16 with a byte order mark, as UTF-8 without one; `None` for everything else.
pub(super) fn from_utf16(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let (units, _) = rest.as_chunks::<2>();
    // A unit takes at most three octets of UTF-8: the text never moves as it grows.
    let mut text = Zeroizing::new(String::with_capacity(3 * units.len()));
    for character in decode_utf16(units.iter().copied().map(unit)) {
        text.push(character.unwrap_or(REPLACEMENT_CHARACTER));
    }
    Some(text)
}

/// Without the mark that some editors put in front of UTF-8.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_of_utf_16_are_read_and_other_text_is_left_alone() {
        assert_eq!(*from_utf16(&[0xFF, 0xFE, b'{', 0, 0xAC, 0x20]).unwrap(), "{€");
        assert_eq!(*from_utf16(&[0xFE, 0xFF, 0, b'{', 0x20, 0xAC, 0]).unwrap(), "{€");
        assert_eq!(*from_utf16(&[0xFF, 0xFE, 0, 0xD8]).unwrap(), "\u{FFFD}");
        assert!(from_utf16("{€".as_bytes()).is_none());
        assert_eq!(without_mark("\u{feff}{".as_bytes()), b"{");
    }
}
