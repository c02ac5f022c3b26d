//! The token request of the client credentials grant (RFC 6749 §4.4.2; SMART Backend Services).

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::RenewalPolicy;
use crate::client_auth::ClientAuthentication;
use crate::clock::Now;
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Fingerprinter};
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

/// A form body under construction; wiped when dropped. Serialised as WHATWG URL §5.2: `*` stays,
/// a space is `+`.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(2048)))
    }

    pub(crate) fn append(&mut self, name: &str, value: &str) {
        self.make_room(3 * (name.len() + value.len()) + 2);
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    }

    /// A string that grows by itself leaves its old self behind, unwiped.
    fn make_room(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(2 * needed));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }

    /// The bytes, still wiped when the transport is done with them.
    fn into_bytes(self) -> Bytes {
        struct Wiped(Zeroizing<String>);
        impl AsRef<[u8]> for Wiped {
            fn as_ref(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
        Bytes::from_owner(Wiped(self.0))
    }
}

/// Everything that is sent.
#[derive(Clone)]
pub(crate) struct TokenRequest {
    pub(crate) endpoint: ServerUrl,
    pub(crate) client_id: String,
    pub(crate) authentication: ClientAuthentication,
    /// In the order and the words of the user (SC-2).
    pub(crate) scope: Option<String>,
    /// Values count as secrets: some servers take passwords here (QK-13).
    pub(crate) additional_parameters: Vec<(String, Secret)>,
    /// What the server's metadata says against this request, for the message of a refusal.
    pub(crate) hint: Option<String>,
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
            .include(&self.authentication.fingerprint())
            .optional(self.scope.as_deref().map(str::as_bytes));
        for (name, value) in &self.additional_parameters {
            fields.field(name.as_bytes()).field(value.expose().as_bytes());
        }
        fields
            .include(&transport.fingerprint())
            .field(&retry.attempts.to_be_bytes())
            .field(&retry.max_retry_after.as_nanos().to_be_bytes())
            .field(&retry.deadline.as_nanos().to_be_bytes())
            .field(&renewal.default_lifetime.as_nanos().to_be_bytes())
            .optional(
                renewal
                    .margin
                    .map(|margin| margin.as_nanos().to_be_bytes())
                    .as_ref()
                    .map(|margin| &margin[..]),
            );
        fields.finish()
    }

    /// The body and, for HTTP Basic, the header: anew for every HTTP attempt.
    pub(super) fn prepare(&self, now: Now) -> Result<(Bytes, Option<HeaderValue>), Error> {
        let mut form = Form::new();
        form.append("grant_type", "client_credentials");
        if let Some(scope) = &self.scope {
            form.append("scope", scope);
        }
        let authorization = self.authentication.authenticate(
            &self.client_id,
            self.endpoint.raw(),
            &mut form,
            now,
        )?;
        for (name, value) in &self.additional_parameters {
            form.append(name, value.expose());
        }
        Ok((form.into_bytes(), authorization))
    }

    /// The scopes asked for.
    pub(super) fn requested_scopes(&self) -> Vec<String> {
        self.scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::transport::ProxySetting;

    #[test]
    fn the_body_looks_as_in_the_guide() {
        let mut form = Form::new();
        form.append("grant_type", "client_credentials");
        form.append("scope", "system/*.rs openid");
        form.append(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        assert_eq!(
            form.into_bytes(),
            "grant_type=client_credentials&scope=system%2F*.rs+openid&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
    }

    #[test]
    fn what_the_user_wrote_is_encoded_exactly_once() {
        let mut form = Form::new();
        form.append("scope", "system/Observation.rs?category=http://t.hl7.org/c|laboratory");
        form.append("x", "%20");
        assert_eq!(
            form.into_bytes(),
            "scope=system%2FObservation.rs%3Fcategory%3Dhttp%3A%2F%2Ft.hl7.org%2Fc%7Claboratory&x=%2520"
        );
    }

    fn identity(change: impl FnOnce(&mut TokenRequest)) -> Fingerprint {
        let mut request = TokenRequest {
            endpoint: ServerUrl::parse("url", "https://h/token").unwrap(),
            client_id: "client".to_owned(),
            authentication: ClientAuthentication::ClientSecretPost {
                secret: Secret::new("s".to_owned()),
            },
            scope: Some("system/*.rs".to_owned()),
            additional_parameters: vec![("a".to_owned(), Secret::new("1".to_owned()))],
            hint: None,
        };
        change(&mut request);
        let transport = TransportSettings {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            proxy: ProxySetting::Environment,
            no_proxy: None,
            ca: Vec::new(),
            max_response_bytes: 1024,
            user_agent: "test".to_owned(),
        };
        let retry = RetryPolicy {
            attempts: 3,
            max_retry_after: Duration::from_secs(60),
            deadline: Duration::from_secs(90),
        };
        let renewal = RenewalPolicy { margin: None, default_lifetime: Duration::from_secs(300) };
        request.identity(&transport, &retry, &renewal)
    }

    #[test]
    fn whatever_is_sent_differently_is_another_identity() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let same = identity(|_| {});
        assert_eq!(same, identity(|request| request.hint = Some("x".to_owned())));
        let others = [
            identity(|request| {
                request.endpoint = ServerUrl::parse("url", "https://H/token").unwrap();
            }),
            identity(|request| request.client_id.push('2')),
            identity(|request| request.scope = None),
            identity(|request| request.scope = Some(String::new())),
            identity(|request| {
                request.authentication =
                    ClientAuthentication::ClientSecretPost { secret: secret("t") };
            }),
            identity(|request| {
                request.authentication = ClientAuthentication::ClientSecretBasic {
                    secret: secret("s"),
                    encoding: crate::client_auth::BasicEncoding::Raw,
                };
            }),
            identity(|request| request.additional_parameters.clear()),
            identity(|request| request.additional_parameters[0].1 = secret("2")),
            identity(|request| request.additional_parameters.push(("a".to_owned(), secret("1")))),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(&same, other);
            assert!(!others[..index].contains(other));
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back_from_the_form(name in ".{1,20}", value in ".{0,40}") {
            let mut form = Form::new();
            form.append(&name, &value);
            let read: Vec<_> = form_urlencoded::parse(&form.into_bytes()).into_owned().collect();
            prop_assert_eq!(read, vec![(name, value)]);
        }
    }
}
