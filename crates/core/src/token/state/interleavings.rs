//! Anything in any order: calls, answers, failures, rejections, clearing, callers that leave, the
//! timer, and clocks that go on, stand and jump, over a few sources at once. The models know what has
//! to hold; after each step it asserts:
//!
//! 1. at most one flight of a source would be kept, and a caller that waits, waits for that one;
//! 2. a header is handed out by the source that asked for it, while neither clock has reached its
//!    end, and never after it was rejected, replaced, wiped or cleared;
//! 3. what a flight brings after `clear` is not kept, and does not end the flight after it;
//! 4. nothing departs while a refusal stands, and none stands longer than the policy says;
//! 5. a living token is given to whoever calls: only without background renewal, and only at its
//!    renewal point, is the next one waited for;
//! 6. a due token is renewed by whoever uses it, and by the timer if somebody has used it, unless a
//!    renewal failed a moment ago;
//! 7. only the current token is dropped by a rejection, and a token that is no replacement always is;
//! 8. the timer is set while there is a token, for its end at the latest; each of its looks moves
//!    it into the future; and a caller is never told to look again at once;
//! 9. in the end every waiter has been answered, and every source gives tokens again.

mod source;
mod world;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::RenewalPolicy;
use source::{Answered, Seen};
use world::{Header, Passing, Step, World};

const SOURCES: usize = 3;

/// Out of a few numbers: they are made, and shrink, far faster than nested strategies.
fn step() -> impl Strategy<Value = Step> {
    (0..48_u8, 0..16_u8, any::<u32>(), 0.0..=1.0).prop_map(|(kind, source, number, chance)| {
        // Much happens to one source, so that long stories come about.
        let source = usize::from(source.saturating_sub(13));
        let pick = (number >> 8) as usize;
        match kind {
            0..12 => Step::Call(source),
            12..14 => Step::Ask(source),
            14..16 => Step::AskOnce(source),
            16 => Step::Peek(source),
            17..21 => Step::Pass(passing(number)),
            21..24 => Step::Timer { source, is_late: false },
            24..27 => Step::Timer { source, is_late: true },
            27 => Step::Wake(source),
            28..42 => Step::Settle { source, flight: pick, answered: answered(number, chance) },
            42..45 => Step::Reject { source, header: header(number) },
            45 => Step::Clear(source),
            46 => Step::Abort(pick),
            _ => Step::Close(source),
        }
    })
}

fn duration(number: u32) -> Duration {
    let most = match number % 32 {
        0..20 => 3_000,
        20..29 => 60_000,
        29..31 => 4_000_000,
        _ => 200_000_000,
    };
    Duration::from_millis(u64::from(number / 32) % most)
}

fn passing(number: u32) -> Passing {
    let time = duration(number / 8);
    match number % 8 {
        0..5 => Passing::Both(time),
        5 => Passing::MonotonicAlone(time),
        6 => Passing::WallForward(time),
        _ => Passing::WallBack(time),
    }
}

fn answered(number: u32, chance: f64) -> Answered {
    let seconds = u64::from(number / 16);
    let token = |lifetime| Answered::Token { lifetime, chance };
    match number % 16 {
        0..7 => token(Duration::from_secs(30 + seconds % 4_000)),
        7..9 => token(Duration::from_secs(1 + seconds % 20)),
        9 => token(Duration::from_millis(seconds % 2)),
        10 => token(Duration::from_secs(1_000_000_000)),
        11..13 => Answered::Outage,
        13..15 => Answered::Refusal,
        _ => Answered::Busy(duration(number / 16)),
    }
}

fn header(number: u32) -> Header {
    match number % 8 {
        0..5 => Header::Current,
        5 => Header::Past((number / 8) as usize),
        6 => Header::OfSource((number / 8) as usize % SOURCES),
        _ => Header::Of(["", "Bearer", "Bearer x"][(number / 8) as usize % 3]),
    }
}

fn policy() -> impl Strategy<Value = RenewalPolicy> {
    (0..4_u64, 0.0..=1.0, any::<bool>(), 0..5_usize).prop_map(
        |(margin, jitter, background, cooldown)| RenewalPolicy {
            margin: (margin < 3).then_some(Duration::from_secs(margin * 300)),
            jitter,
            background,
            failure_cooldown: Duration::from_secs([10, 0, 3, 60, 3600][cooldown]),
            ..RenewalPolicy::PLAIN
        },
    )
}

fn policies() -> impl Strategy<Value = Vec<RenewalPolicy>> {
    vec(policy(), SOURCES)
}

fn play(policies: Vec<RenewalPolicy>, steps: Vec<Step>) -> Seen {
    let mut world = World::new(policies);
    for step in steps {
        world.take(step);
        world.check();
    }
    world.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn whatever_happens_the_invariants_hold(
        policies in policies(), steps in vec(step(), 60..200),
    ) {
        play(policies, steps);
    }
}

#[test]
fn the_interleavings_get_everywhere() {
    let mut runner = TestRunner::deterministic();
    let mut seen = Seen::default();
    for _ in 0..100 {
        let run = (policies(), vec(step(), 60..200)).new_tree(&mut runner).unwrap();
        let (policies, steps) = run.current();
        seen.add(&play(policies, steps));
    }
    let rare = seen.iter().find(|(_, times)| *times < 10);
    assert_eq!(rare, None, "{seen:?}");
}
