//! Tokens, failures and a requester, written out beforehand by tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{RequestToken, TokenSource};
use crate::clock::Now;
use crate::error::{Error, ErrorCode, TokenEndpointError};
use crate::events::Observer;
use crate::hook::TokenRequestReason;
use crate::secret::Secret;
use crate::token::{RenewalPolicy, Schedule, Timer, Token};

/// `invalid_client`: nothing helps but another setting.
pub(crate) fn refusal() -> Error {
    answered(ErrorCode::TokenRejected, 401, None)
}

/// It can pass.
pub(crate) fn outage() -> Error {
    answered(ErrorCode::Server, 503, None)
}

/// It passes when the server says.
pub(crate) fn busy_for(retry_after: Duration) -> Error {
    answered(ErrorCode::RateLimited, 429, Some(retry_after))
}

/// The address is not a token endpoint any more.
pub(crate) fn gone() -> Error {
    answered(ErrorCode::TokenRejected, 410, None)
}

fn answered(code: ErrorCode, status: u16, retry_after: Option<Duration>) -> Error {
    Error::TokenEndpoint(Box::new(TokenEndpointError {
        code,
        url: "https://as/token".to_owned(),
        status,
        oauth: None,
        reason: "scripted".to_owned(),
        hint: None,
        retry_after,
    }))
}

pub(crate) fn token(name: &str, schedule: Option<Schedule>) -> Arc<Token> {
    Arc::new(bearer(name, schedule))
}

fn bearer(name: &str, schedule: Option<Schedule>) -> Token {
    Token::bearer(&Secret::new(name.to_owned()), schedule)
}

/// What a request comes to.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// A token, named after the number of its request.
    Token {
        renews_in: Duration,
        ends_in: Duration,
    },
    Failure(Error),
    Panic,
    /// Before there is even a future to wait for.
    PanicAtOnce,
}

impl Outcome {
    /// No renewal within any test.
    pub(crate) const LASTING: Self =
        Self::Token { renews_in: Duration::from_secs(1800), ends_in: Duration::from_secs(3600) };

    /// Due at once, and living for long.
    pub(crate) const DUE_SOON: Self =
        Self::Token { renews_in: Duration::from_millis(5), ends_in: Duration::from_secs(3600) };

    /// Due at once, and over soon; not before a busy machine has handed it out.
    pub(crate) const SHORT: Self =
        Self::Token { renews_in: Duration::from_millis(5), ends_in: Duration::from_secs(1) };
}

/// Answers requests one after the other; those beyond the script are refused.
pub(crate) struct Script {
    outcomes: Mutex<VecDeque<Outcome>>,
    reasons: Mutex<Vec<TokenRequestReason>>,
    /// Every answer takes a permit.
    gate: Semaphore,
}

struct Requester(Arc<Script>);

impl Script {
    pub(crate) fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(1000), ..Self::held(outcomes) })
    }

    /// Its answers wait for `release`.
    pub(crate) fn holding(outcomes: impl IntoIterator<Item = Outcome>) -> Arc<Self> {
        Arc::new(Self::held(outcomes))
    }

    fn held(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        Self {
            outcomes: Mutex::new(outcomes.into_iter().collect()),
            reasons: Mutex::default(),
            gate: Semaphore::new(0),
        }
    }

    pub(crate) fn release(&self, answers: usize) {
        self.gate.add_permits(answers);
    }

    pub(crate) fn source(
        self: &Arc<Self>,
        policy: RenewalPolicy,
        timer: &'static Timer,
    ) -> TokenSource {
        TokenSource::new(Box::new(Requester(self.clone())), policy, timer)
    }

    pub(crate) fn reasons(&self) -> Vec<TokenRequestReason> {
        self.reasons.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.reasons.lock().unwrap().len()
    }

    async fn play(&self, number: usize, outcome: Outcome) -> Result<Token, Error> {
        self.gate.acquire().await.unwrap().forget();
        match outcome {
            Outcome::Token { renews_in, ends_in } => {
                let now = Now::read();
                let schedule = Schedule {
                    renews_at: now.plus(renews_in),
                    expires_at: now.plus(ends_in),
                    lifetime: ends_in,
                };
                Ok(bearer(&format!("token-{number}"), Some(schedule)))
            }
            Outcome::Failure(error) => Err(error),
            Outcome::Panic | Outcome::PanicAtOnce => without_a_message(),
        }
    }
}

impl RequestToken for Requester {
    fn request_token(&self, reason: TokenRequestReason) -> BoxFuture<'_, Result<Token, Error>> {
        let number = {
            let mut reasons = self.0.reasons.lock().unwrap();
            reasons.push(reason);
            reasons.len()
        };
        let next = self.0.outcomes.lock().unwrap().pop_front();
        let outcome = next.unwrap_or(Outcome::Failure(refusal()));
        if matches!(outcome, Outcome::PanicAtOnce) {
            without_a_message();
        }
        self.0.play(number, outcome).boxed()
    }

    fn attach(&self, _: &Arc<dyn Observer>) {}
}

/// A timer of its own, as long as the process.
pub(crate) fn timer() -> &'static Timer {
    Box::leak(Box::default())
}

/// Returns as soon as it is so; what never becomes so fails the test.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..30_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("never so: {what}");
}

/// A panic that the output of the tests does not show.
fn without_a_message() -> ! {
    std::panic::resume_unwind(Box::new("scripted"))
}
