//! A server that echoes a request must not make us print its credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::request::TokenRequest;
use crate::client_auth::ClientAuthentication;

const REDACTED: &str = "[redacted]";
/// Shorter values appear in any text by chance.
const SHORTEST: usize = 3;
/// Enough to understand, too little to fill a log.
const LONGEST_TEXT: usize = 200;

/// Every spelling under which a credential of one request could come back.
pub(super) struct Redaction(Vec<Zeroizing<String>>);

impl Redaction {
    pub(super) fn of(request: &TokenRequest) -> Self {
        let mut needles = Vec::new();
        match &request.authentication {
            // Assertions are found by their looks, see `without_jwts`.
            ClientAuthentication::PrivateKeyJwt { .. } => {}
            ClientAuthentication::ClientSecretBasic { secret, .. }
            | ClientAuthentication::ClientSecretPost { secret } => {
                add_spellings(&mut needles, secret.expose());
                let id = &request.client_id;
                for secret in [secret.expose(), &percent_encoded(secret.expose())] {
                    for id in [id.as_str(), &percent_encoded(id)] {
                        let credentials = Zeroizing::new(format!("{id}:{secret}"));
                        needles.push(Zeroizing::new(STANDARD.encode(credentials.as_bytes())));
                    }
                }
            }
        }
        for (_, value) in &request.additional_parameters {
            add_spellings(&mut needles, value.expose());
        }
        needles.retain(|needle| needle.len() >= SHORTEST);
        // The longest first: a shorter one inside it would leave its ends standing.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        Self(needles)
    }

    /// One line of printable text, short, without credentials.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for needle in &self.0 {
            if text.contains(needle.as_str()) {
                text = text.replace(needle.as_str(), REDACTED);
            }
        }
        let text = without_jwts(&text);
        let words: Vec<_> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

fn add_spellings(needles: &mut Vec<Zeroizing<String>>, value: &str) {
    needles.push(Zeroizing::new(value.to_owned()));
    needles.push(Zeroizing::new(percent_encoded(value)));
    needles.push(Zeroizing::new(form_urlencoded::byte_serialize(value.as_bytes()).collect()));
}

/// RFC 3986: a form's encoding with `%20` for the space.
fn percent_encoded(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Every JWS in compact form starts with `eyJ`, the Base64 of `{"`.
fn without_jwts(text: &str) -> String {
    const START: &str = "eyJ";
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        clean.push_str(&rest[..start]);
        clean.push_str(REDACTED);
        let jwt = &rest[start..];
        let end = jwt.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.=".contains(c)));
        rest = end.map_or("", |end| &jwt[end..]);
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_jwt_disappears_whole() {
        assert_eq!(
            without_jwts("bad assertion eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJ4In0.c2ln-_, sorry"),
            "bad assertion [redacted], sorry"
        );
        assert_eq!(without_jwts("eyJ"), "[redacted]");
    }

    #[test]
    fn text_becomes_one_short_line() {
        let none = Redaction(Vec::new());
        assert_eq!(none.clean("a\r\n\u{1b}[31mb\u{0}"), "a [31mb");
        assert_eq!(none.clean(&"é".repeat(300)).chars().count(), LONGEST_TEXT + 1);
    }

    proptest! {
        #[test]
        fn a_credential_never_survives(before in "[a-z ]{0,250}", secret in "[A-Za-z0-9+/=%& -]{8,40}", after in "[a-z ]{0,20}") {
            let mut needles = Vec::new();
            add_spellings(&mut needles, &secret);
            let clean = Redaction(needles).clean(&format!("{before}{secret}{after}"));
            prop_assert!(!clean.contains(&secret));
        }
    }
}
