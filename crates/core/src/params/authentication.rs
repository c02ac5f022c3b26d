//! Which method a client uses, with what it needs.

use std::sync::Arc;

use crate::client_auth::{
    AssertionParams, ClientAuthMethod, ClientAuthentication, ClientSecretJwt, KeyIdHeader,
    PrivateKeyJwt,
};
use crate::error::{Error, Problem};
use crate::keystore::{Keystore, Keystores};
use crate::options::ClientAuthOptions;
use crate::secret::Secret;

/// The user's word; else by what there is. `None`: there is nothing.
pub(super) fn method(options: &ClientAuthOptions) -> Option<ClientAuthMethod> {
    match options.client_auth_method {
        Some(method) => Some(method),
        None if options.keystore.is_some() => Some(ClientAuthMethod::PrivateKeyJwt),
        None if options.client_secret.is_some() => Some(ClientAuthMethod::ClientSecretBasic),
        None if options.http.client_certificate.is_some() => Some(ClientAuthMethod::TlsClientAuth),
        None => None,
    }
}

/// Smile's rule: a keystore wins over a secret (SE-1), unless the method says otherwise.
pub(super) fn keystore(
    options: &ClientAuthOptions,
    keystores: &Keystores,
) -> Result<Option<Arc<Keystore>>, Problem> {
    let wanted = method(options) == Some(ClientAuthMethod::PrivateKeyJwt);
    match options.keystore.as_deref().filter(|_| wanted) {
        Some(name) => keystores.find(name).map(Some).map_err(|error| match error {
            Error::Problems(mut problems) if problems.len() == 1 => problems.remove(0),
            other => Problem::new(other.code(), other.to_string()),
        }),
        None => Ok(None),
    }
}

/// `None` where the keystore's own problem has been told already.
pub(super) fn authentication(
    options: &ClientAuthOptions,
    keystore: Option<&Arc<Keystore>>,
    assertion: AssertionParams,
) -> Result<Option<ClientAuthentication>, Problem> {
    let Some(method) = method(options) else {
        return Err(Problem::config(
            "none of keystore, clientSecret and http.clientCertificate is set; the client needs one of them to authenticate",
        ));
    };
    Ok(Some(match method {
        ClientAuthMethod::PrivateKeyJwt => {
            return match (&options.keystore, keystore) {
                (None, _) => {
                    Err(Problem::config("clientAuthMethod private_key_jwt needs a keystore"))
                }
                (Some(_), None) => Ok(None),
                (Some(_), Some(keystore)) => by_key(keystore, assertion).map(Some),
            };
        }
        ClientAuthMethod::ClientSecretJwt => by_secret(secret(options, method)?, assertion)?,
        ClientAuthMethod::ClientSecretPost => {
            ClientAuthentication::ClientSecretPost { secret: secret(options, method)? }
        }
        ClientAuthMethod::ClientSecretBasic => ClientAuthentication::ClientSecretBasic {
            secret: secret(options, method)?,
            encoding: options.basic_encoding,
        },
        ClientAuthMethod::TlsClientAuth => by_certificate(options)?,
    }))
}

fn by_key(
    keystore: &Arc<Keystore>,
    assertion: AssertionParams,
) -> Result<ClientAuthentication, Problem> {
    let method = PrivateKeyJwt { keystore: keystore.clone(), assertion };
    method.check()?;
    Ok(ClientAuthentication::PrivateKeyJwt(Box::new(method)))
}

/// What only a key has is refused rather than left without effect.
fn by_secret(secret: Secret, assertion: AssertionParams) -> Result<ClientAuthentication, Problem> {
    let of_a_key = [
        ("algorithm", assertion.algorithm.is_some()),
        ("keyId", matches!(assertion.key_id, KeyIdHeader::Given(_))),
        ("jwksUrl", assertion.jwks_url.is_some()),
        ("certificateHeaders", !assertion.certificate_headers.is_empty()),
    ];
    if let Some((name, _)) = of_a_key.iter().find(|(_, is_set)| *is_set) {
        return Err(Problem::config(format!(
            "assertion.{name} is about a key, and client_secret_jwt has none (it signs HS256 with \
             clientSecret); remove it, or use private_key_jwt with a keystore"
        )));
    }
    let method = ClientSecretJwt { secret, terms: assertion.terms };
    method.check()?;
    Ok(ClientAuthentication::ClientSecretJwt(Box::new(method)))
}

fn by_certificate(options: &ClientAuthOptions) -> Result<ClientAuthentication, Problem> {
    if options.http.client_certificate.is_none() {
        return Err(Problem::config(
            "clientAuthMethod tls_client_auth needs http.clientCertificate",
        ));
    }
    let is_clear_text =
        |url: &String| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    if options.token_endpoint.as_ref().is_some_and(is_clear_text) {
        return Err(Problem::config(
            "tokenEndpoint is not https, and without TLS there is no certificate to authenticate \
             with (tls_client_auth)",
        ));
    }
    Ok(ClientAuthentication::TlsClientAuth)
}

fn secret(options: &ClientAuthOptions, method: ClientAuthMethod) -> Result<Secret, Problem> {
    match &options.client_secret {
        Some(secret) if secret.expose().is_empty() => Err(Problem::config("clientSecret is empty")),
        Some(secret) if secret.expose().contains(char::is_control) => Err(Problem::config(
            "clientSecret: control characters are not allowed (a stray line break from a file?)",
        )),
        Some(secret) => Ok(secret.clone()),
        None => {
            Err(Problem::config(format!("clientAuthMethod {} needs clientSecret", method.as_str())))
        }
    }
}
