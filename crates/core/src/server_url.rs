//! URLs of servers: kept byte for byte as they were given, parsed for I/O only (requirements SD-10).

use std::sync::Arc;

use url::{Host, Url};

use crate::error::{ErrorCode, Problem};

/// An `http(s)` URL without user information and fragment. Clones share one text.
#[derive(Clone, Debug)]
pub(crate) struct ServerUrl(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    raw: Box<str>,
    url: Url,
}

impl PartialEq for ServerUrl {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl ServerUrl {
    /// Parses an absolute URL; `what` names it in the message.
    pub(crate) fn parse(what: &str, raw: &str) -> Result<Self, Problem> {
        let refuse = |why: &str| Err(Problem::config(format!("{what}: {why}")));
        if !is_plain(raw) {
            return refuse("a URL has no white space, control characters or backslashes");
        }
        let Ok(url) = Url::parse(raw) else {
            return refuse("expected an absolute URL such as https://fhir.example.org/r4");
        };
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return refuse("expected a URL that starts with https://");
        }
        // RFC 6749 §2.3.1: no credentials in the request URI.
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("user name and password do not belong in a URL; use clientSecret");
        }
        if url.fragment().is_some() {
            return refuse("a URL of a server has no fragment (#…)");
        }
        Ok(Self(Arc::new(Parsed { raw: raw.into(), url })))
    }

    /// The same, and `https:` unless the host is this machine or the caller allows clear text (BP-2).
    pub(crate) fn parse_secure(what: &str, raw: &str, allow_http: bool) -> Result<Self, Problem> {
        let parsed = Self::parse(what, raw)?;
        if parsed.is_secure_enough(allow_http) {
            return Ok(parsed);
        }
        Err(Problem::new(
            ErrorCode::InsecureUrl,
            format!(
                "{what}: {} is not https, and credentials would travel in clear text; \
                 use https, or set allowInsecureHttp for a test",
                parsed.display()
            ),
        ))
    }

    /// TLS, or an address that never leaves this machine, or the user's word.
    fn is_secure_enough(&self, allow_http: bool) -> bool {
        self.is_https() || allow_http || self.is_loopback()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url().scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.url())
    }

    pub(crate) fn raw(&self) -> &str {
        &self.0.raw
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }

    /// For messages: without the query, whose values can be secrets.
    pub(crate) fn display(&self) -> String {
        display(self.url())
    }
}

/// False where the parser would silently drop a character or, as with a backslash, read a slash that others
/// take for a part of the host: what is sent must be what was meant.
pub(crate) fn is_plain(raw: &str) -> bool {
    !raw.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace())
}

/// True for an address that never leaves this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A URL for messages: no user information, no query values.
pub(crate) fn display(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail for URLs that cannot have user information: then there is none to hide.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    let had_query = url.query().is_some();
    shown.set_query(None);
    shown.set_fragment(None);
    let shown = shortened(shown.into());
    if had_query { format!("{shown}?…") } else { shown }
}

/// What a server has named, for a message: it can be as long as its document may be.
pub(crate) fn shortened(mut text: String) -> String {
    const LONGEST: usize = 300;
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A base with and without a trailing slash is one server (SD-1).
pub(crate) fn without_trailing_slashes(url: &str) -> &str {
    url.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_given_string_survives_byte_for_byte() {
        for raw in [
            "HTTPS://Host:443/x",
            "https://h/a/../b",
            "https://h/x%2fy",
            "https://h/t?a=b&c",
            "https://h",
        ] {
            assert_eq!(ServerUrl::parse("url", raw).unwrap().raw(), raw);
        }
    }

    #[test]
    fn http_is_refused_off_the_loopback_interface_unless_allowed() {
        let parse = |raw, allow| ServerUrl::parse_secure("url", raw, allow).map_err(|p| p.code);
        assert_eq!(parse("http://fhir.example.org", false).unwrap_err(), ErrorCode::InsecureUrl);
        assert_eq!(parse("http://10.0.0.1", false).unwrap_err(), ErrorCode::InsecureUrl);
        assert_eq!(parse("http://localhost.evil.org", false).unwrap_err(), ErrorCode::InsecureUrl);
        assert!(parse("http://fhir.example.org", true).is_ok());
        for loopback in
            ["http://localhost:1", "http://127.0.0.9", "http://[::1]:80", "http://a.localhost"]
        {
            assert!(parse(loopback, false).is_ok(), "{loopback}");
        }
    }

    #[test]
    fn credentials_fragments_and_other_schemes_are_refused() {
        for raw in [
            "https://u:p@h/",
            "https://h/#x",
            "ftp://h/",
            "h/x",
            "",
            "https://h/a b",
            "file:///x",
            r"https://h\@evil/",
            r"https:\\h/",
        ] {
            let problem = ServerUrl::parse("fhirBaseUrl", raw).unwrap_err();
            assert_eq!(problem.code, ErrorCode::InvalidConfig);
            assert!(!problem.message.contains("u:p"));
        }
    }

    #[test]
    fn a_shown_url_is_short_enough_for_a_message() {
        let url = Url::parse(&format!("https://h/{}?q", "x".repeat(5000))).unwrap();
        assert_eq!(display(&url).chars().count(), 300 + "…?…".chars().count());
    }

    #[test]
    fn a_shown_url_has_no_query_values() {
        let url = ServerUrl::parse("url", "https://h/t?key=s3cret").unwrap();
        assert_eq!(url.display(), "https://h/t?…");
    }
}
