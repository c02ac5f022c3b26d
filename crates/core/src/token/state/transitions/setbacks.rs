//! Failures: what they answer for, what they hold up, and for how long.

use super::scenario::{Outcome, Phase, Scenario, ms, secs};
use super::{FOREGROUND, RenewalPolicy};
use crate::hook::TokenRequestReason::{Expiring, Initial, Rejected};
use crate::token::source::scripted::{busy_for, outage, refusal};

fn with_cooldown(seconds: u64) -> Scenario {
    Scenario::with(RenewalPolicy { failure_cooldown: secs(seconds), ..RenewalPolicy::PLAIN })
}

/// How long each of so many refusals in a row answers for the server, in seconds.
fn refusals(s: &mut Scenario, times: usize) -> Vec<u64> {
    let mut stood = Vec::new();
    for _ in 0..times {
        assert!(matches!(s.ask(), Outcome::Departure(_)));
        s.fails(&refusal());
        let mut seconds = 0;
        while s.phase() == Phase::CoolingDown {
            assert_eq!(s.ask(), Outcome::Refused);
            s.almost_after(secs(1));
            assert_eq!(s.ask(), Outcome::Refused);
            s.after(ms(1));
            seconds += 1;
        }
        // Recovery is immediate.
        assert_eq!(s.phase(), Phase::Empty);
        stood.push(seconds);
    }
    stood
}

#[test]
fn a_refusal_is_answered_from_memory_for_longer_and_longer_up_to_the_cap() {
    assert_eq!(refusals(&mut Scenario::new(), 6), [1, 2, 4, 8, 10, 10]);
    assert_eq!(refusals(&mut with_cooldown(3), 4), [1, 2, 3, 3]);
    assert_eq!(refusals(&mut with_cooldown(0), 2), [0, 0]);
}

#[test]
fn a_success_makes_the_next_refusal_the_first_again() {
    let mut s = Scenario::new();
    assert_eq!(refusals(&mut s, 3), [1, 2, 4]);
    assert_eq!(s.ask(), Outcome::Departure(Initial));
    s.brings("one", secs(100));
    s.after(secs(100));
    assert_eq!(refusals(&mut s, 2), [1, 2]);
}

#[test]
fn clearing_makes_the_next_refusal_the_first_again() {
    let mut s = Scenario::new();
    assert_eq!(refusals(&mut s, 3), [1, 2, 4]);
    s.state.clear();
    assert_eq!(refusals(&mut s, 2), [1, 2]);
}

#[test]
fn a_refusal_after_a_failure_that_can_pass_is_the_first_again() {
    let mut s = Scenario::new();
    assert_eq!(refusals(&mut s, 3), [1, 2, 4]);
    for _ in 0..3 {
        s.ask();
        s.fails(&outage());
    }
    assert_eq!(refusals(&mut s, 2), [1, 2]);
}

#[test]
fn refusals_past_counting_stand_for_the_cap() {
    let mut s = Scenario::new();
    for _ in 0..100 {
        s.ask();
        s.fails(&refusal());
        s.after(secs(10));
    }
    assert_eq!(refusals(&mut s, 1), [10]);
}

#[test]
fn after_a_failure_that_can_pass_the_next_caller_asks_at_once() {
    let mut s = Scenario::new();
    for _ in 0..5 {
        assert_eq!(s.ask(), Outcome::Departure(Initial));
        assert_eq!(s.phase(), Phase::Requesting);
        s.fails(&outage());
        assert_eq!(s.phase(), Phase::Empty);
    }
}

#[test]
fn retry_after_stands_as_long_as_the_server_asks_up_to_the_cap() {
    for (asked, stands) in [(4, 4), (10, 10), (3600, 10)] {
        let mut s = Scenario::new();
        s.ask();
        s.fails(&busy_for(secs(asked)));
        assert_eq!(s.phase(), Phase::CoolingDown);
        s.almost_after(secs(stands));
        assert_eq!(s.ask(), Outcome::Refused);
        s.after(ms(1));
        assert_eq!(s.ask(), Outcome::Departure(Initial));
    }
    let mut s = Scenario::new();
    s.ask();
    s.fails(&busy_for(secs(0)));
    assert_eq!(s.ask(), Outcome::Departure(Initial));
}

#[test]
fn a_failed_renewal_keeps_the_token_and_pauses_longer_and_longer() {
    let mut s = Scenario::holding("one", secs(3600));
    s.after(secs(3570));
    let mut pauses = Vec::new();
    for _ in 0..4 {
        assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
        s.fails(&outage());
        assert_eq!(s.phase(), Phase::Fresh);
        assert_eq!(s.ask(), Outcome::Token("one"));
        let pause = s.looks_again_in();
        assert_eq!(s.wakes_in(), Some(pause));
        pauses.push(pause);
        s.almost_after(pause);
        assert_eq!(s.serve(), Outcome::Token("one"));
        s.after(ms(1));
    }
    // At the fourth time 23 s are left: a quarter of that.
    assert_eq!(pauses, [secs(1), secs(2), secs(4), ms(5750)]);
}

