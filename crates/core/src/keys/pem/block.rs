//! PEM text cut into its blocks (RFC 7468, RFC 1421), tolerant of what editors, shells and copying
//! make of it (KF-2).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END";
const DASHES: &str = "-----";
const LONGEST_LABEL: usize = 64;

/// Copying loses padding more often than anything else.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What stands between two boundaries.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    /// `DEK-Info` (RFC 1421 §4.6.1.3): the content is encrypted; empty where only `Proc-Type` says so.
    pub(super) encryption: Option<&'a str>,
    pub(super) content: Result<Zeroizing<Vec<u8>>, Damage>,
}

/// Why a block has no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    CutShort,
    NotBase64,
}

impl Damage {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CutShort => "it is cut short: -----BEGIN … without its -----END …",
            Self::NotBase64 => "there is something other than base64 in it",
        }
    }
}

/// True where there is a block, or the beginning of one.
pub(in crate::keys) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// Only ASCII, with line breaks where an environment variable or a JSON string has `\n`.
pub(super) fn plain(text: &[u8]) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\r' => '\n',
            b'\\' => {
                // `\\n`: escaped once more on its way.
                while bytes.next_if_eq(&b'\\').is_some() {}
                bytes.next_if(|next| matches!(next, b'n' | b'r'));
                '\n'
            }
            byte if byte.is_ascii() => char::from(byte),
            // Of the text around the blocks: names may be of any encoding.
            _ => '?',
        });
    }
    plain
}

/// The blocks in their order; `text` is `plain`. The end's label does not matter (RFC 7468 §2).
pub(super) fn scan(text: &str) -> impl Iterator<Item = Block<'_>> {
    text.split(BEGIN).skip(1).filter_map(|section| {
        let (label, body) = section.split_once(DASHES)?;
        let is_label = |c: char| c.is_ascii_graphic() || c == ' ';
        if label.len() > LONGEST_LABEL || !label.chars().all(is_label) {
            return None;
        }
        let (body, is_complete) = match body.split_once(END) {
            Some((body, _)) => (body, true),
            None => (body, false),
        };
        let (encryption, base64) = headers(body);
        let content = if is_complete { decode(base64) } else { Err(Damage::CutShort) };
        Some(Block { label: label.trim(), encryption, content })
    })
}

/// Two are in use.
const MOST_HEADERS: usize = 16;

/// Takes the headers off (RFC 1421 §4.4). They are told from base64 by their colon, because the
/// empty line that ends them is lost where the text is in one line.
fn headers(body: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let mut encryption = None;
    let mut rest = body.trim_start();
    for _ in 0..MOST_HEADERS {
        let Some((name, value)) = rest.split_once(':').filter(|(name, _)| is_name(name)) else {
            break;
        };
        let value = value.trim_start_matches([' ', '\t']);
        let is_one_word = matches!(name, "DEK-Info" | "Proc-Type");
        let end = |c: char| if is_one_word { c.is_whitespace() } else { c == '\n' };
        let (word, after) = value.split_once(end).unwrap_or((value, ""));
        match name {
            "DEK-Info" => encryption = Some(word),
            "Proc-Type" if word.contains("ENCRYPTED") => encryption = encryption.or(Some("")),
            _ => {}
        }
        rest = after.trim_start();
    }
    (encryption, rest)
}

fn decode(base64: &str) -> Result<Zeroizing<Vec<u8>>, Damage> {
    let mut digits = Zeroizing::new(Vec::with_capacity(base64.len()));
    digits.extend(base64.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    from_base64(&digits).ok_or(Damage::NotBase64)
}

/// Without white space; into a buffer that never moves.
pub(in crate::keys) fn from_base64(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(vec![0; base64::decoded_len_estimate(digits.len())]);
    let length = TOLERANT.decode_slice(digits, &mut content).ok()?;
    content.truncate(length);
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> (String, Option<String>, Result<Vec<u8>, Damage>) {
        let text = plain(text.as_bytes());
        let mut blocks: Vec<_> = scan(&text).collect();
        assert_eq!(blocks.len(), 1, "{}", *text);
        let Block { label, encryption, content } = blocks.remove(0);
        (label.to_owned(), encryption.map(str::to_owned), content.map(|content| content.to_vec()))
    }

    #[test]
    fn a_block_is_read_whatever_became_of_its_lines() {
        for text in [
            "-----BEGIN X Y-----\nAAEC\nAwQF\n-----END X Y-----\n",
            "-----BEGIN X Y-----\r\nAAEC\r\nAwQF\r\n-----END X Y-----",
            "-----BEGIN X Y-----\rAAEC\rAwQF\r-----END X Y-----\r",
            "-----BEGIN X Y-----\\nAAEC\\nAwQF\\n-----END X Y-----\\n",
            "\"-----BEGIN X Y-----\\\\r\\\\nAAEC\\\\nAwQF\\\\n-----END X Y-----\\\\n\"",
            "-----BEGIN X Y----- AAEC AwQF -----END X Y-----",
            "-----BEGIN X Y-----AAECAwQF-----END X Y-----",
            "  -----BEGIN X Y-----\n  AAEC\n\tAwQF\n\n  -----END X Y-----",
            "Bag Attributes\n  n\u{e4}me: x\n-----BEGIN X Y-----\nAAEC\nAwQF\n-----END Z-----\nmore",
            "-----BEGIN X Y-----\nComment: of many words\nX-Empty:\n\nAAEC\nAwQF\n-----END X Y-----",
        ] {
            assert_eq!(only(text), ("X Y".to_owned(), None, Ok(vec![0, 1, 2, 3, 4, 5])), "{text}");
        }
    }

    #[test]
    fn headers_are_found_on_their_lines_and_in_one_line() {
        for text in [
            "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: C,00FF\n\nAAEC\n-----END K-----",
            "-----BEGIN K-----\n Proc-Type:4,ENCRYPTED\n DEK-Info:C,00FF\n AAEC\n-----END K-----",
            "-----BEGIN K----- Proc-Type: 4,ENCRYPTED DEK-Info: C,00FF AAEC -----END K-----",
        ] {
            assert_eq!(only(text).1.as_deref(), Some("C,00FF"), "{text}");
            assert_eq!(only(text).2, Ok(vec![0, 1, 2]), "{text}");
        }
        let without_cipher = "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END K-----";
        assert_eq!(only(without_cipher).1.as_deref(), Some(""));
        let clear = "-----BEGIN K-----\nProc-Type: 4,MIC-CLEAR\n\nAAEC\n-----END K-----";
        assert_eq!(only(clear).1, None);
    }

    #[test]
    fn a_damaged_block_does_not_take_the_next_one_with_it() {
        let text = plain(
            b"-----BEGIN A-----\nAAEC\n-----BEGIN B-----\nA*EC\n-----END B-----\n-----BEGIN C-----\nAAEC\n-----END C-----",
        );
        let found: Vec<_> = scan(&text).map(|block| (block.label, block.content.err())).collect();
        assert_eq!(
            found,
            [("A", Some(Damage::CutShort)), ("B", Some(Damage::NotBase64)), ("C", None)]
        );
    }

    #[test]
    fn a_text_of_nothing_but_beginnings_takes_no_time() {
        let text = "-----BEGIN A-----".repeat(60_000);
        assert_eq!(scan(&plain(text.as_bytes())).count(), 60_000);
    }
}
