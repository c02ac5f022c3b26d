//! Why there was no answer, and what to try, in words.

use std::error::Error as StdError;
use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use url::{Host, Url};

use super::ca_as_server::is_ca_as_server;
use super::http2_failure;
use super::settings::TransportSettings;
use super::tls::{alert_in_words, tls_error};
use crate::error::{ErrorCode, TransportError};
use crate::printable::printable;
use crate::server_url::{display, shortened};
use crate::shortage::{self, NoThread};

/// `trust_complaint`: what was wrong with `NODE_EXTRA_CA_CERTS`.
pub(super) fn explain(
    settings: &TransportSettings,
    trust_complaint: Option<&str>,
    url: &Url,
    error: &reqwest::Error,
) -> TransportError {
    let (code, reason, hint) = if error.is_timeout() {
        let reason = if error.is_connect() {
            format!("no connection within {} ms", settings.connect_timeout.as_millis())
        } else if went_silent(error) {
            "the connection has gone silent: it does not even answer HTTP/2's ping".to_owned()
        } else {
            format!("no complete answer within {} ms", settings.timeout.as_millis())
        };
        let hint = "check the address, the proxy and the firewall, or raise http.timeoutMs or http.connectTimeoutMs";
        (ErrorCode::Timeout, reason, hint.to_owned())
    } else if let Some(failure) = http2_failure::of(chain(error)) {
        (ErrorCode::Network, failure.reason, failure.hint.to_owned())
    } else if let Some(tls) =
        tls_error(error).cloned().or_else(|| alert_in_words(&root_cause(error)))
    {
        let hint = tls_hint(&tls, settings.client_certificate.is_some());
        let hint = trust_complaint
            .map_or_else(|| hint.to_owned(), |complaint| format!("{hint}; {complaint}"));
        let with = if is_about_proxy(error) { " with the proxy" } else { "" };
        // A certificate that nobody trusts yet names whom it wants, in any characters.
        let tls = shortened(printable(&tls.to_string(), usize::MAX));
        (ErrorCode::Tls, format!("TLS handshake{with} failed: {tls}"), hint)
    } else if let Some(error) = proxy_refusal(url, error) {
        return error;
    } else {
        let reason = printable(&in_words(root_cause(error)), usize::MAX);
        let mut hint = network_hint(error).to_owned();
        if settings.client_certificate.is_some() && is_hang_up(error, &reason) {
            hint.push_str(
                "; a server that does not take the client certificate (http.clientCertificate) can end like this",
            );
        }
        (ErrorCode::Network, reason, hint)
    };
    let (url, hint) = (display(url), Some(hint));
    TransportError { code, url, reason, hint, stale_connection: false, permanent: false }
}

/// What the same settings will meet again at each attempt.
fn proxy_refusal(url: &Url, error: &reqwest::Error) -> Option<TransportError> {
    match root_cause(error).as_str() {
        "tunnel error: proxy authorization required" => Some(proxy_wants_credentials(url)),
        // Of the HTTP client, which takes the brackets for a part of the name.
        "Invalid Server Name" if matches!(url.host(), Some(Host::Ipv6(_))) => {
            let hint = "use the server's name, or have the proxy left out (http.noProxy, NO_PROXY)";
            Some(permanent(url, "an IPv6 address cannot be reached through a proxy", hint))
        }
        _ => None,
    }
}

/// 407, to a tunnel or to a request in clear text.
pub(super) fn proxy_wants_credentials(url: &Url) -> TransportError {
    permanent(
        url,
        "the proxy wants a user name and password, and has not got those that it takes (HTTP 407)",
        "put them into the proxy's URL, percent-encoded: http://user:password@proxy.example.org:3128 \
         (http.proxy, HTTPS_PROXY)",
    )
}

fn permanent(url: &Url, reason: &str, hint: &str) -> TransportError {
    TransportError {
        code: ErrorCode::Network,
        url: display(url),
        reason: reason.to_owned(),
        hint: Some(hint.to_owned()),
        stale_connection: false,
        permanent: true,
    }
}

/// The way to the server was not there yet.
fn is_about_proxy(error: &reqwest::Error) -> bool {
    chain(error).any(|error| error.to_string().starts_with(TUNNEL_ERROR))
}

const TUNNEL_ERROR: &str = "tunnel error";

/// Of a body that has no other end than the connection's, and came to that too early.
pub(super) fn broken_off(url: &Url) -> TransportError {
    TransportError {
        code: ErrorCode::Network,
        url: display(url),
        reason: CLOSED_EARLY.to_owned(),
        hint: Some(BROKE_OFF.to_owned()),
        stale_connection: false,
        permanent: false,
    }
}

/// True where the server takes the request over HTTP/1.1 alone.
pub(super) fn wants_http1(error: &reqwest::Error) -> bool {
    http2_failure::wants_http1(chain(error))
}

/// True where the connection ended before a byte of the answer, as one does that the server closes
/// while the request is on its way; in HTTP/2 also where the server says that it has not looked at
/// the request (RFC 9113 §8.7).
pub(super) fn broke_unanswered(error: &reqwest::Error) -> bool {
    if error.is_connect() || error.is_timeout() {
        return false;
    }
    chain(error)
        .find_map(|error| {
            if error.downcast_ref().is_some_and(hyper::Error::is_incomplete_message) {
                return Some(true);
            }
            if let Some(error) = error.downcast_ref::<std::io::Error>() {
                // The other one is an end without TLS's close_notify.
                return Some(is_reset(error) || error.kind() == ErrorKind::UnexpectedEof);
            }
            error.downcast_ref().map(was_not_looked_at)
        })
        .unwrap_or(false)
}

