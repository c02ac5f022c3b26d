#![no_main]

mod answer;
mod text;

use smart_m2m_core::fuzzing::correlation;

const CREDENTIAL: &str = "kX7/w9+Tz4&q2 Rv8=Zy5-uP3";
/// Six headers of a hundred characters, and their names.
const LONGEST: usize = 6 * (100 + 25);
const OWN: [&str; 2] = ["[redacted]", "(not shown: it repeats a credential of the request)"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let echoing: Vec<u8> = bytes
        .iter()
        .flat_map(
            |byte| if *byte == 1 { CREDENTIAL.as_bytes() } else { std::slice::from_ref(byte) },
        )
        .copied()
        .collect();
    let received = answer::parse(&echoing);
    let shown = correlation(&received, CREDENTIAL);
    text::assert_readable(&shown, LONGEST);
    text::assert_withheld(&shown, CREDENTIAL, &OWN);
    assert!(shown.is_empty() || shown.starts_with(" (") && shown.ends_with(')'));
});
