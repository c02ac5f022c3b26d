//! What a discovery document says that does not fit the client: warnings, or errors where the
//! settings say so.

use crate::client_auth::{ClientAuthMethod, ClientAuthentication, enumerate};
use crate::discovery::Metadata;
use crate::error::{DiscoveryError, Error};
use crate::events::Warning;
use crate::params::ClientAuthParams;

const ALGORITHM: &str = "ALGORITHM_NOT_LISTED";

/// What is worth a warning; an error where nothing must be sent.
pub(super) fn judge(
    metadata: &Metadata,
    params: &ClientAuthParams,
) -> Result<impl Iterator<Item = Warning> + use<>, Error> {
    let common = &params.common;
    let other_origin = match &common.allowed_token_endpoint_origins {
        Some(allowed) => check_origin(metadata, allowed).map(|()| None)?,
        None => other_origin(metadata),
    };
    let stale =
        metadata.trouble.as_ref().map(|trouble| Warning::new("DISCOVERY_STALE", trouble.clone()));
    let unlisted = unlisted(metadata, &params.authentication);
    if common.discovery.strict && !unlisted.is_empty() {
        let findings: Vec<_> = unlisted.into_iter().map(|finding| finding.said).collect();
        return Err(Error::Discovery(Box::new(DiscoveryError {
            url: metadata.document.clone(),
            status: Some(200),
            reason: format!(
                "{}; discovery.strict refuses that: have the server's metadata corrected, or turn it off",
                findings.join("; ")
            ),
            transient: false,
            retry_after: None,
        })));
    }
    let unlisted = unlisted.into_iter().map(Finding::into_warning);
    Ok(other_origin.into_iter().chain(stale).chain(unlisted))
}

/// What the client uses and the document does not list.
struct Finding {
    code: &'static str,
    said: String,
}

impl Finding {
    fn into_warning(self) -> Warning {
        // The algorithm's words name it first, and the list after that.
        let rest = if self.code == ALGORITHM { "" } else { ", which is used all the same" };
        Warning::new(self.code, self.said + rest)
    }
}

/// Whoever can change the document must not choose who gets the credentials (AF-4, BP-5).
fn check_origin(metadata: &Metadata, allowed: &[String]) -> Result<(), Error> {
    let origin = metadata.token_endpoint.url().origin().ascii_serialization();
    if allowed.contains(&origin) {
        return Ok(());
    }
    Err(Error::OriginNotAllowed {
        document: metadata.document.clone(),
        endpoint: metadata.token_endpoint.display(),
    })
}

/// Very common, and worth knowing once (BP-5).
fn other_origin(metadata: &Metadata) -> Option<Warning> {
    (!metadata.same_origin).then(|| {
        Warning::new(
            "TOKEN_ENDPOINT_ORIGIN",
            format!(
                "{} names the token endpoint {}, on another origin; if that is not expected, set tokenEndpoint",
                metadata.document,
                metadata.token_endpoint.display()
            ),
        )
    })
}

/// Servers leave out what they support (QK-1): no refusal, unless the settings say so (SD-7).
fn unlisted(metadata: &Metadata, authentication: &ClientAuthentication) -> Vec<Finding> {
    let method = authentication.method();
    let capability = match method {
        ClientAuthMethod::PrivateKeyJwt => "client-confidential-asymmetric",
        _ => "client-confidential-symmetric",
    };
    let without = |code, listed: &Option<Vec<String>>, used: &str| {
        let listed = listed.as_ref().filter(|listed| !listed.iter().any(|other| other == used))?;
        let said = format!("{} lists {} and not {used}", metadata.document, enumerate(listed));
        Some(Finding { code, said })
    };
    let algorithm = authentication
        .unlisted_algorithm(metadata.signing_algorithms.as_deref())
        .map(|said| Finding { code: ALGORITHM, said });
    [
        without("AUTH_METHOD_NOT_LISTED", &metadata.auth_methods, method.as_str()),
        algorithm,
        without("GRANT_TYPE_NOT_LISTED", &metadata.grant_types, "client_credentials"),
        without("CAPABILITY_NOT_LISTED", &metadata.capabilities, capability),
    ]
    .into_iter()
    .flatten()
    .collect()
}
