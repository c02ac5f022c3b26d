//! Sources on the real runtime, with requesters that do as they are told.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::scripted::{Outcome, Script, busy_for, gone, refusal, timer, until};
use super::*;
use crate::hook::TokenRequestReason::{Expiring, Initial, Rejected};

/// No failure stands for longer than the tests care to wait.
const IMPATIENT: RenewalPolicy =
    RenewalPolicy { failure_cooldown: Duration::from_millis(20), ..RenewalPolicy::PLAIN };

fn source(script: &Arc<Script>) -> Arc<TokenSource> {
    Arc::new(script.source(IMPATIENT, timer()))
}

fn flight(source: &Arc<TokenSource>) -> Flight<Arc<Token>> {
    match source.obtain(false, Now::read()) {
        Obtained::Flight { flight, .. } => flight,
        Obtained::Token(_) => panic!("a token, not a flight"),
        Obtained::Refused(error) => panic!("{error}"),
    }
}

fn served(source: &Arc<TokenSource>) -> Option<String> {
    source.serve(Now::read()).map(|served| served.token.access_token().to_owned())
}

async fn obtained(source: &Arc<TokenSource>) -> Result<String, ErrorCode> {
    let result = flight(source).await;
    result.map(|token| token.access_token().to_owned()).map_err(|error| error.code())
}

/// How often the source's readers are told of something, at least: others may share its cell.
async fn announcements(source: &Arc<TokenSource>, change: impl Future<Output = ()>) -> i32 {
    let before = source.cell().value();
    change.await;
    source.cell().value().wrapping_sub(before)
}

