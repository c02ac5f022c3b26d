#![no_main]

mod text;

use std::path::Path;

use serde_json::Value;
use smart_m2m_core::{Keystores, SmileDefinitions};

/// There is nothing in it, and nothing is read outside it: see `stays_inside`.
const CLASSPATH: &str = "/nonexistent/classpath";
const LONGEST_PROBLEM: usize = 1000;

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
            assert_eq!(problems.len(), error.problems().len() + 1 );
            for problem in problems {
                text::assert_readable(problem, LONGEST_PROBLEM);
            }
            secrets.iter().for_each(|secret| text::assert_withheld(&message, secret, &[]));
        }
    }
});

/// The machine's own files are no part of the test.
fn stays_inside(json: &str) -> bool {
    !json.contains("..") && !json.contains("\\u") && !json.contains("\":\"/") && !json.contains("\": \"/")
        && !json.contains("file:")
}

/// The private members of the keys.
fn secrets_in(json: &str) -> Vec<String> {
    fn collect(value: &Value, secrets: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text) if matches!(name.as_str(), "d" | "p" | "q" | "dp" | "dq" | "qi" | "k") => {
                            secrets.push(text.clone());
                        }
                        Value::String(text) if name == "jwks" => {
                            if let Ok(value) = serde_json::from_str(text) {
                                collect(&value, secrets);
                            }
                        }
                        _ => collect(value, secrets),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
            _ => {}
        }
    }
    let mut secrets = Vec::new();
    if let Ok(value) = serde_json::from_str(json) {
        collect(&value, &mut secrets);
    }
    secrets.retain(|secret| secret.len() >= 24);
    secrets
}
