//! The stable names of failures.

/// Stable name of a failure; what programs compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A setting is missing, malformed, or contradicts another one.
    InvalidConfig,
    /// No keystore of that name, or no such file.
    KeystoreNotFound,
    /// It is encrypted: the passphrase is missing or wrong.
    KeystorePassphrase,
    /// A format or cipher that this version does not read.
    KeystoreUnsupported,
    /// The bytes are not what they claim to be.
    KeystoreCorrupt,
    /// It was read, but it cannot sign an assertion.
    KeystoreUnusableKey,
    /// A discovery document could not be had or used.
    Discovery,
    /// Metadata names another issuer than the one asked for (RFC 8414 §3.3).
    IssuerMismatch,
    /// `http://` off the loopback interface.
    InsecureUrl,
    /// A discovered token endpoint has an origin that the settings do not allow.
    OriginNotAllowed,
    /// The token endpoint refused the request (RFC 6749 §5.2).
    TokenRejected,
    /// A success status without a usable token response (RFC 6749 §5.1).
    TokenResponse,
    /// A token type that this client does not know how to use (RFC 6749 §7.1).
    UnsupportedTokenType,
    /// The token was granted without the scopes that the client requires (RFC 6749 §3.3).
    ScopeNotGranted,
    /// The token endpoint redirected; credentials are never sent on (RFC 9700 §4.12).
    Redirect,
    /// The server could not be reached, or the connection broke.
    Network,
    /// The TLS handshake failed.
    Tls,
    /// No answer in time.
    Timeout,
    /// 429.
    RateLimited,
    /// 408 or 5xx.
    Server,
    /// The pre-token hook threw, did not answer, or returned something unusable.
    PreTokenHook,
    /// An external signer threw, did not answer, or returned no signature of its key.
    Signer,
    /// The interceptor was closed.
    Closed,
    /// A defect of this package.
    Internal,
}

impl ErrorCode {
    /// The name that JavaScript sees as `error.code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidConfig => "ERR_INVALID_CONFIG",
            Self::KeystoreNotFound => "ERR_KEYSTORE_NOT_FOUND",
            Self::KeystorePassphrase => "ERR_KEYSTORE_PASSPHRASE",
            Self::KeystoreUnsupported => "ERR_KEYSTORE_UNSUPPORTED",
            Self::KeystoreCorrupt => "ERR_KEYSTORE_CORRUPT",
            Self::KeystoreUnusableKey => "ERR_KEYSTORE_UNUSABLE_KEY",
            Self::Discovery => "ERR_DISCOVERY",
            Self::IssuerMismatch => "ERR_ISSUER_MISMATCH",
            Self::InsecureUrl => "ERR_INSECURE_URL",
            Self::OriginNotAllowed => "ERR_ORIGIN_NOT_ALLOWED",
            Self::TokenRejected => "ERR_TOKEN_REJECTED",
            Self::TokenResponse => "ERR_TOKEN_RESPONSE",
            Self::UnsupportedTokenType => "ERR_UNSUPPORTED_TOKEN_TYPE",
            Self::ScopeNotGranted => "ERR_SCOPE_NOT_GRANTED",
            Self::Redirect => "ERR_REDIRECT",
            Self::Network => "ERR_NETWORK",
            Self::Tls => "ERR_TLS",
            Self::Timeout => "ERR_TIMEOUT",
            Self::RateLimited => "ERR_RATE_LIMITED",
            Self::Server => "ERR_SERVER",
            Self::PreTokenHook => "ERR_PRE_TOKEN_HOOK",
            Self::Signer => "ERR_SIGNER",
            Self::Closed => "ERR_CLOSED",
            Self::Internal => "ERR_INTERNAL",
        }
    }
}
