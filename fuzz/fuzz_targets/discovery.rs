//! What has to hold of every discovery document, whatever its kind.

use std::time::Duration;

use smart_m2m_core::fuzzing::{Discovered, Received, discover};
use smart_m2m_core::{DiscoverySource, ErrorCode};
use url::{Host, Url};

use crate::text;

const LONGEST_MESSAGE: usize = 4000;
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Reads it for a client that starts from `start`. Returns the issuer that it names, where it is of use.
pub(crate) fn check(
    source: DiscoverySource,
    start: &str,
    received: &Received<'_>,
) -> Option<String> {
    let base = Url::parse(start).unwrap();
    let mut named = None;
    for shows_certificate in [false, true] {
        match discover(source, start, shows_certificate, received) {
            Ok(Discovered::Elsewhere(url)) => {
                assert_eq!(Url::parse(&url).unwrap().origin(), base.origin());
            }
            Ok(Discovered::Server { token_endpoint, issuer, warnings, fresh_for }) => {
                assert_eq!(received.status, 200);
                assert_reachable(&base, &token_endpoint);
                assert!(fresh_for <= A_DAY);
                for warning in warnings {
                    text::assert_readable(&warning.message, LONGEST_MESSAGE);
                }
                named = issuer;
            }
            Err(error) => {
                assert_ne!(error.code(), ErrorCode::Internal);
                assert!(error.retry_after().is_none_or(|wait| wait <= A_DAY));
                text::assert_readable(&error.to_string(), LONGEST_MESSAGE);
            }
        }
    }
    named
}

/// By TLS, or on the machine where the server that names it is; never nearer than that server; never with a user name.
pub(crate) fn assert_reachable(base: &Url, raw: &str) {
    let url = Url::parse(raw).unwrap();
    assert!(url.scheme() == "https" || is_loopback(&url) && is_loopback(base), "{raw}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(distance(&url) >= distance(base), "{raw} for {base}");
    assert!(!raw.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\'), "{raw:?}");
}

fn is_loopback(url: &Url) -> bool {
    distance(url) == 0
}

/// Told here once more, in fewer words than the core has: what it lets pass must pass here.
fn distance(url: &Url) -> u8 {
    match url.host() {
        Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => 0,
        Some(Host::Ipv4(address)) if address.is_loopback() || address.is_unspecified() => 0,
        Some(Host::Ipv6(address)) if address.is_loopback() || address.is_unspecified() => 0,
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) if address.is_loopback() => 0,
            Some(address) if address.is_link_local() => 1,
            Some(address) if address.is_private() => 2,
            _ if address.is_unicast_link_local() => 1,
            _ if address.is_unique_local() => 2,
            _ => 3,
        },
        Some(Host::Ipv4(address)) if address.is_link_local() => 1,
        Some(Host::Ipv4(address)) if address.is_private() => 2,
        _ => 3,
    }
}
