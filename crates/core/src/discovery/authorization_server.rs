//! Metadata of an authorization server: RFC 8414, and OpenID Connect Discovery 1.0.

use serde_json::Value;
use url::Url;

use super::document;
use super::{DiscoveryRequest, Metadata, without_trailing_slashes};
use crate::error::{DiscoveryError, Error, ErrorCode, Problem};
use crate::server_url::{ServerUrl, display};

pub(super) async fn discover(
    request: &DiscoveryRequest,
    issuer: &ServerUrl,
) -> Result<Metadata, Error> {
    let mut refusals = Vec::new();
    let mut first_failure = None;
    for url in document_urls(issuer)? {
        match document::fetch(&request.transport, &request.retry, &url).await {
            Ok(document) => {
                check_issuer(&url, issuer, document.members.get("issuer"))?;
                return request.read(issuer, &url, &document);
            }
            // The same host will not do better at another path.
            Err(error) if error.code() != ErrorCode::Discovery => return Err(error),
            Err(error) => {
                refusals.push(match error.status() {
                    Some(status) if status != 200 => format!("{} (HTTP {status})", display(&url)),
                    _ => error.to_string(),
                });
                first_failure.get_or_insert(error);
            }
        }
    }
    Err(Error::Discovery(Box::new(DiscoveryError {
        url: display(issuer.url()),
        status: first_failure.as_ref().and_then(Error::status),
        reason: format!(
            "the issuer publishes no usable metadata; asked were {}; check issuer, or set tokenEndpoint",
            refusals.join(", ")
        ),
        transient: first_failure.as_ref().is_some_and(Error::is_transient),
        retry_after: first_failure.as_ref().and_then(Error::retry_after),
    })))
}

/// RFC 8414 §3.1 inserts between host and path, OpenID Connect Discovery §4 appends; RFC 8414 §5
/// knows of servers that insert for both. In this order (MD-2).
fn document_urls(issuer: &ServerUrl) -> Result<Vec<Url>, Error> {
    const RFC_8414: &str = "/.well-known/oauth-authorization-server";
    const OPENID: &str = "/.well-known/openid-configuration";
    let issuer = without_trailing_slashes(issuer.raw());
    let path = issuer
        .find("://")
        .and_then(|scheme| issuer[scheme + 3..].find('/').map(|slash| scheme + 3 + slash));
    let urls = match path {
        None => vec![format!("{issuer}{RFC_8414}"), format!("{issuer}{OPENID}")],
        Some(path) => {
            let (host, path) = issuer.split_at(path);
            vec![
                format!("{host}{RFC_8414}{path}"),
                format!("{issuer}{OPENID}"),
                format!("{host}{OPENID}{path}"),
            ]
        }
    };
    urls.iter()
        .map(|url| Url::parse(url).map_err(|_| Problem::config("issuer: not a URL").into()))
        .collect()
}

/// Code point by code point (RFC 8414 §3.3): whoever answers for another issuer must not be believed.
fn check_issuer(url: &Url, expected: &ServerUrl, found: Option<&Value>) -> Result<(), Error> {
    let found = found.and_then(Value::as_str);
    if found == Some(expected.raw()) {
        return Ok(());
    }
    Err(Error::IssuerMismatch {
        url: display(url),
        expected: expected.raw().to_owned(),
        found: found.map(|issuer| issuer.chars().filter(|c| !c.is_control()).take(200).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(issuer: &str) -> Vec<String> {
        let issuer = ServerUrl::parse("issuer", issuer).unwrap();
        document_urls(&issuer).unwrap().into_iter().map(String::from).collect()
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
}
