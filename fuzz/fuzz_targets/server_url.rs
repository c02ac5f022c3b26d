#![no_main]

mod text;

use smart_m2m_core::fuzzing::{display, server_url};
use url::{Host, Url};

/// 300 characters, and the marks of what is left out.
const LONGEST: usize = 303;
/// A query value that must not be shown.
const VALUE: &str = "s3cretQueryValue";
/// What is said of a URL that has a password; it can be a word of this.
const OWN: [&str; 3] = [
    "url: user name and password do not belong in a URL; use clientSecret",
    "url: a URL has no white space, control characters or backslashes",
    "url: expected a URL that starts with https://",
];

libfuzzer_sys::fuzz_target!(|input: &str| {
    for allow_http in [false, true] {
        match server_url(input, allow_http) {
            Ok((raw, shown, is_this_machine)) => {
                assert_eq!(raw, input);
                let url = Url::parse(&raw).unwrap();
                assert!(url.scheme() == "https" || allow_http || is_this_machine, "{raw}");
                assert!(url.username().is_empty() && url.password().is_none());
                assert_eq!(is_this_machine, is_near(&url), "{raw}");
                assert_hides(&url, &shown);
            }
            Err(problem) => {
                text::assert_readable(&problem.message, 600);
                // A password in it is no part of the message.
                text::assert_withheld(&problem.message, &password(input), &OWN);
            }
        }
    }
    // What a server redirects to may have everything in it.
    if let Ok(mut url) = Url::parse(input) {
        assert_hides(&url, &display(&url));
        let has_value = url.as_str().contains(VALUE);
        url.set_query(Some(&format!("key={VALUE}")));
        url.set_fragment(Some(VALUE));
        let _ = url.set_password(Some(VALUE));
        let shown = display(&url);
        assert!(!shown.contains(VALUE) || has_value, "{shown}");
        assert_hides(&url, &shown);
    }
});

fn assert_hides(url: &Url, shown: &str) {
    text::assert_readable(shown, LONGEST);
    assert_eq!(shown.contains('?'), url.query().is_some(), "{shown}");
    assert!(!shown.contains('?') || shown.ends_with("?…"), "{shown}");
    assert!(!shown.contains('#'), "{shown}");
    if let Ok(again) = Url::parse(shown.trim_end_matches(['?', '…'])) {
        assert!(again.username().is_empty() && again.password().is_none(), "{shown}");
        // A file's URL loses its host to a drive letter.
        let is_whole = !shown.contains('…') || shown.ends_with("?…") && !shown.ends_with("…?…");
        if is_whole && again.scheme() != "file" {
            assert_eq!(again.host(), url.host(), "{shown}");
        }
    }
}

fn password(input: &str) -> String {
    Url::parse(input).ok().and_then(|url| url.password().map(str::to_owned)).unwrap_or_default()
}

/// Names under `localhost`, 127/8, 0/8, `::1` and `::`; addresses within others are the core's to know.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => matches!(address.octets()[0], 0 | 127),
        Some(Host::Ipv6(_)) => url.host_str().is_some_and(|_| {
            smart_m2m_core::fuzzing::server_url(url.as_str().split('#').next().unwrap_or(""), true)
                .is_ok_and(|(_, _, near)| near)
        }),
        None => false,
    }
}
