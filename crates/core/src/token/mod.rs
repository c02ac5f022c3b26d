//! Tokens: requested, read, kept and renewed.

mod cache;
mod exchange;
mod failure;
mod observers;
mod redaction;
mod request;
mod response;
mod schedule;
mod scope;
mod source;
mod state;
mod timer;

use std::fmt;

use serde_json::{Map, Value};

pub(crate) use cache::SourceCache;
pub(crate) use exchange::TokenEndpoint;
pub(crate) use request::{RESERVED_PARAMETERS, TokenRequest};
pub(crate) use response::is_b64token;
pub(crate) use schedule::{RenewalPolicy, Schedule};
pub(crate) use scope::is_scope_token;
pub(crate) use source::{Obtained, Served, TokenSource, Unattended};
pub(crate) use timer::Timer;

use crate::clock::Now;
use crate::events::Warning;
use crate::secret::Secret;

const SCHEME: &str = "Bearer ";

/// An access token with what the server said about it.
pub struct Token {
    /// `Bearer <token>`, built once.
    header: Secret,
    pub(crate) schedule: Option<Schedule>,
    /// As granted; equal to what was asked where the server left it out (RFC 6749 §5.1).
    pub granted_scopes: Vec<String>,
    /// Asked for and not granted, with SMART's v1/v2 implication.
    pub missing_scopes: Vec<String>,
    /// Members of the response that this crate does not interpret.
    pub extra: Map<String, Value>,
    pub(crate) warnings: Vec<Warning>,
}

impl Token {
    pub(crate) fn bearer(access_token: &Secret, schedule: Option<Schedule>) -> Self {
        Self {
            header: Secret::new(format!("{SCHEME}{}", access_token.expose())),
            schedule,
            granted_scopes: Vec::new(),
            missing_scopes: Vec::new(),
            extra: Map::new(),
            warnings: Vec::new(),
        }
    }

    /// The value of the `Authorization` header (RFC 6750 §2.1).
    #[must_use]
    pub fn header(&self) -> &str {
        self.header.expose()
    }

    /// The bare token.
    #[must_use]
    pub fn access_token(&self) -> &str {
        &self.header()[SCHEME.len()..]
    }

    /// When it ends; `None` for a bare token from a hook.
    #[must_use]
    pub fn expires_at(&self) -> Option<Now> {
        self.schedule.map(|schedule| schedule.expires_at)
    }

    /// True while it may be handed out from a cache.
    pub(crate) fn is_live(&self, now: Now) -> bool {
        self.schedule.is_some_and(|schedule| !now.has_reached(schedule.expires_at))
    }

    pub(crate) fn is_due(&self, now: Now) -> bool {
        self.schedule.is_none_or(|schedule| now.has_reached(schedule.renews_at))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}
