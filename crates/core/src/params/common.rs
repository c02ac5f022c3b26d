//! Settings that the many clients of a process mostly have in common, kept once.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::discovery::{DiscoveryPolicy, Origin};
use crate::error::{Error, Problem};
use crate::secret::Secret;
use crate::server_url::ServerUrl;
use crate::token::{RenewalPolicy, RequiredScopes};
use crate::transport::{RetryPolicy, TransportSettings};

/// Where every client differs, looking for one that is the same costs more than it saves.
const MOST_COMPARED: usize = 16;

/// All settings but who the client is and how it proves that.
#[derive(Debug, PartialEq)]
pub(crate) struct CommonParams {
    pub(crate) scope: Option<Arc<str>>,
    pub(crate) required_scopes: Option<RequiredScopes>,
    /// Values count as secrets: some servers take passwords here (QK-13).
    pub(crate) additional_parameters: Arc<[(String, Secret)]>,
    pub(crate) server: ServerSetting,
    pub(crate) fhir_base_url: Option<ServerUrl>,
    /// As origins: scheme, host, and port where it is not the scheme's own.
    pub(crate) allowed_origins: Vec<String>,
    /// The same, of discovered token endpoints. `None`: any.
    pub(crate) allowed_token_endpoint_origins: Option<Vec<String>>,
    pub(crate) allow_insecure_http: bool,
    pub(crate) discovery: DiscoveryPolicy,
    pub(crate) renewal: Arc<RenewalPolicy>,
    pub(crate) retry: RetryPolicy,
    pub(crate) transport: TransportSettings,
}

/// Where the token endpoint comes from, the most explicit setting first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServerSetting {
    TokenEndpoint(ServerUrl),
    Issuer(ServerUrl),
    /// Discovered from the FHIR base URL of the request at hand, else of the settings.
    FhirBase,
}

impl CommonParams {
    /// One copy for all clients that are alive with these settings: there can be a hundred thousand.
    pub(super) fn shared(self) -> Arc<Self> {
        static ALIVE: Mutex<Vec<Weak<CommonParams>>> = Mutex::new(Vec::new());
        let mut alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
        if alive.len() == alive.capacity() {
            // Only when the list would grow, so that the cost is spread over as many additions.
            alive.retain(|other| other.strong_count() > 0);
        }
        // From the youngest: clients with the same settings are mostly made together.
        let mut latest = alive.iter().rev().take(MOST_COMPARED).filter_map(Weak::upgrade);
        if let Some(same) = latest.find(|other| **other == self) {
            return same;
        }
        let common = Arc::new(self);
        alive.push(Arc::downgrade(&common));
        common
    }

    /// What to discover from, for a request to this FHIR server.
    pub(crate) fn discovery_origin(
        &self,
        fhir_base_url: Option<&ServerUrl>,
    ) -> Result<Origin, Error> {
        match (&self.server, fhir_base_url.or(self.fhir_base_url.as_ref())) {
            (ServerSetting::Issuer(issuer), _) => Ok(Origin::Issuer(issuer.clone())),
            (_, Some(base)) => Ok(Origin::FhirBase(base.clone())),
            (_, None) => Err(Problem::config(
                "the authorization server is not known: pass { fhirBaseUrl } with the request, or \
                 set fhirBaseUrl, issuer or tokenEndpoint",
            )
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_auth::ClientAuthMethod;
    use crate::keystore::Keystores;
    use crate::options::ClientAuthOptions;
    use crate::params::ClientAuthParams;

    fn common(client_id: &str, scope: &str) -> Arc<CommonParams> {
        let options = ClientAuthOptions {
            client_id: Some(client_id.to_owned()),
            client_secret: Some(Secret::new("secret".to_owned())),
            client_auth_method: Some(ClientAuthMethod::ClientSecretPost),
            scope: Some(Some(scope.to_owned())),
            ..ClientAuthOptions::default()
        };
        ClientAuthParams::validate(&options, &Keystores::default()).unwrap().common
    }

    #[test]
    fn clients_with_the_same_settings_share_them_and_no_other_client_does() {
        let first = common("one", "a/b.rs");
        assert!(Arc::ptr_eq(&first, &common("two", "a/b.rs")));
        assert!(!Arc::ptr_eq(&first, &common("one", "a/c.rs")));
    }
}
