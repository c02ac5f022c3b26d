#![no_main]

mod answer;
mod text;

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use smart_m2m_core::fuzzing::{
    CLIENT_SECRET, PARAMETER, Read, basic_credentials, read_token_answer,
};
use smart_m2m_core::{ClientAuthMethod, Error, ErrorCode, Now};

/// An assertion as it is sent; a server that repeats it starts with its first character.
const ASSERTION: &str =
    "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjbGllbnQiLCJqdGkiOiI0NzExIn0.MEUCIQDxk2vZ9wq";
const LONGEST_MESSAGE: usize = 3000;
const LONGEST_MEMBER: usize = 201;
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Of our own messages.
const OWN: [&str; 2] = ["[redacted]", "(not shown: it repeats a credential of the request)"];

/// What a server repeats of the request; a seed names it by one character.
static ECHOES: LazyLock<[(u8, String); 5]> = LazyLock::new(|| {
    [
        (1, CLIENT_SECRET.to_owned()),
        (2, percent_encoded(CLIENT_SECRET)),
        (3, basic_credentials()),
        (4, ASSERTION.to_owned()),
        (5, PARAMETER.to_owned()),
    ]
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let bytes = with_echoes(bytes);
    let received = answer::parse(&bytes);
    let tokens = tokens_in(received.body);
    for Read { method, outcome, shown } in read_token_answer(&received) {
        text::assert_readable(&shown.body, LONGEST_MEMBER);
        assert_silent(method, &shown.body, &tokens);
        for (_, value) in &shown.headers {
            text::assert_readable(value, LONGEST_MEMBER);
            assert_silent(method, value, &tokens);
        }
        match outcome {
            Ok(token) => {
                assert!((200..300).contains(&received.status));
                assert!(token.access_token().bytes().all(|byte| byte.is_ascii_graphic()));
                assert_eq!(token.header(), format!("Bearer {}", token.access_token()));
                let left = token.expires_at().map(|end| Now::read().until(end));
                assert!(left.is_some_and(|left| left <= LONGEST_LIFETIME));
                let extra = token.extra();
                assert!(extra.is_none_or(|extra| !extra.contains_key("refresh_token")));
                assert!(
                    token.access_token().len() < 12
                        || !format!("{token:?}").contains(token.access_token())
                );
            }
            Err(error) => {
                assert_ne!(error.code(), ErrorCode::Internal);
                assert_eq!(error.status(), Some(received.status));
                assert!(error.retry_after().is_none_or(|wait| wait <= LONGEST_LIFETIME));
                assert_told(method, &error, &tokens);
            }
        }
    }
});

fn assert_told(method: ClientAuthMethod, error: &Error, tokens: &[String]) {
    let mut texts = vec![error.to_string()];
    text::assert_readable(&texts[0], LONGEST_MESSAGE);
    if let Some(oauth) = error.oauth() {
        let members = [Some(&oauth.error), oauth.description.as_ref(), oauth.uri.as_ref()];
        for member in members.into_iter().flatten() {
            text::assert_readable(member, LONGEST_MEMBER);
            texts.push(member.clone());
        }
    }
    for told in &texts {
        assert_silent(method, told, tokens);
    }
}

/// Neither what was sent nor what came.
fn assert_silent(method: ClientAuthMethod, told: &str, tokens: &[String]) {
    text::assert_withheld(told, PARAMETER, &OWN);
    if method != ClientAuthMethod::PrivateKeyJwt {
        text::assert_withheld(told, CLIENT_SECRET, &OWN);
    }
    if method == ClientAuthMethod::ClientSecretBasic {
        text::assert_withheld(told, &basic_credentials(), &OWN);
    }
    assert!(!told.contains("eyJ"), "{told:?}");
    for token in tokens {
        text::assert_withheld(told, token, &OWN);
    }
}

/// Every token that a JSON body brings. Those of which our own words could be a part prove nothing: each twelve
/// characters have a digit.
fn tokens_in(body: &[u8]) -> Vec<String> {
    fn collect(value: &Value, tokens: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let is_token =
                        matches!(name.as_str(), "access_token" | "refresh_token" | "id_token");
                    match value {
                        Value::String(token) if is_token => tokens.push(token.clone()),
                        _ => collect(value, tokens),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, tokens)),
            _ => {}
        }
    }
    let mut tokens = Vec::new();
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if let Ok(value) = serde_json::from_slice(body) {
        collect(&value, &mut tokens);
    }
    tokens.retain(|token| {
        let characters: Vec<char> = token.chars().filter(|c| c.is_alphanumeric()).collect();
        let has_digit = |window: &[char]| window.iter().any(char::is_ascii_digit);
        characters.len() >= 12 && characters.windows(12).all(has_digit)
    });
    tokens
}

fn with_echoes(bytes: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match ECHOES.iter().find(|(mark, _)| mark == byte) {
            Some((_, echo)) => written.extend_from_slice(echo.as_bytes()),
            None => written.push(*byte),
        }
    }
    written
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
