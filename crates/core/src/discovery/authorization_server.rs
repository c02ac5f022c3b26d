//! Metadata of an authorization server: RFC 8414, and OpenID Connect Discovery 1.0.

use serde_json::Value;
use url::Url;

use super::without_trailing_slashes;
use crate::error::{Error, Problem};
use crate::printable::printable;
use crate::server_url::{ServerUrl, display};

/// In a message.
const LONGEST_ISSUER: usize = 200;

/// RFC 8414 §3.1 inserts between host and path.
pub(super) fn oauth_urls(issuer: &ServerUrl) -> Result<Vec<Url>, Error> {
    const RFC_8414: &str = "/.well-known/oauth-authorization-server";
    let (host, path) = host_and_path(issuer);
    parsed(&[format!("{host}{RFC_8414}{path}")])
}

/// OpenID Connect Discovery §4 appends; RFC 8414 §5 knows of servers that insert. In this order (MD-2).
pub(super) fn openid_urls(issuer: &ServerUrl) -> Result<Vec<Url>, Error> {
    const OPENID: &str = "/.well-known/openid-configuration";
    let (host, path) = host_and_path(issuer);
    let appended = format!("{host}{path}{OPENID}");
    if path.is_empty() {
        return parsed(&[appended]);
    }
    parsed(&[appended, format!("{host}{OPENID}{path}")])
}

fn host_and_path(issuer: &ServerUrl) -> (&str, &str) {
    let issuer = without_trailing_slashes(issuer.raw());
    let path = issuer
        .find("://")
        .and_then(|scheme| issuer[scheme + 3..].find('/').map(|slash| scheme + 3 + slash));
    issuer.split_at(path.unwrap_or(issuer.len()))
}

fn parsed(urls: &[String]) -> Result<Vec<Url>, Error> {
    urls.iter()
        .map(|url| Url::parse(url).map_err(|_| Problem::config("issuer: not a URL").into()))
        .collect()
}

/// Code point by code point (RFC 8414 §3.3): whoever answers for another issuer must not be believed.
pub(super) fn check_issuer(
    url: &Url,
    expected: &ServerUrl,
    found: Option<&Value>,
) -> Result<(), Error> {
    let found = found.and_then(Value::as_str);
    if found == Some(expected.raw()) {
        return Ok(());
    }
    Err(Error::IssuerMismatch {
        url: display(url),
        // A smart-configuration may have named it.
        expected: printable(expected.raw(), LONGEST_ISSUER),
        found: found.map(|issuer| printable(issuer, LONGEST_ISSUER)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn urls(issuer: &str) -> Vec<String> {
        let issuer = ServerUrl::parse("issuer", issuer).unwrap();
        let urls = [oauth_urls(&issuer).unwrap(), openid_urls(&issuer).unwrap()];
        urls.into_iter().flatten().map(String::from).collect()
    }

    #[test]
    fn an_issuer_with_a_path_is_asked_in_three_places() {
        let expected = [
            "https://h/.well-known/oauth-authorization-server/t1",
            "https://h/t1/.well-known/openid-configuration",
            "https://h/.well-known/openid-configuration/t1",
        ];
        assert_eq!(urls("https://h/t1"), expected);
        assert_eq!(urls("https://h/t1/"), expected);
    }

    #[test]
    fn an_issuer_without_a_path_is_asked_in_two() {
        let expected = [
            "https://h:8443/.well-known/oauth-authorization-server",
            "https://h:8443/.well-known/openid-configuration",
        ];
        assert_eq!(urls("https://h:8443"), expected);
        assert_eq!(urls("https://h:8443/"), expected);
    }

    #[test]
    fn only_the_identical_issuer_is_believed() {
        let url = Url::parse("https://h/x").unwrap();
        let expected = ServerUrl::parse("issuer", "https://h/t1").unwrap();
        let check = |found: &str| check_issuer(&url, &expected, Some(&Value::from(found)));
        assert!(check("https://h/t1").is_ok());
        for other in ["https://h/t1/", "https://H/t1", "https://h/t2", ""] {
            assert_eq!(check(other).unwrap_err().code(), ErrorCode::IssuerMismatch);
        }
        assert!(check_issuer(&url, &expected, None).is_err());
    }

    #[test]
    fn issuers_are_told_apart_in_a_message_that_is_printable_and_short() {
        let url = Url::parse("https://h/x").unwrap();
        let long = format!("https://h/\u{202E}{}", "x".repeat(5000));
        let expected = ServerUrl::parse("issuer", &long).unwrap();
        let other = Value::from(format!("{long}\u{200B}"));
        let message = check_issuer(&url, &expected, Some(&other)).unwrap_err().to_string();
        assert!(message.chars().all(crate::printable::is_printable), "{message}");
        assert!(message.chars().count() < 700, "{message}");
    }
}
