//! Tokens that a resource server answers with 401.

use super::RenewalPolicy;
use super::scenario::{Outcome, Phase, Scenario, ms, secs};
use crate::hook::TokenRequestReason::{Expiring, Rejected};
use crate::token::source::scripted::refusal;

/// Holds the replacement of a token that was rejected.
fn with_a_replacement(policy: RenewalPolicy) -> Scenario {
    let mut s = Scenario::holding_with(policy, "one", secs(3600));
    assert!(s.reject("one"));
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    s.brings("replacement", secs(3600));
    s
}

/// For how long each of so many replacements in a row is kept although it is rejected, in seconds.
fn kept(s: &mut Scenario, times: usize) -> Vec<u64> {
    let mut kept = Vec::new();
    for _ in 0..times {
        let mut seconds = 0;
        while !s.reject("replacement") {
            assert_eq!(s.serve(), Outcome::Token("replacement"));
            s.almost_after(secs(1));
            assert!(!s.reject("replacement"));
            s.after(ms(1));
            seconds += 1;
        }
        assert_eq!(s.ask(), Outcome::Departure(Rejected));
        s.brings("replacement", secs(3600));
        kept.push(seconds);
    }
    kept
}

#[test]
fn a_rejected_token_is_dropped_and_the_next_call_asks_for_another() {
    let mut s = Scenario::holding("one", secs(100));
    assert!(s.reject("one"));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!((s.serve(), s.wakes_in()), (Outcome::Nothing, None));
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    s.brings("two", secs(100));
    assert_eq!(s.serve(), Outcome::Token("two"));
    s.after(secs(80));
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("two", Expiring));
}

#[test]
fn late_rejections_of_an_old_token_do_nothing() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.serve();
    s.brings("two", secs(100));
    for _ in 0..50 {
        assert!(!s.reject("one"));
    }
    assert_eq!(s.serve(), Outcome::Token("two"));
    assert!(s.reject("two"));
    for _ in 0..50 {
        assert!(!s.reject("two"));
    }
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    assert!(!s.reject("two"));
    assert_eq!(s.phase(), Phase::Requesting);
}

#[test]
fn only_the_whole_header_rejects_a_token() {
    let mut s = Scenario::holding("one", secs(100));
    for header in ["one", "Bearer", "Bearer on", "bearer one", "Bearer one ", ""] {
        assert!(!s.state.reject(header, s.now), "{header}");
    }
    assert_eq!(s.serve(), Outcome::Token("one"));
}

#[test]
fn a_replacement_that_is_rejected_too_is_kept_for_longer_and_longer_up_to_the_cap() {
    assert_eq!(kept(&mut with_a_replacement(RenewalPolicy::PLAIN), 6), [1, 2, 4, 8, 10, 10]);
    let three = RenewalPolicy { failure_cooldown: secs(3), ..RenewalPolicy::PLAIN };
    assert_eq!(kept(&mut with_a_replacement(three), 4), [1, 2, 3, 3]);
    let never = RenewalPolicy { failure_cooldown: secs(0), ..RenewalPolicy::PLAIN };
    assert_eq!(kept(&mut with_a_replacement(never), 2), [0, 0]);
}

#[test]
fn a_replacement_that_was_good_for_long_is_rejected_as_the_first_one_is() {
    let mut s = with_a_replacement(RenewalPolicy::PLAIN);
    assert_eq!(kept(&mut s, 3), [1, 2, 4]);
    s.after(secs(20));
    assert_eq!(kept(&mut s, 3), [0, 1, 2]);
}

#[test]
fn tokens_that_are_revoked_again_and_again_are_replaced_at_once_each_time() {
    let mut s = with_a_replacement(RenewalPolicy::PLAIN);
    for _ in 0..10 {
        s.after(secs(4));
        assert!(s.reject("replacement"));
        assert_eq!(s.ask(), Outcome::Departure(Rejected));
        s.brings("replacement", secs(3600));
    }
}

#[test]
fn what_follows_a_replacement_at_its_end_is_no_replacement() {
    let mut s = with_a_replacement(RenewalPolicy::PLAIN);
    assert_eq!(kept(&mut s, 3), [1, 2, 4]);
    s.after(secs(3570));
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("replacement", Expiring));
    s.brings("next", secs(3600));
    assert!(s.reject("next"));
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    s.brings("replacement", secs(3600));
    assert_eq!(kept(&mut s, 2), [1, 2]);
}

#[test]
fn a_request_that_fails_after_a_rejection_is_tried_again_for_the_same_reason() {
    let mut s = Scenario::holding("one", secs(100));
    s.reject("one");
    s.ask();
    s.fails(&refusal());
    assert_eq!(s.phase(), Phase::CoolingDown);
    s.after(secs(1));
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    s.brings("replacement", secs(100));
    assert!(!s.reject("replacement"));
}

#[test]
fn a_token_rejected_during_its_renewal_is_dropped_and_its_callers_wait() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.serve();
    assert!(s.reject("one"));
    assert_eq!(s.phase(), Phase::Requesting);
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::WaitsForRenewal);
    s.brings("two", secs(100));
    assert_eq!(s.serve(), Outcome::Token("two"));
    // It was not asked for because of the rejection.
    assert!(s.reject("two"));
}

#[test]
fn clearing_makes_the_next_token_one_like_the_first() {
    let mut s = with_a_replacement(RenewalPolicy::PLAIN);
    s.state.clear();
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    s.brings("two", secs(3600));
    assert!(s.reject("two"));
}
