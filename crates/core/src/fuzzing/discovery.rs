//! Discovery documents, from the answer that brings one to the client that would ask for a token.

use std::sync::LazyLock;
use std::time::Duration;

use super::Received;
use super::token_endpoint::params;
use crate::client_auth::ClientAuthMethod;
use crate::clock::Now;
use crate::discovery::{DiscoverySource, reading};
use crate::error::Error;
use crate::events::Warning;
use crate::interceptor::findings::judge;
use crate::params::ClientAuthParams;

/// What is made of one answer.
#[derive(Debug)]
pub enum Discovered {
    /// The document may be at this address.
    Elsewhere(String),
    /// A server that a client would ask for tokens.
    Server {
        /// Byte for byte: it is what assertions are for.
        token_endpoint: String,
        /// The issuer that the document names, not confirmed yet.
        issuer: Option<String>,
        /// What a log would have.
        warnings: Vec<Warning>,
        /// How long the document is used without another look.
        fresh_for: Duration,
    },
}

static CLIENT: LazyLock<ClientAuthParams> =
    LazyLock::new(|| params(ClientAuthMethod::PrivateKeyJwt));
static CLIENT_WITH_CERTIFICATE: LazyLock<ClientAuthParams> =
    LazyLock::new(|| params(ClientAuthMethod::ClientSecretJwt));

/// Reads what is there in place of the document of `source`, for a client that starts from `start`: an issuer for the
/// metadata of an authorization server, else a FHIR base URL.
pub fn discover(
    source: DiscoverySource,
    start: &str,
    shows_certificate: bool,
    received: &Received<'_>,
) -> Result<Discovered, Error> {
    let request = reading::request(source, start, shows_certificate);
    let (metadata, issuer) = match reading::read(&request, source, &received.answer())? {
        reading::Understood::Elsewhere(url) => return Ok(Discovered::Elsewhere(url.into())),
        reading::Understood::Metadata(metadata, issuer) => (metadata, issuer),
    };
    let client = if shows_certificate { &CLIENT_WITH_CERTIFICATE } else { &CLIENT };
    let warnings = judge(&metadata, client)?.collect();
    Ok(Discovered::Server {
        token_endpoint: metadata.endpoint().raw().to_owned(),
        issuer: issuer.and_then(|issuer| issuer.as_str().map(str::to_owned)),
        warnings,
        fresh_for: Now::read().until(metadata.stale_at),
    })
}

/// Whom a client that starts from `base` would ask to confirm the issuer that the smart-configuration names.
pub fn issuer_of_fhir_server(base: &str, named: &str) -> Result<String, String> {
    let request = reading::request(DiscoverySource::SmartConfiguration, base, false);
    reading::issuer(&request, named).map(|issuer| issuer.raw().to_owned())
}
