#![no_main]

mod keystore;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // What does not begin like a PFX never reaches its reader.
    if bytes.first() == Some(&0x30) {
        keystore::register(bytes);
    }
});
