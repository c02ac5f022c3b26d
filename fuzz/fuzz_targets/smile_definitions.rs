#![no_main]

mod text;

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
    let mut paths = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        collect(&value, &["filePath"], &mut paths);
    }
    paths.iter().all(|path| {
        let on_classpath = path.strip_prefix("classpath:").map(|path| path.trim_start_matches('/'));
        let path = on_classpath.unwrap_or(path);
        !path.starts_with('/') && !path.contains("..") && !path.contains("file:")
    })
}

/// The private members of the keys; not those that stand in the document a second time, in a name or a `kid`.
fn secrets_in(json: &str) -> Vec<String> {
    let mut secrets = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        collect(&value, &["d", "p", "q", "dp", "dq", "qi", "k"], &mut secrets);
    }
    let is_alone = |part: &[u8]| {
        let part = std::str::from_utf8(part).unwrap_or_default();
        json.matches(part).count() == 1
    };
    secrets.retain(|secret| secret.is_ascii() && secret.len() >= 24);
    secrets.retain(|secret| secret.as_bytes().windows(12).step_by(6).all(is_alone));
    secrets
}

/// The texts under these names, also in a text that is JSON itself.
fn collect(value: &Value, names: &[&str], texts: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if names.contains(&name.as_str()) => {
                        texts.push(text.clone());
                    }
                    Value::String(text) if name == "jwks" => {
                        if let Ok(value) = serde_json::from_str(text) {
                            collect(&value, names, texts);
                        }
                    }
                    _ => collect(value, names, texts),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, names, texts)),
        _ => {}
    }
}
