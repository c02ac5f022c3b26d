//! What ended a request on an HTTP/2 connection (RFC 9113 §5.4, §7), in words of our own: what the server
//! says itself, in the debug data of a GOAWAY, may repeat the request.

use std::error::Error as StdError;

use h2::Reason;

/// In words, and what to try.
pub(super) struct Http2Failure {
    pub(super) reason: String,
    pub(super) hint: &'static str,
}

/// `None` where the connection below it broke: that says more.
pub(super) fn of<'a>(
    mut chain: impl Iterator<Item = &'a (dyn StdError + 'static)>,
) -> Option<Http2Failure> {
    let error: &h2::Error = chain.find_map(|error| error.downcast_ref())?;
    let code = error.reason()?;
    let what = if error.is_go_away() {
        "the HTTP/2 connection was ended"
    } else {
        "the request was given up in its HTTP/2 connection"
    };
    let by = if error.is_remote() { "by the server" } else { "here" };
    Some(Http2Failure { reason: format!("{what} {by}: {}", code.description()), hint: hint(code) })
}

/// True where the server takes this request over HTTP/1.1 alone (RFC 9113 §7).
pub(super) fn wants_http1<'a>(
    mut chain: impl Iterator<Item = &'a (dyn StdError + 'static)>,
) -> bool {
    let error: Option<&h2::Error> = chain.find_map(|error| error.downcast_ref());
    error
        .is_some_and(|error| error.is_remote() && error.reason() == Some(Reason::HTTP_1_1_REQUIRED))
}

fn hint(code: Reason) -> &'static str {
    match code {
        Reason::ENHANCE_YOUR_CALM => {
            "the server has had too many requests: share interceptors, and ask its operator"
        }
        Reason::REFUSED_STREAM | Reason::CANCEL => {
            "the server is busy or being stopped; if it lasts, tell its operator"
        }
        Reason::HTTP_1_1_REQUIRED => {
            "the server wants HTTP/1.1, which it was then asked by: tell its operator"
        }
        _ => "the server, or a proxy in front of it, has trouble with HTTP/2: tell its operator",
    }
}
