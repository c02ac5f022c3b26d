//! Every way from one state to another, played through with clocks that are moved by hand:
//! here from the first request to the end of a token, `setbacks` what failures leave behind,
//! `rejections` tokens that a resource server refuses, `clocks` what clocks can do.

mod clocks;
mod rejections;
mod scenario;
mod setbacks;

use scenario::{Outcome, Phase, Scenario, secs};

use super::RenewalPolicy;
use crate::error::Error;
use crate::hook::TokenRequestReason::{Expiring, Initial, Rejected};
use crate::token::source::scripted::{outage, refusal, token};

const FOREGROUND: RenewalPolicy = RenewalPolicy { background: false, ..RenewalPolicy::PLAIN };

#[test]
fn an_empty_source_is_asked_once_and_everybody_else_waits() {
    let mut s = Scenario::new();
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Departure(Initial));
    assert_eq!(s.phase(), Phase::Requesting);
    assert_eq!(s.ask(), Outcome::Waits);
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.wakes_in(), None);
    s.after(secs(20));
    assert_eq!(s.ask(), Outcome::Waits);
}

#[test]
fn a_fresh_token_is_given_to_everybody_until_its_renewal_point() {
    let mut s = Scenario::new();
    s.ask();
    s.after(secs(3));
    s.brings("one", secs(100));
    assert_eq!(s.phase(), Phase::Fresh);
    // The lifetime counts from when the request left.
    assert_eq!(s.looks_again_in(), secs(77));
    assert_eq!(s.wakes_in(), Some(secs(77)));
    s.almost_after(secs(77));
    assert_eq!(s.serve(), Outcome::Token("one"));
    assert_eq!(s.ask(), Outcome::Token("one"));
    assert_eq!(s.peek(), Some(("one", false)));
    assert_eq!(s.wake(), Outcome::Nothing);
}

#[test]
fn the_first_call_at_the_renewal_point_gets_the_old_token_and_sets_the_renewal_off() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
    assert_eq!(s.phase(), Phase::Renewing);
    assert_eq!(s.serve(), Outcome::Token("one"));
    // The result is announced: nobody has to come back before the end.
    assert_eq!(s.looks_again_in(), secs(20));
    assert_eq!(s.wakes_in(), Some(secs(20)));
    assert_eq!(s.peek(), Some(("one", false)));
    assert_eq!(s.ask(), Outcome::WaitsForRenewal);
    s.after(secs(1));
    s.brings("two", secs(100));
    assert_eq!(s.phase(), Phase::Fresh);
    assert_eq!(s.serve(), Outcome::Token("two"));
    assert_eq!(s.looks_again_in(), secs(79));
}

#[test]
fn a_caller_that_is_ready_to_wait_gets_the_next_token_where_one_is_due() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
    assert_eq!(s.ask(), Outcome::Waits);
    assert_eq!(s.serve(), Outcome::Token("one"));
    s.brings("two", secs(100));
    assert_eq!(s.ask(), Outcome::Token("two"));
}

#[test]
fn a_token_that_ends_during_its_renewal_is_not_served_and_its_callers_wait() {
    for wiped_before in [false, true] {
        let mut s = Scenario::holding("one", secs(100));
        s.after(secs(80));
        s.serve();
        s.after(secs(20));
        assert_eq!(s.phase(), Phase::Requesting);
        if wiped_before {
            assert_eq!(s.wake(), Outcome::Wiped);
            assert_eq!(s.wakes_in(), None);
        }
        assert_eq!(s.serve(), Outcome::Nothing);
        assert_eq!(s.peek(), None);
        assert_eq!(s.ask(), Outcome::WaitsForRenewal);
        s.brings("two", secs(100));
        assert_eq!(s.phase(), Phase::Fresh);
        assert_eq!(s.serve(), Outcome::Token("two"));
        assert_eq!(s.wakes_in(), Some(secs(60)));
    }
}

#[test]
fn the_timer_renews_a_token_that_is_used_and_leaves_the_next_one_if_nobody_uses_it() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Departure(Expiring));
    assert_eq!(s.phase(), Phase::Renewing);
    s.brings("two", secs(100));
    // Whoever asked for the first one has not been seen since.
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Nothing);
    assert_eq!(s.wakes_in(), Some(secs(20)));
    s.after(secs(20));
    assert_eq!(s.wake(), Outcome::Wiped);
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.wakes_in(), None);
    assert_eq!(s.wake(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn the_timer_leaves_a_token_that_only_callers_with_a_hook_use() {
    let mut s = Scenario::new();
    assert_eq!(s.ask_without_use(), Outcome::Departure(Initial));
    assert_eq!(s.ask_without_use(), Outcome::Waits);
    s.brings("one", secs(100));
    assert_eq!(s.ask_without_use(), Outcome::Token("one"));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Nothing);
    // Once their hook has been asked, they do want the next one.
    assert_eq!(s.ask_without_use(), Outcome::Departure(Expiring));
    s.brings("two", secs(100));
    assert_eq!(s.ask(), Outcome::Token("two"));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Departure(Expiring));
}

