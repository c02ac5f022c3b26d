//! `server`: what known servers need besides what SMART says (requirements section 0, QK-2, QK-4, QK-9, QK-18).

use std::borrow::Cow;

use super::authentication;
use crate::client_auth::{Audience, CertificateHeader, ClientAuthMethod, KeyIdHeader};
use crate::keys::SigningAlgorithm;
use crate::options::ClientAuthOptions;

/// A server, or a profile, with settings of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// SMART App Launch, Backend Services: the defaults.
    Smart,
    /// Epic on FHIR.
    Epic,
    /// Oracle Health (Cerner) Millennium.
    OracleHealth,
    /// Okta.
    Okta,
    /// Auth0.
    Auth0,
    /// Keycloak.
    Keycloak,
    /// Microsoft Entra ID.
    Entra,
    /// CMS Beneficiary Claims Data API.
    Bcda,
    /// CMS Data at the Point of Care.
    Dpc,
    /// FAPI 2.0 Security Profile.
    Fapi2,
}

/// What a server needs; `None` and nothing: what everybody gets.
#[derive(Default)]
struct Preset {
    method: Option<ClientAuthMethod>,
    audience: Option<Audience>,
    typ: Option<&'static str>,
    key_id: KeyIdHeader,
    certificate_headers: &'static [CertificateHeader],
    not_before: Option<bool>,
    include_client_id: Option<bool>,
}

impl Server {
    /// Every one of them.
    pub const ALL: [Self; 10] = [
        Self::Smart,
        Self::Epic,
        Self::OracleHealth,
        Self::Okta,
        Self::Auth0,
        Self::Keycloak,
        Self::Entra,
        Self::Bcda,
        Self::Dpc,
        Self::Fapi2,
    ];

    /// Its name in the options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Epic => "epic",
            Self::OracleHealth => "oracle-health",
            Self::Okta => "okta",
            Self::Auth0 => "auth0",
            Self::Keycloak => "keycloak",
            Self::Entra => "entra",
            Self::Bcda => "bcda",
            Self::Dpc => "dpc",
            Self::Fapi2 => "fapi2",
        }
    }

    /// For a key that does not say: the first of these that it can sign with.
    pub(super) const fn algorithms(self) -> &'static [SigningAlgorithm] {
        match self {
            // No RS384 (QK-4).
            Self::Entra => &[SigningAlgorithm::Ps256],
            // FAPI 2.0 Security Profile §5.4.
            Self::Fapi2 => {
                &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]
            }
            _ => &[],
        }
    }

    fn preset(self) -> Preset {
        let nothing = Preset::default();
        match self {
            // `aud` the token endpoint, `typ` JWT, `iat`, at most 300 s: as everybody gets it.
            Self::Smart
            | Self::Epic
            | Self::OracleHealth
            | Self::Okta
            | Self::Keycloak
            | Self::Dpc => nothing,
            Self::Auth0 => Preset { audience: Some(Audience::Issuer), ..nothing },
            Self::Entra => Preset {
                // It finds the key by its certificate and by nothing else (QK-3).
                key_id: KeyIdHeader::Omitted,
                certificate_headers: &[CertificateHeader::Sha256Thumbprint],
                not_before: Some(true),
                include_client_id: Some(true),
                ..nothing
            },
            Self::Bcda => Preset { method: Some(ClientAuthMethod::ClientSecretBasic), ..nothing },
            Self::Fapi2 => Preset {
                audience: Some(Audience::Issuer),
                typ: Some("client-authentication+jwt"),
                ..nothing
            },
        }
    }
}

/// The settings with what the server needs in the places that the user has left open.
pub(super) fn applied(options: &ClientAuthOptions) -> Cow<'_, ClientAuthOptions> {
    let Some(server) = options.server else { return Cow::Borrowed(options) };
    let preset = server.preset();
    let mut applied = options.clone();
    applied.client_auth_method = applied.client_auth_method.or(preset.method);
    let method = authentication::method(&applied);
    let asserts = method.is_some_and(ClientAuthMethod::asserts);
    let assertion = &mut applied.assertion;
    if asserts {
        applied.audience = applied.audience.take().or(preset.audience);
        let typ = preset.typ.map(|typ| Some(typ.to_owned()));
        assertion.typ = assertion.typ.take().or(typ);
        assertion.not_before = assertion.not_before.or(preset.not_before);
        assertion.include_client_id = assertion.include_client_id.or(preset.include_client_id);
    }
    if method == Some(ClientAuthMethod::PrivateKeyJwt) {
        if assertion.key_id == KeyIdHeader::OfKey {
            assertion.key_id = preset.key_id;
        }
        if assertion.certificate_headers.is_empty() {
            assertion.certificate_headers = preset.certificate_headers.to_vec();
        }
    }
    Cow::Owned(applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn options(server: Server) -> ClientAuthOptions {
        ClientAuthOptions {
            server: Some(server),
            keystore: Some("key".to_owned()),
            ..ClientAuthOptions::default()
        }
    }

    #[test]
    fn the_users_own_settings_win() {
        let mut given = options(Server::Entra);
        given.audience = Some(Audience::TokenEndpoint);
        given.assertion.not_before = Some(false);
        given.assertion.key_id = KeyIdHeader::Given("k".to_owned());
        given.assertion.certificate_headers = vec![CertificateHeader::Chain];
        let applied = applied(&given);
        assert_eq!(applied.assertion.not_before, Some(false));
        assert_eq!(applied.assertion.key_id, given.assertion.key_id);
        assert_eq!(applied.assertion.certificate_headers, [CertificateHeader::Chain]);
        assert_eq!(applied.assertion.include_client_id, Some(true), "and the rest is filled in");
    }

    #[test]
    fn what_is_about_assertions_does_not_reach_a_client_that_makes_none() {
        for server in Server::ALL {
            let mut given = options(server);
            given.keystore = None;
            given.client_secret = Some(Secret::new("secret".to_owned()));
            let applied = applied(&given);
            assert!(applied.audience.is_none() && applied.assertion.typ.is_none());
            assert!(applied.assertion.certificate_headers.is_empty());
        }
    }

    #[test]
    fn without_a_server_nothing_is_changed() {
        let given = ClientAuthOptions::default();
        assert!(matches!(applied(&given), Cow::Borrowed(_)));
    }
}
