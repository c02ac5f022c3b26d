//! A server that echoes a request must not make us print its credentials.
//!
//! Echoes come percent-encoded, escaped for JSON or for HTML, in Base64, split and joined anew;
//! replacing every spelling is a race that is lost. So text that holds a credential, compared by its
//! letters and digits alone, is not shown at all.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::quoting::{in_base64, in_hex, percent_decoded, unescaped, unreferenced};
use super::request::TokenRequest;
use crate::client_auth::ClientAuthentication;
use crate::printable::is_printable;

const WITHHELD: &str = "(not shown: it repeats a credential of the request)";
const TOKEN_WITHHELD: &str = "(not shown: it has a token in it)";
const TOKEN_MEMBERS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// An additional parameter that is shorter is looked for as a whole word: `true` and `api` stand in many texts.
const SHORTEST_PART: usize = 8;
const REDACTED: &str = "[redacted]";
/// Fewer letters and digits appear in any text by chance.
const SHORTEST: usize = 3;
/// As much of a longer credential gives it away as this.
const WINDOW: usize = 12;
/// Enough to understand, too little to fill a log.
const LONGEST_TEXT: usize = 200;
/// Of which that is made.
const LONGEST_LOOK: usize = 4 * LONGEST_TEXT;
/// Of encoding.
const LAYERS: usize = 3;
/// Fewer characters of Base64, or hexadecimal digits, appear in any text by chance.
const SHORTEST_ENCODED: usize = 6;

/// The credentials of one request.
#[derive(Default)]
pub(crate) struct Redaction {
    /// Folded.
    folded: Vec<Zeroizing<String>>,
    /// Of those with hardly a letter or digit, as they are but for what a form makes of spaces.
    bare: Vec<Zeroizing<String>>,
    /// Short values, folded.
    words: Vec<Zeroizing<String>>,
}

impl Redaction {
    pub(super) fn of(request: &TokenRequest) -> Self {
        let mut redaction = Self::default();
        for (_, value) in &*request.additional_parameters {
            redaction.include_value(value.expose());
        }
        match &*request.authentication {
            // Assertions are found by their looks, see `without_jwts`.
            ClientAuthentication::PrivateKeyJwt { .. } | ClientAuthentication::TlsClientAuth => {}
            ClientAuthentication::ClientSecretBasic { secret, encoding } => {
                redaction.include(secret.expose());
                let basic = encoding.credentials(&request.client_id, secret);
                redaction.include_folded(fold(&Zeroizing::new(STANDARD.encode(basic.as_bytes()))));
            }
            ClientAuthentication::ClientSecretPost { secret } => {
                redaction.include(secret.expose());
            }
            ClientAuthentication::ClientSecretJwt(method) => {
                redaction.include(method.secret.expose());
            }
        }
        redaction
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_credential(credential: &str) -> Self {
        let mut redaction = Self::default();
        redaction.include(credential);
        redaction
    }

    /// Of an additional parameter: a password it may be, or a name that everybody knows.
    fn include_value(&mut self, value: &str) {
        let folded = fold(value);
        if (SHORTEST..SHORTEST_PART).contains(&folded.chars().count()) {
            self.words.push(folded);
        } else {
            self.include(value);
        }
    }

    /// One more text that must not be shown.
    fn include(&mut self, credential: &str) {
        let folded = fold(credential);
        if folded.chars().count() < SHORTEST {
            let bare = without_spaces(credential);
            if bare.chars().count() >= SHORTEST {
                self.bare.push(bare);
            }
        }
        self.include_folded(folded);
        let encoded = in_base64(credential).map(|base64| fold(&base64)).chain([in_hex(credential)]);
        self.folded.extend(encoded.filter(|encoded| encoded.len() >= SHORTEST_ENCODED));
    }

    fn include_folded(&mut self, folded: Zeroizing<String>) {
        if folded.chars().count() >= SHORTEST {
            self.folded.push(folded);
        }
    }

    /// The tokens of an answer that is not used. They can be long, and nobody has sent them anywhere that
    /// would return them in Base64.
    pub(super) fn include_tokens(&mut self, members: &Map<String, Value>) {
        members.values().for_each(|value| self.include_nested(value));
        for name in TOKEN_MEMBERS {
            self.include_token(members.get(name).and_then(Value::as_str).unwrap_or_default());
        }
    }

    fn include_nested(&mut self, value: &Value) {
        match value {
            Value::Object(members) => self.include_tokens(members),
            Value::Array(values) => values.iter().for_each(|value| self.include_nested(value)),
            _ => {}
        }
    }

    pub(super) fn include_token(&mut self, token: &str) {
        self.include_folded(fold(token));
    }

    /// The same of a whole body, whose tokens nobody knows where it is no JSON object.
    pub(super) fn clean_body(&self, body: &[u8]) -> String {
        let body = String::from_utf8_lossy(body);
        let body = beginning(&body);
        if brings_token(body) { TOKEN_WITHHELD.to_owned() } else { self.clean(body) }
    }

    /// One line of printable text, short, without credentials.
    pub(crate) fn clean(&self, text: &str) -> String {
        let text = beginning(text);
        if self.is_echoed_in(text) {
            return WITHHELD.to_owned();
        }
        let text = without_jwts(text);
        let words: Vec<_> = text
            .split(|c: char| c.is_whitespace() || !is_printable(c))
            .filter(|word| !word.is_empty())
            .collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// As it stands, and under every order of a few layers: what a server quotes, a proxy quotes again.
    fn is_echoed_in(&self, text: &str) -> bool {
        let mut readings = vec![Cow::Borrowed(text)];
        for _ in 0..LAYERS {
            let decoded: Vec<_> = readings
                .iter()
                .flat_map(|reading| {
                    [percent_decoded(reading), unescaped(reading), unreferenced(reading)]
                })
                .filter(|decoded| !readings.iter().any(|reading| reading == decoded))
                .map(|decoded| Cow::Owned(decoded.into_owned()))
                .collect();
            readings.extend(decoded);
        }
        let all = |form: fn(&str) -> Zeroizing<String>| readings.iter().map(move |text| form(text));
        let mut words =
            readings.iter().flat_map(|reading| reading.split(|c: char| !c.is_alphanumeric()));
        repeat(all(fold), &self.folded)
            || repeat(all(without_spaces), &self.bare)
            || words.any(|word| self.words.contains(&fold(word)))
    }
}

/// Letters and digits, in lower case: what survives every way of quoting.
fn fold(text: &str) -> Zeroizing<String> {
    let folded = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    Zeroizing::new(folded.collect())
}

/// A form writes a space as a plus sign.
fn without_spaces(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && *c != '+').collect())
}

