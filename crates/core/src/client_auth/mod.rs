//! How a token request is authenticated: one file a method.

mod assertion;
mod private_key_jwt;
mod secret;

use std::sync::Arc;

use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::clock::Now;
use crate::error::Error;
use crate::events::Warning;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::form::Form;
use crate::keystore::KeystoreContent;
use crate::secret::Secret;

pub(crate) use private_key_jwt::{AssertionParams, PrivateKeyJwt};
pub use private_key_jwt::{CertificateHeader, KeyIdHeader};

/// `clientAuthMethod`, under the names of RFC 7591 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthMethod {
    /// A signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// HTTP Basic (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
}

impl ClientAuthMethod {
    /// Every method, in the order of preference.
    pub const ALL: [Self; 3] =
        [Self::PrivateKeyJwt, Self::ClientSecretBasic, Self::ClientSecretPost];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
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
    ClientSecretBasic { secret: Secret, encoding: BasicEncoding },
    ClientSecretPost { secret: Secret },
}

impl ClientAuthentication {
    pub(crate) const fn method(&self) -> ClientAuthMethod {
        match self {
            Self::PrivateKeyJwt(_) => ClientAuthMethod::PrivateKeyJwt,
            Self::ClientSecretBasic { .. } => ClientAuthMethod::ClientSecretBasic,
            Self::ClientSecretPost { .. } => ClientAuthMethod::ClientSecretPost,
        }
    }

    /// Adds exactly one proof of who the client is (RFC 6749 §2.3): form members, or the header
    /// that is returned. Called anew for every HTTP attempt: an assertion is good for one (SB-4).
    /// `listed`: algorithms that the server's metadata names.
    pub(crate) async fn authenticate(
        &self,
        client_id: &str,
        token_endpoint: &str,
        listed: Option<&[String]>,
        form: &mut Form,
        now: Now,
    ) -> Result<Proof, Error> {
        match self {
            Self::PrivateKeyJwt(method) => {
                let signed = method.sign(client_id, token_endpoint, listed, now).await?;
                form.append("client_assertion_type", assertion::TYPE);
                form.append("client_assertion", signed.assertion.expose());
                Ok(Proof { header: None, key: Some(signed.used), warning: signed.trouble })
            }
            Self::ClientSecretBasic { secret, encoding } => {
                let header = secret::basic(client_id, secret, *encoding)?;
                Ok(Proof { header: Some(header), ..Proof::default() })
            }
            Self::ClientSecretPost { secret } => {
                form.append("client_id", client_id);
                form.append("client_secret", secret.expose());
                Ok(Proof::default())
            }
        }
    }

    /// What is worth knowing about the key before anything is sent.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        match self {
            Self::PrivateKeyJwt(method) => {
                let mut warnings = method.keystore.content().warnings.clone();
                warnings.extend(method.overrides_key());
                warnings
            }
            _ => Vec::new(),
        }
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
        }
        fields.finish()
    }
}

/// What `authenticate` did.
#[derive(Default)]
pub(crate) struct Proof {
    /// Of HTTP Basic.
    pub(crate) header: Option<HeaderValue>,
    /// What the assertion was signed with.
    pub(crate) key: Option<Arc<KeystoreContent>>,
    /// About the keystore.
    pub(crate) warning: Option<Warning>,
}
