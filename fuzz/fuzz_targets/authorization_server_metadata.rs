#![no_main]

mod answer;
mod discovery;
mod text;

use smart_m2m_core::DiscoverySource;

const ISSUERS: [&str; 3] =
    ["https://idp.example.org/tenant", "https://idp.example.org/tenant/", "http://localhost:8080"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let received = answer::parse(bytes);
    for issuer in ISSUERS {
        for source in
            [DiscoverySource::OauthAuthorizationServer, DiscoverySource::OpenidConfiguration]
        {
            // RFC 8414 §3.3: byte for byte, or not at all.
            if let Some(named) = discovery::check(source, issuer, &received) {
                assert_eq!(named, issuer);
            }
        }
    }
});
