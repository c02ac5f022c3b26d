//! How discovery goes about it, as the settings have it (`discovery`).

use std::sync::Arc;
use std::time::Duration;

/// A kind of document that can name the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoverySource {
    /// `{base}/.well-known/smart-configuration` (SMART App Launch, "Conformance").
    SmartConfiguration,
    /// RFC 8414.
    OauthAuthorizationServer,
    /// OpenID Connect Discovery 1.0.
    OpenidConfiguration,
    /// `oauth-uris` in `{base}/metadata` (SMART App Launch 1.0; deprecated since).
    CapabilityStatement,
}

impl DiscoverySource {
    /// Every source.
    pub const ALL: [Self; 4] = [
        Self::SmartConfiguration,
        Self::OauthAuthorizationServer,
        Self::OpenidConfiguration,
        Self::CapabilityStatement,
    ];

    /// The name in `discovery.order`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmartConfiguration => "smart-configuration",
            Self::OauthAuthorizationServer => "oauth-authorization-server",
            Self::OpenidConfiguration => "openid-configuration",
            Self::CapabilityStatement => "capability-statement",
        }
    }

    /// True for what an authorization server publishes under its issuer, and not a FHIR server
    /// under its base.
    pub(crate) const fn is_of_an_issuer(self) -> bool {
        matches!(self, Self::OauthAuthorizationServer | Self::OpenidConfiguration)
    }
}

/// `discovery`, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DiscoveryPolicy {
    /// `None`: the usual order.
    pub(crate) order: Option<Arc<[DiscoverySource]>>,
    /// In place of what the server says of a document's freshness.
    pub(crate) ttl: Option<Duration>,
    /// What is a warning otherwise is an error.
    pub(crate) strict: bool,
}
