//! How a token request is authenticated: one file a method.

mod assertion;
mod secret;

use std::sync::Arc;

use reqwest::header::HeaderValue;

use crate::clock::Now;
use crate::error::Error;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::form::Form;
use crate::keys::SigningKey;
use crate::secret::Secret;

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
    PrivateKeyJwt {
        key: Arc<SigningKey>,
        /// For servers behind a proxy that ends TLS: `aud` says `http:` where the URL says `https:`.
        force_http_in_audience: bool,
    },
    ClientSecretBasic {
        secret: Secret,
        encoding: BasicEncoding,
    },
    ClientSecretPost {
        secret: Secret,
    },
}

impl ClientAuthentication {
    pub(crate) const fn method(&self) -> ClientAuthMethod {
        match self {
            Self::PrivateKeyJwt { .. } => ClientAuthMethod::PrivateKeyJwt,
            Self::ClientSecretBasic { .. } => ClientAuthMethod::ClientSecretBasic,
            Self::ClientSecretPost { .. } => ClientAuthMethod::ClientSecretPost,
        }
    }

    /// Adds exactly one proof of who the client is (RFC 6749 §2.3): form members, or the header
    /// that is returned. Called anew for every HTTP attempt: an assertion is good for one (SB-4).
    pub(crate) async fn authenticate(
        &self,
        client_id: &str,
        token_endpoint: &str,
        form: &mut Form,
        now: Now,
    ) -> Result<Option<HeaderValue>, Error> {
        match self {
            Self::PrivateKeyJwt { key, force_http_in_audience } => {
                let audience = assertion::audience(token_endpoint, *force_http_in_audience);
                let assertion = assertion::sign(key, client_id, &audience, now).await?;
                form.append("client_assertion_type", assertion::TYPE);
                form.append("client_assertion", assertion.expose());
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
        }
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut fields = Fingerprinter::new(self.method().as_str());
        match self {
            Self::PrivateKeyJwt { key, force_http_in_audience } => fields
                .field(key.public.thumbprint().as_bytes())
                .field(key.key_id.as_bytes())
                .field(key.algorithm.as_str().as_bytes())
                .field(&[u8::from(*force_http_in_audience)]),
            Self::ClientSecretBasic { secret, encoding } => fields
                .field(secret.expose().as_bytes())
                .field(&[u8::from(*encoding == BasicEncoding::Raw)]),
            Self::ClientSecretPost { secret } => fields.field(secret.expose().as_bytes()),
        };
        fields.finish()
    }
}
