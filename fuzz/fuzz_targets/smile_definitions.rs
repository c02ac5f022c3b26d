#![no_main]

mod text;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use smart_m2m_core::{Keystores, SmileDefinitions};

/// There is nothing in it, and nothing is read outside it: see `stays_inside`.
const CLASSPATH: &str = "/nonexistent/classpath";
const LONGEST_PROBLEM: usize = 1000;
/// Of the messages, and like enough to what the input is made of.
const SHAPE: &str = r#"{ "keystores": [{ "keystoreId": …, "filePath" or "jwks": … }] }"#;

libfuzzer_sys::fuzz_target!(|json: &str| {
    if !stays_inside(json) {
        return;
    }
    let keystores = Keystores::default();
    let classpath = Some(Path::new(CLASSPATH));
    let secrets = secrets_in(json);
    match (SmileDefinitions { json, classpath }).register(&keystores) {
        Ok(registered) => {
            assert_eq!(registered.len(), keystores.list().len());
            for keystore in registered {
                let name = keystore.name();
                assert!((1..=200).contains(&name.len()));
                assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
                let jwks = keystore.content().public_jwks().to_string();
                assert!(!jwks.contains("\"d\":"));
                secrets.iter().for_each(|secret| text::assert_withheld(&jwks, secret, &[]));
            }
        }
        Err(error) => {
            // All of them, or none.
            assert!(keystores.list().is_empty());
            let message = error.to_string();
            let problems: Vec<_> = message.split("\n- ").collect();
            assert_eq!(problems.len(), error.problems().len() + 1);
            for problem in problems {
                text::assert_readable(problem, LONGEST_PROBLEM);
            }
            secrets.iter().for_each(|secret| text::assert_withheld(&message, secret, &[SHAPE]));
        }
    }
});

/// The machine's own files are no part of the test.
fn stays_inside(json: &str) -> bool {
    let texts = texts_in(json);
    let mut paths = texts.iter().filter(|(name, _)| name == "filePath").map(|(_, path)| path);
    paths.all(|path| {
        let on_classpath = path.strip_prefix("classpath:").map(|path| path.trim_start_matches('/'));
        let path = on_classpath.unwrap_or(path);
        !path.starts_with('/') && !path.contains("..") && !path.contains("file:")
    })
}

/// The private members of the keys, as Base64url has them (RFC 7518 §6). Not those of which a stretch stands in the
/// document a second time: a name or a `kid` may be shown.
fn secrets_in(json: &str) -> Vec<String> {
    let texts = texts_in(json);
    let folded: Vec<_> = texts.iter().map(|(_, text)| text::folded(text)).collect();
    let mut count = HashMap::new();
    for stretch in folded.iter().flat_map(|text| text::stretches(text)) {
        *count.entry(stretch).or_insert(0) += 1;
    }
    let is_alone = |folded: &str| text::stretches(folded).all(|stretch| count[stretch] == 1);
    let is_private = |name: &str| ["d", "p", "q", "dp", "dq", "qi", "k"].contains(&name);
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_secret = |(name, text): &(String, String), folded: &str| {
        let is_key = is_private(name) && text.chars().all(is_base64url);
        is_key && folded.len() >= 24 && is_alone(folded)
    };
    texts
        .iter()
        .zip(&folded)
        .filter(|(text, folded)| is_secret(text, folded))
        .map(|((_, text), _)| text.clone())
        .collect()
}

/// Every text with the name of the member that it is, also in a text that is JSON itself; and every name.
fn texts_in(json: &str) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        collect("", value, &mut texts);
    }
    texts
}

fn collect(name: &str, value: Value, texts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(&name, value, texts);
                texts.push((String::new(), name));
            }
        }
        Value::Array(values) => values.into_iter().for_each(|value| collect(name, value, texts)),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(value) if name == "jwks" => collect(name, value, texts),
            _ => texts.push((name.to_owned(), text)),
        },
        _ => {}
    }
}