/// A stream that was refused, or began after the last one that a closing server takes.
fn was_not_looked_at(error: &h2::Error) -> bool {
    error.is_remote()
        && match error.reason() {
            Some(h2::Reason::REFUSED_STREAM) => error.is_reset(),
            Some(h2::Reason::NO_ERROR) => error.is_go_away(),
            _ => false,
        }
}

/// The time-out of HTTP/2's keep-alive, and not that of the request.
fn went_silent(error: &reqwest::Error) -> bool {
    chain(error).any(|error| error.downcast_ref().is_some_and(hyper::Error::is_timeout))
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

const CLOSED_EARLY: &str = "the connection was closed before the answer was complete";
const BROKE_OFF: &str = "what answered broke off or does not speak HTTP: check the URL's scheme and port, and what stands between";
const HANDSHAKE_BROKEN_OFF: &str = "the connection was closed in the TLS handshake";

/// What rustls and its adapter say of a connection that ends early is for programmers.
fn in_words(reason: String) -> String {
    if reason.starts_with("peer closed connection without sending TLS close_notify") {
        CLOSED_EARLY.to_owned()
    } else if reason == "tls handshake eof" {
        HANDSHAKE_BROKEN_OFF.to_owned()
    } else if reason == "stream closed because of a broken pipe" {
        CLOSED_EARLY.to_owned()
    } else {
        reason
    }
}

/// What an end looks like depends on how far the server was when it made it.
fn is_hang_up(error: &reqwest::Error, reason: &str) -> bool {
    chain(error).any(|error| error.downcast_ref().is_some_and(is_reset))
        || [CLOSED_EARLY, HANDSHAKE_BROKEN_OFF].contains(&reason)
}

fn is_reset(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn network_hint(error: &reqwest::Error) -> &'static str {
    if chain(error).any(<dyn StdError>::is::<NoThread>) {
        shortage::MORE_THREADS
    } else if chain(error)
        .any(|error| error.downcast_ref().is_some_and(shortage::is_of_descriptors))
    {
        shortage::MORE_DESCRIPTORS
    } else if is_about_proxy(error) {
        "the proxy did not open a way to the server: check its address, its credentials and its rules (http.proxy, HTTPS_PROXY)"
    } else if error.is_connect() {
        "check the address, DNS and the firewall, and that of a proxy if there is one (http.proxy, HTTPS_PROXY)"
    } else {
        BROKE_OFF
    }
}

/// `certified`: there is an `http.clientCertificate`.
fn tls_hint(error: &rustls::Error, certified: bool) -> &'static str {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(certificate) => certificate_hint(certificate),
        Tls::AlertReceived(alert) if is_about_client_certificate(*alert) => {
            if certified {
                "the server does not take the client certificate: it may be expired, of a CA that the server does not trust, without its intermediate CAs, or not meant for clients (http.clientCertificate)"
            } else {
                "the server wants a client certificate: set http.clientCertificate"
            }
        }
        Tls::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the server speaks neither HTTP/2 nor HTTP/1.1 on this port: check the port"
        }
        Tls::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server shares no cipher suite with TLS 1.2 or 1.3 as this client speaks them, or wants a client certificate (http.clientCertificate)"
        }
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what answered does not speak TLS: is the port one for plain http, or a proxy?"
        }
        _ => "check that the port speaks TLS 1.2 or newer",
    }
}

/// What a server can only mean the client's by (RFC 8446 §6.2).
fn is_about_client_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    )
}

fn certificate_hint(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the server's certificate is signed by a CA that is not trusted here: give that CA in http.ca or NODE_EXTRA_CA_CERTS"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate belongs to another host name: check the URL"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "the certificate is outside its validity: have it renewed, and check this machine's clock"
        }
        error if is_ca_as_server(error) => {
            "the server presents a CA certificate as its own (openssl req -x509 makes such): give that very certificate in http.ca, or have it issued with basicConstraints CA:FALSE"
        }
        _ => "the server's certificate cannot be used: have it reissued",
    }
}

/// The innermost text of an error chain: what the operating system or the library really said.
pub(super) fn root_cause(error: &dyn StdError) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_tell_handshake_failures_apart() {
        let alert = |alert| tls_hint(&rustls::Error::AlertReceived(alert), false);
        assert!(
            alert(AlertDescription::CertificateRequired).contains("set http.clientCertificate")
        );
        let expired = rustls::Error::AlertReceived(AlertDescription::CertificateExpired);
        assert!(tls_hint(&expired, true).contains("expired"));
        assert!(alert(AlertDescription::NoApplicationProtocol).contains("neither HTTP/2 nor"));
        assert!(alert(AlertDescription::ProtocolVersion).contains("TLS 1.2"));
        let certificate = |error| tls_hint(&rustls::Error::InvalidCertificate(error), false);
        assert!(certificate(CertificateError::Expired).contains("clock"));
        assert!(certificate(CertificateError::UnknownIssuer).contains("http.ca"));
        assert!(certificate(CertificateError::NotValidForName).contains("host name"));
    }
}
