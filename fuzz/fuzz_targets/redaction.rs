#![no_main]

mod text;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use smart_m2m_core::fuzzing::clean;

const WITHHELD: &str = "(not shown: it repeats a credential of the request)";
const REDACTED: &str = "[redacted]";
const LONGEST: usize = 201;

// The first line is the credential, the rest what a server says; characters from 1 to 8 stand for the credential in
// the spellings that servers repeat one in.
libfuzzer_sys::fuzz_target!(|input: &str| {
    let (credential, said) = input.split_once('\n').unwrap_or((input, "\u{1}"));
    if credential.chars().count() > 200 {
        return;
    }
    let said = echoed(credential, said);
    let shown = clean(&said, credential);
    text::assert_readable(&shown, LONGEST);
    if shown != WITHHELD {
        text::assert_withheld(without_broken_off(&shown), credential, &[REDACTED]);
    }
    // Without a credential nothing is withheld, and the rest holds all the same.
    let shown = clean(&said, "");
    text::assert_readable(&shown, LONGEST);
    assert!(!shown.contains("eyJ"));
    assert!(shown != WITHHELD || text::folded(&said).contains(&text::folded(WITHHELD)), "{said:?}");
});

/// Without our own word where the text ends within it.
fn without_broken_off(shown: &str) -> &str {
    let Some(text) = shown.strip_suffix('…') else { return shown };
    let beginnings = (1..REDACTED.len()).rev().map(|end| &REDACTED[..end]);
    beginnings.filter_map(|beginning| text.strip_suffix(beginning)).next().unwrap_or(text)
}

fn echoed(credential: &str, said: &str) -> String {
    let mut text = String::with_capacity(said.len());
    for c in said.chars() {
        match c {
            '\u{1}' => text.push_str(credential),
            '\u{2}' => text.push_str(&percent(credential)),
            '\u{3}' => text.push_str(&percent(&percent(credential))),
            '\u{4}' => text.push_str(&STANDARD.encode(credential)),
            '\u{5}' => text.push_str(&URL_SAFE_NO_PAD.encode(credential)),
            '\u{6}' => text.extend(credential.chars().map(|c| format!("\\u{:04x}", u32::from(c)))),
            '\u{7}' => text.extend(credential.chars().map(|c| format!("&#{};", u32::from(c)))),
            '\u{8}' => text.push_str(&credential.to_uppercase()),
            c => text.push(c),
        }
    }
    text
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
