#![no_main]

mod answer;
mod discovery;
mod text;

use smart_m2m_core::DiscoverySource;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let received = answer::parse(bytes);
    for base in ["https://fhir.example.org/r4", "http://localhost:8080/fhir"] {
        let issuer = discovery::check(DiscoverySource::CapabilityStatement, base, &received);
        assert_eq!(issuer, None);
    }
});