/// True where one of the texts has a stretch that would give a credential away. The texts are short, and a token can be
/// as long as an answer may be: it is gone through once.
fn repeat(
    texts: impl Iterator<Item = Zeroizing<String>>,
    credentials: &[Zeroizing<String>],
) -> bool {
    let texts: Vec<_> = texts.filter(|_| !credentials.is_empty()).collect();
    let sized: Vec<_> = credentials
        .iter()
        .map(|credential| (credential.chars().take(WINDOW).count(), credential))
        .collect();
    (1..=WINDOW).any(|size| {
        let mut wanted = sized.iter().filter(|(its, _)| *its == size).peekable();
        if wanted.peek().is_none() {
            return false;
        }
        let said: HashSet<_> = texts.iter().flat_map(|text| stretches(text, size)).collect();
        wanted.any(|(_, credential)| stretches(credential, size).any(|part| said.contains(part)))
    })
}

/// Every stretch of so many characters; of a shorter text, that.
fn stretches(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(start, _)| start);
    let ends = starts.clone().skip(size).chain([text.len()]);
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

/// As much as is looked at.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(LONGEST_LOOK).map_or(text, |(end, _)| &text[..end])
}

/// In JSON that is broken off or no object, or as a form: a name of a token, and what follows one.
fn brings_token(text: &str) -> bool {
    TOKEN_MEMBERS.iter().flat_map(|name| text.match_indices(name)).any(|(start, name)| {
        let quotes = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\');
        text[start + name.len()..].trim_start_matches(quotes).starts_with([':', '='])
    })
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
        let end = jwt.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.=%".contains(c)));
        rest = end.map_or("", |end| &jwt[end..]);
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::*;

    #[test]
    fn base64_of_a_credential_withholds_the_text_wherever_it_stands_in_it() {
        let redaction = Redaction::of_credential("kX7-secret");
        for echo in ["kX7-secret", "id:kX7-secret", "x:kX7-secret", "xyz:kX7-secret:more"] {
            let base64 = STANDARD.encode(echo);
            assert_eq!(redaction.clean(&format!("got {base64}")), WITHHELD, "{echo}");
        }
        assert_eq!(
            redaction.clean(&STANDARD.encode("another text")),
            STANDARD.encode("another text")
        );
    }

    #[test]
    fn a_dump_of_a_credential_withholds_the_text() {
        let redaction = Redaction::of_credential("kX7-secret");
        for echo in ["6b58372d736563726574", "6B 58 37 2D 73 65 63", "3d6b58372d7365630a"] {
            assert_eq!(redaction.clean(&format!("0000: {echo}")), WITHHELD, "{echo}");
        }
        assert_eq!(redaction.clean("6b58"), "6b58");
    }

    #[test]
    fn a_credential_of_punctuation_withholds_the_text_too() {
        let redaction = Redaction::of_credential("?! #%a");
        for echo in ["?! #%a", "?!+#%a", "%3F%21%20%23%25a", "%3F%21+%23%25a"] {
            assert_eq!(redaction.clean(&format!("bad: {echo}.")), WITHHELD, "{echo}");
        }
        assert_eq!(redaction.clean("really?! #1"), "really?! #1");
    }

    #[test]
    fn what_shows_nothing_or_turns_the_direction_of_text_is_not_kept() {
        let text = "no\u{202E}t wh\u{200B}at \u{FEFF}it\u{2066} seems\u{1B}[2J";
        assert_eq!(Redaction::default().clean(text), "no t wh at it seems [2J");
    }

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
        let none = Redaction::default();
        assert_eq!(none.clean("a\r\n\u{1b}[31mb\u{0}"), "a [31mb");
        assert_eq!(none.clean(&"é".repeat(300)).chars().count(), LONGEST_TEXT + 1);
    }

    #[test]
    fn every_way_of_quoting_a_credential_withholds_the_text() {
        let secret = "kX7\"w\\q/9+Tz & b4 %41=äß";
        let redaction = Redaction::of_credential(secret);
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::to_string(secret).unwrap();
        for echo in [
            secret.to_owned(),
            form.replace('+', "%20"),
            form_urlencoded::byte_serialize(form.as_bytes()).collect(),
            form.to_lowercase(),
            form,
            serde_json::to_string(&json).unwrap(),
            json.replace('ä', "\\u00e4"),
            json,
            "kX7&quot;w\\q/9+Tz &amp; b4 %41=&#228;&#xDF;".to_owned(),
            secret.chars().take(24).collect(),
        ] {
            assert_eq!(redaction.clean(&format!("bad: {echo}, sorry")), WITHHELD, "{echo}");
        }
        assert_eq!(redaction.clean("bad secret"), "bad secret");
    }

    #[test]
    fn a_short_parameter_is_looked_for_as_a_word_and_a_long_one_everywhere() {
        let mut request = TokenRequest::of_client("client", "the-secret", None);
        let value = |text: &str| ("name".to_owned(), crate::secret::Secret::new(text.to_owned()));
        request.additional_parameters = [value("api"), value("4711-secret")].into();
        let redaction = Redaction::of(&request);
        assert_eq!(redaction.clean("no capital letters"), "no capital letters");
        for echo in ["unknown 'API'", "name=%61pi&x", "x4711-secret!", "4711%2Dsecret"] {
            assert_eq!(redaction.clean(echo), WITHHELD, "{echo}");
        }
    }

    #[test]
    fn a_token_is_found_in_nested_members() {
        let mut redaction = Redaction::default();
        let body = serde_json::json!({ "a": { "access_token": "nested-token" }, "b": [[{ "id_token": "listed-token" }]] });
        redaction.include_tokens(body.as_object().unwrap());
        for token in ["nested-token", "listed-token"] {
            assert_eq!(redaction.clean(&format!("it is {token}")), WITHHELD);
        }
    }

    #[test]
    fn a_body_that_brings_a_token_and_is_no_object_is_not_shown() {
        let cleaned = |body: &str| Redaction::default().clean_body(body.as_bytes());
        for body in [
            r#"[{"access_token":"T0KEN"}]"#,
            r#"{"access_token" : "T0KEN"#,
            r#""{\"id_token\":\"T0KEN\"}""#,
            "a=b&refresh_token=T0KEN",
        ] {
            assert_eq!(cleaned(body), TOKEN_WITHHELD, "{body}");
        }
        assert_eq!(cleaned("no access_token for you"), "no access_token for you");
    }

    #[test]
    fn a_token_as_long_as_an_answer_is_looked_for_in_no_time_that_anybody_notices() {
        let mut redaction = Redaction::default();
        let token = (0..200_000).map(|count: u32| count.to_string()).collect::<Vec<_>>().join("-");
        redaction.include_token(&token);
        // Each layer undoes something else, in every order.
        let text = r"%25%32%35&#x26;amp;\\u005cu0025 ".repeat(30);
        for _ in 0..10 {
            assert_ne!(redaction.clean(&text), WITHHELD);
        }
        assert_eq!(redaction.clean(&token[500_000..500_030]), WITHHELD);
    }

    proptest! {
        #[test]
        fn a_credential_never_survives(
            before in "[a-z ]{0,250}", secret in "[A-Za-z0-9+/=%& -]{8,40}", after in "[a-z ]{0,20}",
        ) {
            // Spaces and signs that a form makes of them are no secret.
            prop_assume!(without_spaces(&secret).len() >= SHORTEST);
            let clean = Redaction::of_credential(&secret).clean(&format!("{before}{secret}{after}"));
            prop_assert!(!clean.contains(&secret));
        }

        #[test]
        fn any_text_is_cleaned_without_a_panic(text in "[&\\\\#;xu0-9a-fé%]{0,40}|.{0,40}") {
            let _ = Redaction::of_credential("abc").clean(&text);
        }
    }
}
