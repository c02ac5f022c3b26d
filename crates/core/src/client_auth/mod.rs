//! How a token request is authenticated: one file a method.

mod assertion;
mod audience;
mod client_secret_jwt;
mod private_key_jwt;
mod secret;
mod terms;

use std::sync::{Arc, Weak};
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::clock::Now;
use crate::error::Error;
use crate::events::Warning;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::form::Form;
use crate::keys::{KeystoreFormat, SignerFailure};
use crate::keystore::KeystoreContent;
use crate::printable::printable;
use crate::secret::Secret;

pub use audience::Audience;
pub(crate) use audience::AudienceSource;
pub(crate) use client_secret_jwt::ClientSecretJwt;
pub(crate) use private_key_jwt::{AssertionParams, PrivateKeyJwt};
pub use private_key_jwt::{CertificateHeader, KeyIdHeader};
pub(crate) use terms::AssertionTerms;

/// `clientAuthMethod`, under the names of RFC 7591 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMethod {
    /// A signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// HTTP Basic (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// An assertion that the secret authenticates (RFC 7523 §2.2).
    ClientSecretJwt,
    /// The certificate of the TLS connection (RFC 8705 §2), whoever has issued it.
    TlsClientAuth,
}

impl ClientAuthMethod {
    /// Every method, in the order of preference.
    pub const ALL: [Self; 5] = [
        Self::PrivateKeyJwt,
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::TlsClientAuth,
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::TlsClientAuth => "tls_client_auth",
        }
    }

    /// True for a method that sends an assertion (RFC 7521 §4.2).
    pub(crate) const fn asserts(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::ClientSecretJwt)
    }
}

/// How id and secret are written before Base64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasicEncoding {
    /// Percent-encoded; identical to `Raw` for ordinary credentials (RFC 6749 §2.3.1).
    #[default]
    Rfc6749,
    /// As they are, for servers that do not decode.
    Raw,
}

/// A method with what it needs.
#[derive(Clone, Debug)]
pub(crate) enum ClientAuthentication {
    PrivateKeyJwt(Box<PrivateKeyJwt>),
    ClientSecretBasic {
        secret: Secret,
        encoding: BasicEncoding,
    },
    ClientSecretPost {
        secret: Secret,
    },
    ClientSecretJwt(Box<ClientSecretJwt>),
    /// By the transport, which has the certificate.
    TlsClientAuth,
}

impl ClientAuthentication {
    pub(crate) const fn method(&self) -> ClientAuthMethod {
        match self {
            Self::PrivateKeyJwt(_) => ClientAuthMethod::PrivateKeyJwt,
            Self::ClientSecretBasic { .. } => ClientAuthMethod::ClientSecretBasic,
            Self::ClientSecretPost { .. } => ClientAuthMethod::ClientSecretPost,
            Self::ClientSecretJwt(_) => ClientAuthMethod::ClientSecretJwt,
            Self::TlsClientAuth => ClientAuthMethod::TlsClientAuth,
        }
    }

    /// Adds exactly one proof of who the client is (RFC 6749 §2.3): form members, or the header
    /// that is returned. Called anew for every HTTP attempt: an assertion is good for one (SB-4).
    /// `audience`: of assertions. `key`: of `current_key`; `listed`: algorithms that the server's metadata names.
    pub(crate) async fn authenticate(
        &self,
        key: Option<&KeystoreContent>,
        client_id: &str,
        audience: &str,
        listed: Option<&[String]>,
        form: &mut Form,
        now: Now,
    ) -> Result<Option<HeaderValue>, Error> {
        match self {
            Self::PrivateKeyJwt(method) => {
                let current = method.keystore.content();
                let key = key.unwrap_or(&current);
                let assertion = method.sign(key, client_id, audience, listed, now).await?;
                append(client_id, &assertion, &method.assertion.terms, form);
                Ok(None)
            }
            Self::ClientSecretJwt(method) => {
                let assertion = method.sign(client_id, audience, now)?;
                append(client_id, &assertion, &method.terms, form);
                Ok(None)
            }
            Self::ClientSecretBasic { secret, encoding } => {
                secret::basic(client_id, secret, *encoding).map(Some)
            }
            Self::ClientSecretPost { secret } => {
                form.append("client_id", client_id);
                form.append("client_secret", secret.expose());
                Ok(None)
            }
            // Whose certificate it is, the server can only look up under the id (RFC 8705 §2).
            Self::TlsClientAuth => {
                form.append("client_id", client_id);
                Ok(None)
            }
        }
    }

    /// What every assertion says; `None` for a method without assertions.
    pub(crate) fn terms(&self) -> Option<&AssertionTerms> {
        match self {
            Self::PrivateKeyJwt(method) => Some(&method.assertion.terms),
            Self::ClientSecretJwt(method) => Some(&method.terms),
            _ => None,
        }
    }

    /// True if discovery has to confirm the issuer.
    pub(crate) fn wants_confirmed_issuer(&self) -> bool {
        self.terms().is_some_and(|terms| terms.audience == AudienceSource::ConfirmedIssuer)
    }