#[test]
fn a_renewal_is_tried_again_within_what_is_left_of_a_short_token() {
    let mut s = Scenario::holding("one", secs(5));
    s.after(secs(4));
    let mut pauses = Vec::new();
    while let Outcome::TokenAndDeparture(..) = s.serve() {
        s.fails(&outage());
        let pause = s.wakes_in().unwrap();
        pauses.push(pause.as_millis());
        s.after(pause);
    }
    // A quarter of the rest each time, and not more often than ten times a second.
    assert_eq!(pauses, [250, 187, 140, 105, 100, 100, 100, 16]);
    assert_eq!(s.wake(), Outcome::Wiped);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn retry_after_of_a_failed_renewal_is_waited_for_as_long_as_the_server_asks() {
    for (asked, pause) in [(12, 12), (45, 45)] {
        let mut s = Scenario::holding_with(
            RenewalPolicy { margin: Some(secs(100)), ..RenewalPolicy::PLAIN },
            "one",
            secs(3600),
        );
        s.after(secs(3500));
        s.serve();
        s.fails(&busy_for(secs(asked)));
        assert_eq!(s.looks_again_in(), secs(pause));
        assert_eq!(s.wakes_in(), Some(secs(pause)));
        s.almost_after(secs(pause));
        assert_eq!(s.serve(), Outcome::Token("one"));
        s.after(ms(1));
        assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
    }
}

#[test]
fn renewals_that_fail_for_long_are_tried_every_half_minute() {
    let patient = RenewalPolicy { margin: Some(secs(1800)), ..RenewalPolicy::PLAIN };
    let mut s = Scenario::holding_with(patient, "one", secs(3600));
    s.after(secs(1800));
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
        s.fails(&outage());
        pauses.push(s.looks_again_in().as_secs());
        s.after(s.wakes_in().unwrap());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[test]
fn a_pause_that_reaches_beyond_the_end_holds_nobody_up_longer_than_the_refusal_stands() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(98));
    s.serve();
    s.fails(&busy_for(secs(3600)));
    assert_eq!(s.looks_again_in(), secs(2));
    assert_eq!(s.wakes_in(), Some(secs(2)));
    s.after(secs(2));
    assert_eq!(s.phase(), Phase::CoolingDown);
    assert_eq!(s.ask(), Outcome::Refused);
    s.after(secs(8));
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn a_failed_renewal_is_tried_again_by_the_timer_if_somebody_uses_the_token() {
    for used in [true, false] {
        let mut s = Scenario::holding("one", secs(100));
        s.after(secs(80));
        assert_eq!(s.wake(), Outcome::Departure(Expiring));
        s.fails(&outage());
        if used {
            assert_eq!(s.serve(), Outcome::Token("one"));
        }
        assert_eq!(s.wakes_in(), Some(secs(1)));
        s.after(secs(1));
        if used {
            assert_eq!(s.wake(), Outcome::Departure(Expiring));
        } else {
            assert_eq!(s.wake(), Outcome::Nothing);
            assert_eq!(s.wakes_in(), Some(secs(19)));
            assert_eq!(s.serve(), Outcome::TokenAndDeparture("one", Expiring));
        }
    }
}

#[test]
fn a_refused_renewal_stands_for_callers_once_the_token_is_over() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(99) + ms(500));
    s.serve();
    s.fails(&refusal());
    assert_eq!(s.phase(), Phase::Fresh);
    assert_eq!(s.serve(), Outcome::Token("one"));
    s.after(ms(500));
    assert_eq!(s.ask(), Outcome::Refused);
    s.after(ms(500));
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
}

#[test]
fn a_renewal_that_fails_after_the_token_is_over_leaves_the_source_empty() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.serve();
    s.after(secs(20));
    s.fails(&outage());
    assert_eq!(s.phase(), Phase::Empty);
    // The timer is late: what is over is wiped as soon as it comes.
    assert_eq!(s.wakes_in(), Some(secs(0)));
    assert_eq!(s.wake(), Outcome::Wiped);
    assert_eq!(s.ask(), Outcome::Departure(Expiring));
    s.fails(&refusal());
    assert_eq!(s.phase(), Phase::CoolingDown);
}

#[test]
fn a_refusal_stands_although_the_token_is_rejected_and_is_forgotten_by_clearing() {
    let mut s = Scenario::holding("one", secs(100));
    s.after(secs(80));
    s.serve();
    s.fails(&refusal());
    assert!(s.reject("one"));
    assert_eq!(s.ask(), Outcome::Refused);
    s.state.clear();
    assert_eq!(s.ask(), Outcome::Departure(Rejected));
}

#[test]
fn no_renewal_leaves_while_a_refusal_stands_however_long_it_may() {
    let hour = RenewalPolicy {
        margin: Some(secs(1800)),
        failure_cooldown: secs(3600),
        ..RenewalPolicy::PLAIN
    };
    for policy in [hour, RenewalPolicy { background: false, ..hour }] {
        let mut s = Scenario::holding_with(policy, "one", secs(3600));
        s.after(secs(1800));
        s.ask();
        s.fails(&busy_for(secs(600)));
        s.after(secs(599));
        assert_eq!(s.serve(), Outcome::Token("one"));
        assert_eq!(s.ask(), Outcome::Token("one"));
        assert_eq!(s.wake(), Outcome::Nothing);
        assert_eq!(s.looks_again_in(), secs(1));
        s.after(secs(1));
        assert_eq!(s.ask(), Outcome::Departure(Expiring));
    }
}

#[test]
fn without_background_renewal_a_refusal_is_told_only_to_callers_without_a_token() {
    let mut s = Scenario::holding_with(FOREGROUND, "one", secs(100));
    s.after(secs(99) + ms(500));
    s.ask();
    s.fails(&refusal());
    assert_eq!(s.serve(), Outcome::Token("one"));
    assert_eq!(s.ask(), Outcome::Token("one"));
    s.after(ms(500));
    assert_eq!(s.serve(), Outcome::Nothing);
    assert_eq!(s.ask(), Outcome::Refused);
}
