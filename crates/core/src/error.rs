//! What can go wrong, as data.

mod code;
mod message;

use std::time::Duration;

pub use code::ErrorCode;

use crate::hook::HookFailure;
use crate::keys::SignerFailure;

/// One thing that is wrong with the settings or a keystore; found without the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its own code.
    pub code: ErrorCode,
    /// What is wrong and what to do; never a secret.
    pub message: String,
}

impl Problem {
    /// A problem under its own code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A setting that is missing or malformed.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidConfig, message)
    }
}

/// Error body of a token endpoint (RFC 6749 §5.2), cleaned of control characters and echoed credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// `error`
    pub error: String,
    /// `error_description`
    pub description: Option<String>,
    /// `error_uri`
    pub uri: Option<String>,
}

/// An answer of the token endpoint that is no token.
#[derive(Clone, Debug)]
pub struct TokenEndpointError {
    /// The class of the answer.
    pub code: ErrorCode,
    /// Where, without query and user information.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// The OAuth error members, where the body had them.
    pub oauth: Option<OAuthError>,
    /// What the answer said, for a person.
    pub reason: String,
    /// What it probably means and what to try.
    pub hint: Option<String>,
    /// `Retry-After`, where the answer carried it.
    pub retry_after: Option<Duration>,
}

/// A request that got no complete answer.
#[derive(Clone, Debug)]
pub struct TransportError {
    /// Network, TLS or time-out.
    pub code: ErrorCode,
    /// Where, without query and user information.
    pub url: String,
    /// What the transport said.
    pub reason: String,
    /// What to try.
    pub hint: Option<String>,
    /// True where a kept connection was closed by the server as the request was sent: the request
    /// may be sent again at once.
    pub stale_connection: bool,
    /// True where only a change of the settings can help.
    pub permanent: bool,
}

/// A discovery document that could not be had or used.
#[derive(Clone, Debug)]
pub struct DiscoveryError {
    /// The document's address.
    pub url: String,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What is wrong with it, and what to do.
    pub reason: String,
    /// True for 408, 425, 429 and 5xx.
    pub transient: bool,
    /// `Retry-After`, where the answer carried it.
    pub retry_after: Option<Duration>,
}

/// The one error of this crate.
#[derive(Clone, Debug)]
pub enum Error {
    /// One or more problems of settings and keystores, found without the network. Never empty.
    Problems(Vec<Problem>),
    /// A discovery document.
    Discovery(Box<DiscoveryError>),
    /// The metadata at `url` names `found` instead of `expected`.
    IssuerMismatch {
        /// The document's address.
        url: String,
        /// The issuer that was asked for.
        expected: String,
        /// The issuer that it names.
        found: Option<String>,
    },
    /// A discovered token endpoint would be reached in clear text.
    InsecureTokenEndpoint {
        /// The document that names it.
        document: String,
        /// The endpoint.
        endpoint: String,
    },
    /// A discovered token endpoint has an origin that the settings do not name.
    OriginNotAllowed {
        /// The document that names it.
        document: String,
        /// The endpoint.
        endpoint: String,
        /// Where that is, in words that end with the setting that does not name it.
        place: String,
    },
    /// The token endpoint's answer.
    TokenEndpoint(Box<TokenEndpointError>),
    /// No complete answer.
    Transport(Box<TransportError>),
    /// The pre-token hook.
    PreTokenHook(HookFailure),
    /// The external signer of a keystore.
    Signer(SignerFailure),
    /// The interceptor was closed.
    Closed,
    /// The system gives this process no thread or file descriptor: no server can be reached without.
    Shortage {
        /// Of what, and what to do.
        reason: String,
    },
    /// A defect of this package.
    Internal {
        /// What was seen.
        reason: String,
    },
    /// A refusal of a moment ago, which still stands: nothing was asked again.
    Remembered(Box<Error>),
    /// Any of the above, after this many HTTP attempts.
    AfterAttempts {
        /// HTTP attempts made.
        attempts: u32,
        /// The last attempt's error.
        last: Box<Error>,
    },
}

