//! The token request of the client credentials grant (RFC 6749 §4.4.2; SMART Backend Services).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::HeaderValue;

use super::{RenewalPolicy, RequiredScopes};
use crate::client_auth::ClientAuthentication;
use crate::clock::Now;
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::form::Form;
use crate::keystore::KeystoreContent;
use crate::secret::Secret;
use crate::server_url::ServerUrl;
use crate::transport::{RetryPolicy, TransportSettings};

/// Names that additional parameters cannot take: each would say a second time, and differently,
/// what the client says itself (BP-6).
pub(crate) const RESERVED_PARAMETERS: [&str; 6] = [
    "grant_type",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// Everything that is sent.
#[derive(Clone)]
pub(crate) struct TokenRequest {
    pub(crate) endpoint: ServerUrl,
    pub(crate) client_id: Arc<str>,
    pub(crate) authentication: Arc<ClientAuthentication>,
    /// Whom assertions are for, where that is not the endpoint: the user's word, or an issuer that its own
    /// metadata has confirmed.
    pub(crate) audience: Option<Arc<str>>,
    /// In the order and the words of the user (SC-2).
    pub(crate) scope: Option<Arc<str>>,
    /// Without these a token is of no use.
    pub(crate) required_scopes: Option<RequiredScopes>,
    /// Values count as secrets: some servers take passwords here (QK-13).
    pub(crate) additional_parameters: Arc<[(String, Secret)]>,
    /// Algorithms for assertions that the server's metadata names.
    pub(crate) signing_algorithms: Option<Arc<[String]>>,
    /// Whether that metadata, had over https, calls the server an http one. For messages only.
    pub(crate) http_advertised: bool,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("endpoint", &self.endpoint.display())
            .finish_non_exhaustive()
    }
}

impl TokenRequest {
    /// Two requests share a token when they are sent in the same words to the same server, by the
    /// same transport, and under the same rules: nobody waits or renews by somebody else's
    /// settings (architecture, step 2).
    pub(crate) fn identity(
        &self,
        transport: &TransportSettings,
        retry: &RetryPolicy,
        renewal: &RenewalPolicy,
    ) -> Fingerprint {
        let mut fields = Fingerprinter::new("token source");
        fields
            .field(self.endpoint.raw().as_bytes())
            .field(self.client_id.as_bytes())
            .include(&self.authentication.fingerprint(self.signing_algorithms.as_deref()))
            .optional(self.audience.as_deref().map(str::as_bytes))
            .optional(self.scope.as_deref().map(str::as_bytes))
            .optional(self.required_scopes.map(|required| required.as_str().as_bytes()));
        for (name, value) in &*self.additional_parameters {
            fields.field(name.as_bytes()).field(value.expose().as_bytes());
        }
        fields
            .include(&transport.fingerprint())
            .field(&retry.attempts.to_be_bytes())
            .field(&retry.max_retry_after.as_nanos().to_be_bytes())
            .field(&retry.deadline.as_nanos().to_be_bytes());
        renewal.identify(&mut fields);
        fields.finish()
    }

    /// The body and what proves who sends it: anew for every HTTP attempt.
    pub(super) async fn prepare(
        &self,
        key: Option<&KeystoreContent>,
        now: Now,
    ) -> Result<(Bytes, Option<HeaderValue>), Error> {
        let mut form = Form::new();
        form.append("grant_type", "client_credentials");
        if let Some(scope) = &self.scope {
            form.append("scope", scope);
        }
        let listed = self.signing_algorithms.as_deref();
        let audience = self.audience.as_deref().unwrap_or(self.endpoint.raw());
        let authorization = self
            .authentication
            .authenticate(key, &self.client_id, audience, listed, &mut form, now)
            .await?;
        for (name, value) in &*self.additional_parameters {
            form.append(name, value.expose());
        }
        Ok((form.into_bytes(), authorization))
    }

    /// The scopes asked for.
    pub(super) fn requested_scopes(&self) -> Vec<String> {
        self.scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect()
    }
}

#[cfg(any(test, fuzzing))]
impl TokenRequest {
    /// Of a client with this secret.
    pub(crate) fn of_client(id: &str, secret: &str, scope: Option<&str>) -> Self {
        let secret = Secret::new(secret.to_owned());
        let Ok(endpoint) = ServerUrl::parse("url", "https://h/token") else { unreachable!() };
        Self {
            endpoint,
            client_id: id.into(),
            authentication: Arc::new(ClientAuthentication::ClientSecretPost { secret }),
            audience: None,
            scope: scope.map(Arc::from),
            required_scopes: None,
            additional_parameters: Arc::new([]),
            signing_algorithms: None,
            http_advertised: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transport::ProxySetting;

    fn identity(change: impl FnOnce(&mut TokenRequest)) -> Fingerprint {
        let mut request = TokenRequest::of_client("client", "s", Some("system/*.rs"));
        request.additional_parameters = Arc::new([("a".to_owned(), Secret::new("1".to_owned()))]);
        change(&mut request);
        let transport = TransportSettings {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            proxy: ProxySetting::Environment,
            no_proxy: None,
            ca: Vec::new(),
            client_certificate: None,
            max_response_bytes: 1024,
            user_agent: "test".to_owned(),
        };
        let retry = RetryPolicy {
            attempts: 3,
            max_retry_after: Duration::from_secs(60),
            deadline: Duration::from_secs(90),
        };
        request.identity(&transport, &retry, &RenewalPolicy::PLAIN)
    }

    #[test]
    fn whatever_is_sent_differently_is_another_identity() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let same = identity(|_| {});
        assert_eq!(same, identity(|_| {}));
        let others = [
            identity(|request| {
                request.endpoint = ServerUrl::parse("url", "https://H/token").unwrap();
            }),
            identity(|request| request.client_id = "client2".into()),
            identity(|request| request.audience = Some("https://h/token".into())),
            identity(|request| request.scope = None),
            identity(|request| request.required_scopes = Some(RequiredScopes::Any)),
            identity(|request| request.required_scopes = Some(RequiredScopes::All)),
            identity(|request| request.scope = Some("".into())),
            identity(|request| {
                request.authentication =
                    Arc::new(ClientAuthentication::ClientSecretPost { secret: secret("t") });
            }),
            identity(|request| {
                request.authentication = Arc::new(ClientAuthentication::ClientSecretBasic {
                    secret: secret("s"),
                    encoding: crate::client_auth::BasicEncoding::Raw,
                });
            }),
            identity(|request| request.additional_parameters = Arc::new([])),
            identity(|request| {
                request.additional_parameters = Arc::new([("a".to_owned(), secret("2"))]);
            }),
            identity(|request| {
                let again = ("a".to_owned(), secret("1"));
                request.additional_parameters = Arc::new([again.clone(), again]);
            }),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(&same, other);
            assert!(!others[..index].contains(other));
        }
    }
}
