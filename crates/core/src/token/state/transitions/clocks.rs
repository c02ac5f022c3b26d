//! What clocks can do: stand, jump and run apart.

use super::scenario::{Outcome, Phase, Scenario, ms, secs};
use crate::hook::TokenRequestReason::{Expiring, Initial};
use crate::token::source::scripted::{outage, refusal};

const HOUR: u64 = 3600;

#[test]
fn a_machine_suspended_beyond_the_end_wakes_up_without_a_token() {
    let mut s = Scenario::holding("one", secs(100));
    s.wall_forward(secs(100));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!((s.serve(), s.peek()), (Outcome::Nothing, None));
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
    s.brings("two", secs(100));
    assert_eq!(s.serve(), Outcome::Token("two"));
    assert_eq!(s.wakes_in(), Some(secs(80)));
}

#[test]
fn the_timer_wipes_what_ended_while_the_machine_was_suspended() {
    let mut s = Scenario::holding("one", secs(100));
    s.wall_forward(secs(HOUR));
    // It goes by the monotonic clock, so that it comes late; nobody gets the token meanwhile.
    assert_eq!(s.wakes_in(), Some(secs(80)));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Wiped);
    assert_eq!(s.wakes_in(), None);
}

#[test]
fn a_wall_clock_that_jumps_to_the_renewal_point_makes_the_token_due() {
    let mut s = Scenario::holding("one", secs(100));
    s.wall_forward(ms(79_999));
    assert_eq!(s.looks_again_in(), ms(1));
    s.wall_forward(ms(1));
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
    // The renewal is under way, although the other clock has not come to its point yet.
    assert_eq!(s.wakes_in(), Some(secs(100)));
    s.wall_forward(secs(20));
    assert_eq!(s.phase(), Phase::Requesting);
    s.wall_back(secs(100));
    assert_eq!(s.phase(), Phase::Renewing);
    assert_eq!(s.looks_again_in(), secs(100));
}

#[test]
fn a_wall_clock_set_back_keeps_no_token_longer() {
    let mut s = Scenario::holding("one", secs(100));
    s.wall_back(secs(HOUR));
    assert_eq!(s.serve(), Outcome::Token("one"));
    assert_eq!(s.looks_again_in(), secs(80));
    s.after(secs(80));
    assert_eq!(s.wake(), Outcome::Departure(Expiring));
    s.after(secs(20));
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.wake(), Outcome::Wiped);
    s.brings("two", secs(100));
    assert_eq!(s.looks_again_in(), secs(60));
}

#[test]
fn a_wall_clock_that_stands_keeps_no_token_longer() {
    let mut s = Scenario::holding("one", secs(100));
    s.monotonic_forward(secs(80));
    assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
    s.monotonic_forward(secs(20));
    assert_eq!(s.phase(), Phase::Requesting);
    assert_eq!(s.wake(), Outcome::Wiped);
}

#[test]
fn a_token_that_ended_on_its_way_to_a_suspended_machine_is_not_kept() {
    let mut s = Scenario::new();
    s.ask();
    s.wall_forward(secs(HOUR));
    s.brings("one", secs(100));
    assert_eq!(s.phase(), Phase::Empty);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn a_wall_clock_set_back_during_a_request_takes_nothing_from_the_token() {
    let mut s = Scenario::new();
    s.ask();
    s.wall_back(secs(HOUR));
    s.brings("one", secs(100));
    assert_eq!(s.looks_again_in(), secs(80));
    s.after(secs(100));
    assert_eq!(s.phase(), Phase::Empty);
}

#[test]
fn no_clock_makes_a_refusal_stand_longer() {
    let refused = || {
        let mut s = Scenario::new();
        s.ask();
        s.fails(&refusal());
        assert_eq!(s.phase(), Phase::CoolingDown);
        s
    };
    let mut set_back = refused();
    set_back.wall_back(secs(HOUR));
    assert_eq!(set_back.ask(), Outcome::Refused);
    set_back.after(secs(1));
    assert_eq!(set_back.ask(), Outcome::Departure(Initial));
    let mut suspended = refused();
    suspended.wall_forward(secs(1));
    assert_eq!(suspended.ask(), Outcome::Departure(Initial));
    let mut standing = refused();
    standing.monotonic_forward(secs(1));
    assert_eq!(standing.ask(), Outcome::Departure(Initial));
}

#[test]
fn no_clock_keeps_a_failed_renewal_from_being_tried_again() {
    let failed = || {
        let mut s = Scenario::holding("one", secs(100));
        s.after(secs(80));
        s.serve();
        s.fails(&outage());
        assert_eq!(s.serve(), Outcome::Token("one"));
        s
    };
    let mut set_back = failed();
    set_back.wall_back(secs(HOUR));
    assert_eq!(set_back.looks_again_in(), secs(1));
    set_back.after(secs(1));
    assert_eq!(set_back.wake(), Outcome::Departure(Expiring));
    let mut suspended = failed();
    suspended.wall_forward(secs(1));
    assert_eq!(suspended.serve(), Outcome::TokenAndDeparture("one", Expiring));
    let mut standing = failed();
    standing.monotonic_forward(secs(1));
    assert_eq!(standing.serve(), Outcome::TokenAndDeparture("one", Expiring));
}

#[test]
fn a_rejected_replacement_is_kept_no_longer_by_any_clock() {
    let replaced = || {
        let mut s = Scenario::holding("one", secs(100));
        s.reject("one");
        s.ask();
        s.brings("two", secs(100));
        assert!(!s.reject("two"));
        s
    };
    let mut set_back = replaced();
    set_back.wall_back(secs(HOUR));
    assert!(!set_back.reject("two"));
    set_back.after(secs(1));
    assert!(set_back.reject("two"));
    let mut suspended = replaced();
    suspended.wall_forward(secs(1));
    assert!(suspended.reject("two"));
}
