//! HTTP Basic with a client secret (RFC 6749 §2.3.1; requirements OA-4).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::BasicEncoding;
use crate::error::Error;
use crate::secret::Secret;

impl BasicEncoding {
    /// `id:secret`, as it goes into Base64.
    pub(crate) fn credentials(self, client_id: &str, secret: &Secret) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Rfc6749 => {
                let (id, secret) = (percent_encode(client_id), percent_encode(secret.expose()));
                format!("{}:{}", *id, *secret)
            }
            Self::Raw => format!("{client_id}:{}", secret.expose()),
        })
    }
}

/// The `Authorization` header; marked sensitive, so that no debug output of HTTP shows it.
pub(super) fn basic(
    client_id: &str,
    secret: &Secret,
    encoding: BasicEncoding,
) -> Result<HeaderValue, Error> {
    let credentials = encoding.credentials(client_id, secret);
    // Room enough from the start: a string that grows leaves its old self behind.
    let mut value = Zeroizing::new(String::with_capacity(8 + credentials.len() / 3 * 4 + 4));
    value.push_str("Basic ");
    STANDARD.encode_string(credentials.as_bytes(), &mut value);
    let mut header = HeaderValue::from_str(&value)
        .map_err(|_| Error::Internal { reason: "Base64 made no header value".to_owned() })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Everything outside RFC 3986's unreserved characters. A space is `%20`, which servers of both
/// kinds read; a `+` only those that decode forms.
fn percent_encode(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(id: &str, secret: &str, encoding: BasicEncoding) -> String {
        let header = basic(id, &Secret::new(secret.to_owned()), encoding).unwrap();
        assert!(header.is_sensitive());
        header.to_str().unwrap().to_owned()
    }

    #[test]
    fn ordinary_credentials_look_the_same_in_both_encodings() {
        for encoding in [BasicEncoding::Rfc6749, BasicEncoding::Raw] {
            assert_eq!(
                header("my-app", "my-app-secret-123", encoding),
                "Basic bXktYXBwOm15LWFwcC1zZWNyZXQtMTIz"
            );
            assert_eq!(
                header("s6BhdRkqt3", "gX1fBat3bV", encoding),
                "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
            );
        }
    }

    #[test]
    fn special_characters_are_percent_encoded_with_a_space_as_percent_20() {
        let decoded = |header: &str| {
            let base64 = header.strip_prefix("Basic ").unwrap();
            String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
        };
        let encoded = header(
            "1PpG/Q 1",
            "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
            BasicEncoding::Rfc6749,
        );
        assert_eq!(
            decoded(&encoded),
            "1PpG%2FQ%201:z%2FtZ9VwFZqApmIQ%2BZH1I5pLk%2FuB4ud%3AX2%2F8bL%2BwfFTt1rFw%3D"
        );
        // The RFC's letter, which form decoders read the same way (V5).
        let letter = "MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==";
        assert_eq!(decoded(&encoded), decoded(&format!("Basic {letter}")).replace('+', "%20"));
        assert_eq!(decoded(&header("a b", "c:d", BasicEncoding::Raw)), "a b:c:d");
    }

    proptest! {
        #[test]
        fn a_server_that_decodes_reads_what_was_meant(id in ".{1,30}", secret in ".{1,30}") {
            let header = header(&id, &secret, BasicEncoding::Rfc6749);
            let decoded = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
            let pair = format!("id={}", String::from_utf8(decoded).unwrap().replacen(':', "&secret=", 1));
            let read: Vec<_> = url::form_urlencoded::parse(pair.as_bytes()).into_owned().collect();
            prop_assert_eq!(read, vec![("id".to_owned(), id), ("secret".to_owned(), secret)]);
        }
    }
}
