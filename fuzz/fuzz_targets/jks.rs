#![no_main]

mod keystore;

const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
const JCEKS: [u8; 4] = [0xCE, 0xCE, 0xCE, 0xCE];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The first octet chooses: without one of the magic numbers nothing here is reached.
    if let Some((first, rest)) = bytes.split_first() {
        let magic = if *first == JCEKS[0] { JCEKS } else { JKS };
        let rest = rest.strip_prefix(&magic[1..]).unwrap_or(rest);
        keystore::register(&[magic.as_slice(), rest].concat());
    }
});
