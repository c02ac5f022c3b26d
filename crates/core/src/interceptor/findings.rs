//! What a discovery document says that does not fit the client: warnings, or errors where the
//! settings say so.

use crate::client_auth::{ClientAuthMethod, ClientAuthentication, enumerate};
use crate::discovery::Metadata;
use crate::error::{DiscoveryError, Error};
use crate::events::Warning;
use crate::params::ClientAuthParams;

/// What is worth a warning; an error where nothing must be sent.
pub(crate) fn judge(
    metadata: &Metadata,
    params: &ClientAuthParams,
) -> Result<impl Iterator<Item = Warning> + use<>, Error> {
    let common = &params.common;
    let other_origin = if let Some(allowed) = &common.allowed_token_endpoint_origins {
        check_origin(metadata, allowed)?;
        None
    } else {
        check_reach(metadata)?;
        other_origin(metadata)
    };
    let stale =
        metadata.trouble.as_ref().map(|trouble| Warning::new("DISCOVERY_STALE", trouble.clone()));
    let unlisted = unlisted(metadata, &params.authentication);
    if common.discovery.strict && !unlisted.is_empty() {
        let findings: Vec<_> = unlisted.into_iter().map(Finding::into_refusal).collect();
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
    let document = metadata.document.clone();
    let unlisted = unlisted.into_iter().map(move |finding| finding.into_warning(&document));
    let listed = metadata.signing_algorithms.as_deref();
    let chosen = params.authentication.chosen_by_server(listed);
    Ok(other_origin.into_iter().chain(stale).chain(chosen).chain(unlisted))
}

/// What the client uses and the document does not list.
enum Finding {
    /// In words that begin with the algorithm.
    Algorithm(String),
    Unlisted {
        code: &'static str,
        said: String,
    },
}

impl Finding {
    fn into_warning(self, document: &str) -> Warning {
        match self {
            Self::Algorithm(said) => Warning::new("ALGORITHM_NOT_LISTED", said),
            Self::Unlisted { code, said } => {
                Warning::new(code, format!("{document} {said}, which is used all the same"))
            }
        }
    }

    fn into_refusal(self) -> String {
        match self {
            Self::Algorithm(said) => said,
            Self::Unlisted { said, .. } => format!("it {said}"),
        }
    }
}

/// Whoever can change the document must not choose who gets the credentials (AF-4, BP-5).
fn check_origin(metadata: &Metadata, allowed: &[String]) -> Result<(), Error> {
    let origin = metadata.endpoint().url().origin().ascii_serialization();
    if allowed.contains(&origin) {
        Ok(())
    } else {
        Err(not_allowed(metadata, "on an origin that is"))
    }
}

/// A server out there must not have the client send anything to where only the client gets: to its own
/// machine, or into its own network.
fn check_reach(metadata: &Metadata) -> Result<(), Error> {
    let Some(address) = metadata.nearer_address() else { return Ok(()) };
    Err(not_allowed(metadata, &format!("{address}, nearer than the server that names it and")))
}

fn not_allowed(metadata: &Metadata, place: &str) -> Error {
    Error::OriginNotAllowed {
        document: metadata.document.clone(),
        endpoint: metadata.endpoint().display(),
        place: format!("{place} not in allowedTokenEndpointOrigins"),
    }
}

/// Very common, and worth knowing once (BP-5).
fn other_origin(metadata: &Metadata) -> Option<Warning> {
    (!metadata.is_same_origin()).then(|| {
        Warning::new(
            "TOKEN_ENDPOINT_ORIGIN",
            format!(
                "{} names the token endpoint {}, on another origin; if that is not expected, set tokenEndpoint",
                metadata.document,
                metadata.endpoint().display()
            ),
        )
    })
}

/// Servers leave out what they support (QK-1): no refusal, unless the settings say so (SD-7).
fn unlisted(metadata: &Metadata, authentication: &ClientAuthentication) -> Vec<Finding> {
    let method = authentication.method();
    let methods: &[_] = match method {
        // The server alone knows whether it looks at the CA or at the certificate itself (RFC 8705 §2.2).
        ClientAuthMethod::TlsClientAuth => &[method.as_str(), "self_signed_tls_client_auth"],
        _ => &[method.as_str()],
    };
    let capability: &[_] = match method {
        ClientAuthMethod::PrivateKeyJwt => &["client-confidential-asymmetric"],
        // SMART has no word for it.
        ClientAuthMethod::TlsClientAuth => &[],
        _ => &["client-confidential-symmetric"],
    };
    // `used`: each as good as the others.
    let without = |code, what: &str, listed: &Option<Vec<String>>, used: &[&str]| {
        let listed = listed.as_ref()?;
        let name = used.first()?;
        if listed.iter().any(|other| used.contains(&other.as_str())) {
            return None;
        }
        let said = format!("lists {what} ({}) and not {name}", enumerate(listed));
        Some(Finding::Unlisted { code, said })
    };
    let Metadata { auth_methods, signing_algorithms, grant_types, capabilities, .. } = metadata;
    let algorithm = authentication.unlisted_algorithm(signing_algorithms.as_deref());
    [
        without("AUTH_METHOD_NOT_LISTED", "methods", auth_methods, methods),
        algorithm.map(Finding::Algorithm),
        without("GRANT_TYPE_NOT_LISTED", "grant types", grant_types, &["client_credentials"]),
        without("CAPABILITY_NOT_LISTED", "capabilities", capabilities, capability),
    ]
    .into_iter()
    .flatten()
    .collect()
}
