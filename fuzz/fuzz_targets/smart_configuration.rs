#![no_main]

mod answer;
mod discovery;
mod text;

use smart_m2m_core::DiscoverySource;
use smart_m2m_core::fuzzing::issuer_of_fhir_server;
use url::Url;

const BASES: [&str; 3] =
    ["https://fhir.example.org/r4", "http://localhost:8080/fhir", "https://10.1.2.3/fhir"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let received = answer::parse(bytes);
    for base in BASES {
        let named = discovery::check(DiscoverySource::SmartConfiguration, base, &received);
        let Some(named) = named else { continue };
        match issuer_of_fhir_server(base, &named) {
            Ok(issuer) => {
                // It becomes `aud`: what is asked about it is what was named.
                assert_eq!(issuer, named);
                let base = Url::parse(base).unwrap();
                discovery::assert_reachable(&base, &issuer);
                assert!(Url::parse(&issuer).unwrap().query().is_none());
            }
            Err(why) => text::assert_readable(&why, 1000),
        }
    }
});