    /// Whom the assertions are for, where that is not the URL that they are sent to.
    pub(crate) fn audience(
        &self,
        confirmed_issuer: Option<&Arc<str>>,
    ) -> Result<Option<Arc<str>>, Error> {
        match self.terms().map(|terms| &terms.audience) {
            None | Some(AudienceSource::TokenEndpoint) => Ok(None),
            Some(AudienceSource::Given(audience)) => Ok(Some(audience.clone())),
            // Never another audience instead (AF-4).
            Some(AudienceSource::ConfirmedIssuer) => match confirmed_issuer {
                Some(issuer) => Ok(Some(issuer.clone())),
                None => Err(Error::Internal { reason: "no issuer was confirmed".to_owned() }),
            },
        }
    }

    /// What signs now; a file that may have changed is looked at before.
    pub(crate) async fn current_key(&self) -> Option<Arc<KeystoreContent>> {
        let Self::PrivateKeyJwt(method) = self else { return None };
        method.keystore.look_if_due().await;
        Some(method.keystore.content())
    }

    /// True if what signs now is something else than this.
    pub(crate) fn is_other_key(&self, used: &Weak<KeystoreContent>) -> bool {
        match self {
            Self::PrivateKeyJwt(method) => {
                !Weak::ptr_eq(used, &Arc::downgrade(&method.keystore.content()))
            }
            _ => false,
        }
    }

    /// What is worth knowing about a key that signs.
    pub(crate) fn warnings(&self, key: Option<&KeystoreContent>) -> Vec<Warning> {
        match self {
            Self::PrivateKeyJwt(method) => {
                let current = method.keystore.content();
                method.warnings(key.unwrap_or(&current)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Why the keystore's file as it is now is not in use, where that is so.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self {
            Self::PrivateKeyJwt(method) => method.keystore.trouble().map(|trouble| trouble.message),
            _ => None,
        }
    }

    /// The failure of an external signer that has used up the time of a whole request.
    pub(crate) fn late_signer(&self, time: Duration) -> Option<Error> {
        let Self::PrivateKeyJwt(method) = self else { return None };
        let is_external = method.keystore.content().format == KeystoreFormat::External;
        let failure = SignerFailure::late(time, "retry.deadlineMs");
        is_external.then(|| Error::Signer(failure.of_keystore(method.keystore.name())))
    }

    /// What the server's metadata has decided that whoever registered the key may not know.
    pub(crate) fn chosen_by_server(&self, listed: Option<&[String]>) -> Option<Warning> {
        match self {
            Self::PrivateKeyJwt(method) => method.chosen_by_server(listed?),
            _ => None,
        }
    }

    /// What the server's metadata says against the algorithm that will be used, in words.
    pub(crate) fn unlisted_algorithm(&self, listed: Option<&[String]>) -> Option<String> {
        let listed = listed?;
        let said = match self {
            Self::PrivateKeyJwt(method) => method.unlisted_algorithm(listed)?,
            Self::ClientSecretJwt(_) => {
                let algorithm = ClientSecretJwt::ALGORITHM;
                if listed.iter().any(|name| name == algorithm) {
                    return None;
                }
                format!("client_secret_jwt signs {algorithm}")
            }
            _ => return None,
        };
        Some(format!("{said}, while the server lists {}", enumerate(listed)))
    }

    /// Every public key of the client, to register with a server (SA-5); `None` without a key.
    pub(crate) fn public_jwks(&self) -> Option<Value> {
        match self {
            Self::PrivateKeyJwt(method) => Some(method.public_jwks()),
            _ => None,
        }
    }

    /// True if there is another key now than the one that `used` had: a server may have refused
    /// that because its successor has taken its place.
    pub(crate) async fn has_other_key(&self, used: &Arc<KeystoreContent>) -> bool {
        match self {
            Self::PrivateKeyJwt(method) => method.keystore.look_now(used).await,
            _ => false,
        }
    }

    pub(crate) fn fingerprint(&self, listed: Option<&[String]>) -> Fingerprint {
        let mut fields = Fingerprinter::new(self.method().as_str());
        match self {
            Self::PrivateKeyJwt(method) => method.identify(listed, &mut fields),
            Self::ClientSecretBasic { secret, encoding } => {
                fields
                    .field(secret.expose().as_bytes())
                    .field(&[u8::from(*encoding == BasicEncoding::Raw)]);
            }
            Self::ClientSecretPost { secret } => {
                fields.field(secret.expose().as_bytes());
            }
            Self::ClientSecretJwt(method) => {
                fields.field(method.secret.expose().as_bytes());
                method.terms.identify(&mut fields);
            }
            // The certificate is part of the transport's identity.
            Self::TlsClientAuth => {}
        }
        fields.finish()
    }
}

/// The members of RFC 7521 §4.2.
fn append(client_id: &str, assertion: &Secret, terms: &AssertionTerms, form: &mut Form) {
    if terms.include_client_id {
        form.append("client_id", client_id);
    }
    form.append("client_assertion_type", assertion::TYPE);
    form.append("client_assertion", assertion.expose());
}

/// Names from a server, for a person.
pub(crate) fn enumerate(listed: &[String]) -> String {
    const SHOWN: usize = 12;
    const LONGEST: usize = 40;
    if listed.is_empty() {
        return "none".to_owned();
    }
    let names = listed.iter().take(SHOWN).map(|name| printable(name, LONGEST));
    names.collect::<Vec<String>>().join(", ")
}