#[tokio::test]
async fn sixty_four_threads_that_ask_at_once_share_one_request() {
    let script = Script::holding([Outcome::LASTING]);
    let source = source(&script);
    let everybody = Barrier::new(64);
    let flights: Vec<_> = thread::scope(|scope| {
        let asking = || {
            everybody.wait();
            flight(&source)
        };
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(asking)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    script.release(1);
    for flight in flights {
        assert_eq!(flight.await.unwrap().access_token(), "token-1");
    }
    assert_eq!(served(&source).as_deref(), Some("token-1"));
    assert_eq!(script.reasons(), [Initial]);
}

#[tokio::test]
async fn a_request_goes_on_when_everybody_who_waited_has_left() {
    let script = Script::holding([Outcome::LASTING]);
    let source = source(&script);
    drop(flight(&source));
    script.release(1);
    until("the token is there", || source.live(Now::read()).is_some()).await;
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn a_source_that_nobody_holds_any_more_still_answers_those_who_wait() {
    let script = Script::holding([Outcome::LASTING]);
    let source = source(&script);
    let (flight, gone) = (flight(&source), Arc::downgrade(&source));
    drop(source);
    script.release(1);
    assert_eq!(flight.await.unwrap().access_token(), "token-1");
    until("the source is gone", || gone.strong_count() == 0).await;
}

#[tokio::test]
async fn a_requester_that_panics_fails_its_callers_and_the_next_call_asks_again() {
    for panic in [Outcome::Panic, Outcome::PanicAtOnce] {
        let script = Script::new([panic, Outcome::LASTING]);
        let source = source(&script);
        assert_eq!(obtained(&source).await, Err(ErrorCode::Internal));
        // A defect answers for the server as long as a refusal does.
        until("asked again", || !matches!(source.obtain(false, Now::read()), Obtained::Refused(_)))
            .await;
        until("the token is there", || served(&source).as_deref() == Some("token-2")).await;
        assert_eq!(script.requests(), 2);
    }
}

#[tokio::test]
async fn a_refusal_is_remembered_and_says_so() {
    let script = Script::new([Outcome::Failure(refusal())]);
    let source = Arc::new(script.source(RenewalPolicy::PLAIN, timer()));
    assert_eq!(obtained(&source).await, Err(ErrorCode::TokenRejected));
    let now = Now::read();
    for _ in 0..1000 {
        let Obtained::Refused(error) = source.obtain(false, now) else { panic!("asked again") };
        assert_eq!((error.code(), error.status()), (ErrorCode::TokenRejected, Some(401)));
        assert!(error.to_string().contains("remembered"));
    }
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn the_timer_renews_a_token_that_was_used_and_lets_the_next_one_end() {
    let script = Script::new([Outcome::DUE_SOON, Outcome::SHORT]);
    let source = source(&script);
    assert_eq!(obtained(&source).await.as_deref(), Ok("token-1"));
    until("the timer has renewed it", || script.requests() == 2).await;
    // Nobody has used the second one: it is not renewed, and wiped at its end.
    let is_set = || source.lock().wakes_at.is_some();
    until("the second one is wiped", || source.live(Now::read()).is_none() && !is_set()).await;
    assert_eq!(script.reasons(), [Initial, Expiring]);
    let Unattended { renewals, failures, last_error } = source.unattended();
    assert_eq!((renewals, failures, last_error), (1, 0, None));
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_by_the_timer_while_the_token_is_used() {
    let failure = || Outcome::Failure(busy_for(Duration::from_millis(100)));
    let script = Script::holding([Outcome::DUE_SOON, failure(), failure(), Outcome::LASTING]);
    let source = source(&script);
    script.release(1);
    obtained(&source).await.unwrap();
    for request in 2..=4 {
        until("the timer asks again", || script.requests() == request).await;
        assert_eq!(served(&source).as_deref(), Some("token-1"));
        script.release(1);
    }
    let is_renewed = |token: Arc<Token>| token.access_token() == "token-4";
    until("it is renewed", || source.live(Now::read()).is_some_and(is_renewed)).await;
    assert_eq!(script.reasons(), [Initial, Expiring, Expiring, Expiring]);
    let Unattended { renewals, failures, last_error } = source.unattended();
    assert_eq!((renewals, failures, last_error), (3, 2, Some(ErrorCode::RateLimited)));
}

#[tokio::test]
async fn without_background_renewal_the_timer_asks_for_nothing() {
    let script = Script::new([Outcome::SHORT]);
    let policy = RenewalPolicy { background: false, ..IMPATIENT };
    let source = Arc::new(script.source(policy, timer()));
    obtained(&source).await.unwrap();
    until("it is wiped", || source.lock().wakes_at.is_none()).await;
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn what_a_request_brings_after_clearing_serves_those_who_wait_and_nobody_else() {
    let script = Script::holding([Outcome::LASTING, Outcome::LASTING]);
    let source = source(&script);
    let given_up = flight(&source);
    assert!(source.clear());
    let next = flight(&source);
    script.release(2);
    let names = [given_up.await.unwrap(), next.await.unwrap()];
    let [given_up, next] = names.map(|token| token.access_token().to_owned());
    assert_ne!(given_up, next);
    assert_eq!(served(&source), Some(next));
    assert_eq!(script.reasons(), [Initial, Rejected]);
}

#[tokio::test]
async fn fifty_rejections_of_one_token_lead_to_one_request() {
    let script = Script::new([Outcome::LASTING, Outcome::LASTING]);
    let source = source(&script);
    obtained(&source).await.unwrap();
    let dropped = (0..50).filter(|_| source.reject("Bearer token-1")).count();
    assert_eq!(dropped, 1);
    assert_eq!(obtained(&source).await.as_deref(), Ok("token-2"));
    assert!(!source.reject("Bearer token-1"));
    assert_eq!(script.reasons(), [Initial, Rejected]);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_remembered_until_discovery_confirms_it() {
    let script = Script::new([Outcome::Failure(gone()), Outcome::LASTING]);
    let source = source(&script);
    obtained(&source).await.unwrap_err();
    assert!(source.endpoint_is_gone());
    source.confirm_endpoint();
    assert!(!source.endpoint_is_gone());
}

#[tokio::test]
async fn readers_are_told_of_everything_that_happens_to_a_token() {
    let script = Script::holding([
        Outcome::DUE_SOON,
        Outcome::Failure(busy_for(Duration::ZERO)),
        Outcome::LASTING,
        Outcome::LASTING,
        Outcome::SHORT,
    ]);
    let source = source(&script);
    let arrival = async {
        script.release(1);
        flight(&source).await.unwrap();
    };
    assert!(announcements(&source, arrival).await >= 1, "a token");
    until("the timer asks for the next one", || script.requests() == 2).await;
    let failure = async {
        script.release(1);
        until("it fails", || source.unattended().failures == 1).await;
    };
    assert!(announcements(&source, failure).await >= 1, "a failed renewal");
    let renewal = async {
        script.release(1);
        until("it is renewed", || served(&source).is_some_and(|name| name == "token-3")).await;
    };
    assert!(announcements(&source, renewal).await >= 1, "another token");
    let rejection = async { assert!(source.reject("Bearer token-3")) };
    assert!(announcements(&source, rejection).await >= 1, "a rejection");
    script.release(1);
    flight(&source).await.unwrap();
    let clearing = async { assert!(source.clear()) };
    assert!(announcements(&source, clearing).await >= 1, "clearing");
    let arrival_and_end = async {
        script.release(2);
        flight(&source).await.unwrap();
        until("it is wiped", || source.lock().wakes_at.is_none()).await;
    };
    // A renewal that the timer sets off just before is told of as well.
    assert!(announcements(&source, arrival_and_end).await >= 2, "the end");
}

#[tokio::test]
async fn an_epoch_is_read_before_anything_that_happens_later() {
    let script = Script::new([Outcome::LASTING]);
    let source = source(&script);
    flight(&source).await.unwrap();
    let handed_out = source.serve(Now::read()).unwrap();
    let (peeked, due) = source.peek(Now::read()).unwrap();
    assert!(!due);
    source.clear();
    let after = source.cell().value();
    assert!(handed_out.epoch != after && peeked.epoch != after);
    assert_eq!(source.serve(Now::read()).map(|served| served.epoch), None);
}