impl Error {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Problems(problems) => match problems.as_slice() {
                [only] => only.code,
                _ => ErrorCode::InvalidConfig,
            },
            Self::Discovery(_) => ErrorCode::Discovery,
            Self::IssuerMismatch { .. } => ErrorCode::IssuerMismatch,
            Self::InsecureTokenEndpoint { .. } => ErrorCode::InsecureUrl,
            Self::OriginNotAllowed { .. } => ErrorCode::OriginNotAllowed,
            Self::TokenEndpoint(error) => error.code,
            Self::Transport(error) => error.code,
            Self::PreTokenHook(_) => ErrorCode::PreTokenHook,
            Self::Signer(_) => ErrorCode::Signer,
            Self::Closed => ErrorCode::Closed,
            Self::Shortage { .. } => ErrorCode::Network,
            Self::Internal { .. } => ErrorCode::Internal,
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.code(),
        }
    }

    /// True when the same call may succeed later with nothing changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Discovery(error) => error.transient,
            // 425: the same request is welcome a moment later (RFC 8470 §5.2).
            Self::TokenEndpoint(error) if error.status == 425 => true,
            Self::Signer(failure) => failure.transient,
            Self::Transport(error) if error.permanent => false,
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.is_transient(),
            _ => matches!(
                self.code(),
                ErrorCode::Network
                    | ErrorCode::Timeout
                    | ErrorCode::RateLimited
                    | ErrorCode::Server
            ),
        }
    }

    /// True where the request met a connection that the server was just closing.
    pub(crate) fn is_stale_connection(&self) -> bool {
        matches!(self, Self::Transport(error) if error.stale_connection)
    }

    /// With one more thing to look at, where it is a server's answer.
    pub(crate) fn with_hint(self, hint: Option<String>) -> Self {
        match (self, hint) {
            (Self::TokenEndpoint(mut error), Some(hint)) => {
                let before = error.hint.take().map(|before| format!("{before}; "));
                error.hint = Some(before.unwrap_or_default() + &hint);
                Self::TokenEndpoint(error)
            }
            (error, _) => error,
        }
    }

    /// The same, told from memory.
    pub(crate) fn remembered(self) -> Self {
        match self {
            Self::Remembered(_) => self,
            error => Self::Remembered(Box::new(error)),
        }
    }

    /// The address concerned, without query and user information.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Discovery(error) => Some(&error.url),
            Self::IssuerMismatch { url, .. } => Some(url),
            Self::InsecureTokenEndpoint { endpoint, .. }
            | Self::OriginNotAllowed { endpoint, .. } => Some(endpoint),
            Self::TokenEndpoint(error) => Some(&error.url),
            Self::Transport(error) => Some(&error.url),
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.url(),
            _ => None,
        }
    }

    /// HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Discovery(error) => error.status,
            Self::TokenEndpoint(error) => Some(error.status),
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.status(),
            _ => None,
        }
    }

    /// The token endpoint's error members.
    #[must_use]
    pub fn oauth(&self) -> Option<&OAuthError> {
        match self {
            Self::TokenEndpoint(error) => error.oauth.as_ref(),
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.oauth(),
            _ => None,
        }
    }

    /// How long the server asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Discovery(error) => error.retry_after,
            Self::TokenEndpoint(error) => error.retry_after,
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.retry_after(),
            _ => None,
        }
    }

    /// The call into JavaScript that failed, where that side knows more of it.
    #[must_use]
    pub fn failed_call(&self) -> Option<u32> {
        match self {
            Self::PreTokenHook(failure) => failure.call,
            Self::Signer(failure) => failure.call,
            Self::Remembered(last) | Self::AfterAttempts { last, .. } => last.failed_call(),
            _ => None,
        }
    }

    /// HTTP attempts made, where any were.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        match self {
            Self::Remembered(last) => last.attempts(),
            // Nothing was sent.
            Self::AfterAttempts { last, .. } if matches!(**last, Self::Signer(_)) => None,
            Self::AfterAttempts { attempts, .. } => Some(*attempts),
            Self::TokenEndpoint(_) | Self::Transport(_) | Self::Discovery(_) => Some(1),
            _ => None,
        }
    }

    /// Every problem of the settings, where there are several.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Problems(problems) if problems.len() > 1 => problems,
            _ => &[],
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(Box::new(error))
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

impl std::error::Error for Error {}