#[test]
fn use_while_a_renewal_is_under_way_counts_for_the_token_that_it_brings() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.wake();
    assert_eq!(s.serve(), Outcome::Token("one"));
    s.brings("two", secs(100));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Departure(Expiring));
}

#[test]
fn a_renewal_point_that_passed_by_unused_is_made_up_for_by_the_next_caller() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.wake();
    s.brings("two", secs(100));
    s.after(secs(90));
    assert_eq!(s.wake(), Outcome::Nothing);
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("two", Expiring));
}

#[test]
fn without_background_renewal_a_due_token_is_waited_for_by_the_one_call_that_finds_it() {
    let mut s = Scenario::holding_with(FOREGROUND, "one", secs(100));
    assert_eq!(s.wakes_in(), Some(secs(100)));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Nothing);
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
    // The old one is still good for all the others.
    assert_eq!(s.serve(), Outcome::Token("one"));
    s.brings("two", secs(100));
    assert_eq!(s.serve(), Outcome::Token("two"));
    s.after(secs(100));
    assert_eq!(s.wake(), Outcome::Wiped);
}

#[test]
fn without_background_renewal_a_failed_one_leaves_the_old_token_in_service_for_a_while() {
    let mut s = Scenario::holding_with(FOREGROUND, "one", secs(100));
    s.after(secs(80));
    s.ask();
    s.fails(&outage());
    assert_eq!(s.serve(), Outcome::Token("one"));
    assert_eq!(s.ask(), Outcome::Token("one"));
    s.after(secs(1));
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn a_look_at_the_token_sets_nothing_off_and_is_no_use_of_it() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.wake();
    s.brings("two", secs(100));
    s.after(secs(80));
    assert_eq!(s.peek(), Some(("two", true)));
    assert_eq!(s.phase(), Phase::Fresh);
    // Who sees to the renewal itself need not look again for its sake.
    let (served, _) = s.state.peek(s.now).unwrap();
    assert_eq!(s.now.until(served.look_again_at), secs(20));
    assert_eq!(s.wake(), Outcome::Nothing);
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("two", Expiring));
    assert_eq!(s.peek(), Some(("two", false)));
}

#[test]
fn a_token_that_is_over_when_it_comes_serves_those_who_wait_and_nobody_else() {
    let mut s = Scenario::new();
    s.ask();
    s.brings("over", secs(0));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
    s.after(secs(60));
    s.brings("late", secs(60));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.wakes_in(), None);
}

#[test]
fn a_bare_token_without_a_lifetime_is_not_kept() {
    let mut s = Scenario::new();
    s.ask();
    assert!(s.state.settle(1, Ok(&token("bare", None)), s.now));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn clearing_leads_to_empty_from_every_state_and_the_next_call_asks_at_once() {
    let empty = Scenario::new();
    let mut requesting = Scenario::new();
    requesting.ask();
    let fresh = Scenario::holding("one", secs(100));
    let mut renewing = Scenario::holding("one", secs(100));
    renewing.after(secs(80));
    renewing.serve();
    let mut cooling_down = Scenario::new();
    cooling_down.ask();
    cooling_down.fails(&refusal());
    for (mut s, phase, dropped) in [
        (empty, Phase::Empty, false),
        (requesting, Phase::Requesting, true),
        (fresh, Phase::Fresh, true),
        (renewing, Phase::Renewing, true),
        (cooling_down, Phase::CoolingDown, false),
    ] {
        assert_eq!(s.phase(), phase);
        assert_eq!(s.state.clear(), dropped);
        assert_eq!(s.phase(), Phase::Empty);
        assert_eq!((s.serve(), s.peek(), s.wakes_in()), (Outcome::Nothing, None, None));
        assert_eq!(s.ask(), Outcome::Departure(Rejected));
    }
}

#[test]
fn what_a_request_brings_after_clearing_is_not_kept() {
    let mut s = Scenario::new();
    s.ask();
    s.state.clear();
    assert!(!s.brings_to(0, "given up", secs(100)));
    assert_eq!(s.phase(), Phase::Empty);
    // Nor does it end the request that has taken its place.
    s.ask();
    assert!(!s.brings_to(0, "given up", secs(100)));
    assert_eq!(s.phase(), Phase::Requesting);
    assert!(s.brings_to(1, "two", secs(100)));
    assert!(!s.brings_to(0, "given up", secs(100)));
    assert_eq!(s.serve(), Outcome::Token("two"));
}

#[test]
fn a_failure_after_clearing_leaves_nothing_behind() {
    let mut s = Scenario::new();
    s.ask();
    s.state.clear();
    assert!(!s.state.settle(1, Err(&refusal()), s.now));
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
    assert!(!s.state.settle(1, Err(&Error::Closed), s.now));
    assert_eq!(s.phase(), Phase::Requesting);
}
