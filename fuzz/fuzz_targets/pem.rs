#![no_main]

mod keystore;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keystore::register(bytes));
