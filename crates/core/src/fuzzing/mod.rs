//! The readers of foreign bytes for the targets in `fuzz/`: what a server sends goes in as it comes from the transport,
//! and what an application, a log or a person would see comes out. Not in any build but cargo-fuzz's.

mod discovery;
mod texts;
mod token_endpoint;

pub use discovery::{Discovered, discover, issuer_of_fhir_server};
pub use texts::{
    clean, correlation, display, longest_wait, parse_retry_after, server_url, usable_for,
};
pub use token_endpoint::{CLIENT_SECRET, PARAMETER, Read, basic_credentials, read_token_answer};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::transport::Answer;

/// An answer as it comes from a server.
#[derive(Clone, Debug, Default)]
pub struct Received<'a> {
    /// HTTP status.
    pub status: u16,
    /// Names and values; what no header may be is left out.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// To its end.
    pub body: &'a [u8],
}

impl Received<'_> {
    fn answer(&self) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Answer { status: self.status, headers, body: self.body.to_vec().into() }
    }
}
