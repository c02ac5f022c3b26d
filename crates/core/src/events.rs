//! What is worth a word: warnings, and the course of every token request.

use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::hook::TokenRequestReason;

/// A warning: a stable name and a sentence; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Warning {
    /// Stable name.
    pub code: &'static str,
    /// What was seen and what was done about it.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// One HTTP attempt of a token request; nothing in it is secret.
#[derive(Clone, Debug)]
pub struct TokenRequestEvent {
    /// The same for the start and the end of one attempt, and for no other.
    pub id: u64,
    /// The client's id.
    pub client_id: String,
    /// Where, without query and user information.
    pub token_endpoint: String,
    /// Why a token is requested.
    pub reason: TokenRequestReason,
    /// From 1: later ones are retries.
    pub attempt: u32,
    /// What happened.
    pub phase: TokenRequestPhase,
}

/// What happened to an attempt.
#[derive(Clone, Debug)]
pub enum TokenRequestPhase {
    /// It is about to be sent.
    Started,
    /// It brought a token.
    Succeeded {
        /// From its start.
        took: Duration,
    },
    /// It did not.
    Failed {
        /// From its start.
        took: Duration,
        /// Why.
        error: Error,
    },
}

/// Hears of token requests, on the thread that does I/O: it must not block.
pub trait Observer: Send + Sync {
    /// False while nobody would hear it: then no event is made.
    fn is_listening(&self) -> bool;

    /// An attempt has started or ended. False: it was not taken, and its end is not told either.
    fn token_request(&self, event: &TokenRequestEvent) -> bool;
}
