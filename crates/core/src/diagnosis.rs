//! One discovery and one token request, laid open for a person: what was found, sent and answered. Holds
//! no secret, so that it can be printed, logged and sent to a support desk.

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::events::Warning;

/// What became of the attempt, step by step: a step that was not reached is `None`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// `None` also where the settings name the token endpoint.
    pub discovery: Option<DiscoveredServer>,
    /// What the settings, the key and the server's metadata give reason to look at.
    pub warnings: Vec<Warning>,
    /// The token request.
    pub request: Option<SentRequest>,
    /// What the token endpoint said; `None` where there was no answer.
    pub answer: Option<ReceivedAnswer>,
    /// The token, without the token itself.
    pub token: Option<GrantedToken>,
    /// Why there is none; not part of the serialised form.
    #[serde(skip)]
    pub error: Option<Error>,
}

/// Of the server's metadata, what matters here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredServer {
    /// The document's address.
    pub document: String,
    /// As it is written there; the alias for clients with a certificate, where one is used.
    pub token_endpoint: String,
    /// Where that was wanted: the issuer that its own metadata has confirmed.
    pub confirmed_issuer: Option<String>,
    /// `token_endpoint_auth_methods_supported`
    pub auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg_values_supported`
    pub signing_algorithms: Option<Vec<String>>,
    /// `grant_types_supported`
    pub grant_types: Option<Vec<String>>,
    /// `capabilities` of a smart-configuration
    pub capabilities: Option<Vec<String>>,
}

/// A token request with every credential in it replaced.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentRequest {
    /// Without query and user information.
    pub url: String,
    /// `clientAuthMethod`
    pub method: &'static str,
    /// The scheme of the `Authorization` header; `None` without one.
    pub authorization: Option<&'static str>,
    /// Names and values, in order.
    pub parameters: Vec<(String, String)>,
    /// Header and claims of the client assertion.
    pub assertion: Option<AssertionParts>,
}

/// A client assertion without its signature: of no use to anybody.
#[derive(Debug, Serialize)]
pub struct AssertionParts {
    /// JOSE header.
    pub header: Value,
    /// Claims.
    pub claims: Value,
}

/// An answer of the token endpoint, cleaned as in error messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedAnswer {
    /// HTTP status.
    pub status: u16,
    /// Those that help to understand it, in the server's order.
    pub headers: Vec<(String, String)>,
    /// A line of what it says; of a token response the members that are no token.
    pub body: String,
    /// How far this machine's clock is ahead of the server's `Date`, in seconds; negative: behind.
    pub clock_ahead_seconds: Option<i64>,
}

/// What was granted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantedToken {
    /// From now, in seconds.
    pub expires_in_seconds: Option<u64>,
    /// In the server's words.
    pub granted_scopes: Vec<String>,
    /// Asked for and not granted.
    pub missing_scopes: Vec<String>,
}
