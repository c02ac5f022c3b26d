//! Tokens: requested, read, kept and renewed.

mod cache;
mod detail;
mod exchange;
mod failure;
mod hint;
mod inspection;
mod observers;
mod quoting;
mod redaction;
mod request;
mod response;
mod schedule;
mod scope;
mod source;
mod state;
mod timer;
mod topics;

use std::fmt;

use serde_json::{Map, Value};

pub(crate) use cache::SourceCache;
pub(crate) use exchange::TokenEndpoint;
#[cfg(fuzzing)]
pub(crate) use exchange::read_answer;
pub(crate) use inspection::inspect;
#[cfg(fuzzing)]
pub(crate) use inspection::received;
#[cfg(fuzzing)]
pub(crate) use redaction::Redaction;
pub(crate) use request::{RESERVED_PARAMETERS, TokenRequest};
pub(crate) use response::is_b64token;
pub(crate) use schedule::{RenewalPolicy, Schedule};
pub use scope::RequiredScopes;
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
    /// As granted, separated by spaces.
    scope: Box<str>,
    /// `None`: nothing but a header, as most tokens are.
    details: Option<Box<Details>>,
}

/// What only some responses have.
#[derive(Default)]
struct Details {
    missing_scopes: Vec<String>,
    extra: Map<String, Value>,
    warnings: Vec<Warning>,
}

impl Details {
    fn is_empty(&self) -> bool {
        self.missing_scopes.is_empty() && self.extra.is_empty() && self.warnings.is_empty()
    }
}

impl Token {
    pub(crate) fn bearer(access_token: &Secret, schedule: Option<Schedule>) -> Self {
        Self {
            header: Secret::new(format!("{SCHEME}{}", access_token.expose())),
            schedule,
            scope: Box::default(),
            details: None,
        }
    }

    /// As granted; equal to what was asked where the server left it out (RFC 6749 §5.1).
    pub fn granted_scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Asked for and not granted, with SMART's v1/v2 implication.
    #[must_use]
    pub fn missing_scopes(&self) -> &[String] {
        self.details.as_ref().map_or(&[], |details| &details.missing_scopes)
    }

    /// Members of the response that this crate does not interpret; `None` where there are none.
    #[must_use]
    pub fn extra(&self) -> Option<&Map<String, Value>> {
        self.details.as_ref().map(|details| &details.extra).filter(|extra| !extra.is_empty())
    }

    fn warn(&mut self, warnings: Vec<Warning>) {
        if !warnings.is_empty() {
            self.details.get_or_insert_default().warnings.extend(warnings);
        }
    }

    pub(crate) fn warnings(&self) -> &[Warning] {
        self.details.as_ref().map_or(&[], |details| &details.warnings)
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

    /// From then on it must not be handed out. `None`: it has no life of its own and serves those who
    /// wait for it, and them alone (TC-2).
    #[must_use]
    pub fn dies_at(&self) -> Option<Now> {
        let schedule = self.schedule.filter(|schedule| !schedule.lifetime.is_zero());
        schedule.map(|schedule| schedule.expires_at)
    }

    pub(crate) fn has_died(&self, now: Now) -> bool {
        self.dies_at().is_some_and(|end| now.has_reached(end))
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
