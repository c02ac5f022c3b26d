//! A passphrase as the key derivations take it.

use zeroize::Zeroizing;

/// Octets for RFC 8018, a `BMPString` for RFC 7292 (KF-6).
pub(in crate::keys) struct Password {
    pub(super) octets: Zeroizing<Vec<u8>>,
    /// UTF-16, big-endian, with two zero octets at its end (RFC 7292 appendix B.1).
    pub(super) bmp_string: Zeroizing<Vec<u8>>,
}

impl Password {
    /// Outside the BMP as OpenSSL and Java have it: with surrogates.
    fn of_text(text: &str) -> Self {
        Self::new(text, text.encode_utf16())
    }

    /// No password at all, which PKCS#12 tells from an empty one.
    fn none() -> Self {
        Self { octets: Zeroizing::default(), bmp_string: Zeroizing::default() }
    }

    /// OpenSSL before 1.1.0 took every octet for a character.
    fn of_octets_as_characters(text: &str) -> Self {
        Self::new(text, text.bytes().map(u16::from))
    }

    fn new(text: &str, units: impl Iterator<Item = u16>) -> Self {
        // At the size that it gets: a vector that grows leaves what it held behind.
        let mut bmp_string = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        units.for_each(|unit| bmp_string.extend_from_slice(&unit.to_be_bytes()));
        bmp_string.extend_from_slice(&[0, 0]);
        Self { octets: Zeroizing::new(text.as_bytes().to_vec()), bmp_string }
    }

    /// What writers may have made of a passphrase, the likeliest first; of none too.
    pub(in crate::keys) fn readings(text: Option<&str>) -> Vec<Self> {
        match text {
            None | Some("") => vec![Self::none(), Self::of_text("")],
            Some(text) if text.is_ascii() => vec![Self::of_text(text)],
            Some(text) => vec![Self::of_text(text), Self::of_octets_as_characters(text)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bmp_string_ends_with_two_zero_octets_and_has_surrogates() {
        // RFC 7292 appendix B.1.
        let beavis = [0, 0x42, 0, 0x65, 0, 0x61, 0, 0x76, 0, 0x69, 0, 0x73, 0, 0];
        assert_eq!(Password::of_text("Beavis").bmp_string.as_slice(), beavis);
        let emoji = [0xD8, 0x3D, 0xDE, 0x00, 0, 0];
        assert_eq!(Password::of_text("😀").bmp_string.as_slice(), emoji);
    }
}
