//! Small random histories against the definitions; the sources of reads.

use proptest::prelude::*;

use super::history::{Access, Fault, History, INIT, Outcome, Recorder, Span};
use super::oracle;
use crate::Value;
use crate::budget::Budget;
use crate::isolation::{self, Level};
use crate::sessions::{self, Guarantee};

/// A unit of a random history: its session, and its accesses: a key, and a write or the number of
/// the write to read from.
pub(crate) type Shape = (i64, Vec<(i64, Option<usize>)>);

pub(crate) fn shapes(units: usize, accesses: usize) -> impl Strategy<Value = Vec<Shape>> {
    let access = (0..2i64, prop::option::weighted(0.55, 0..8usize));
    let unit = (0..3i64, prop::collection::vec(access, 1..=accesses));
    prop::collection::vec(unit, 1..=units)
}

/// A history in which each read returns the initial value or one that its key was left with.
pub(crate) fn history(shapes: &[Shape]) -> History {
    let mut recorder = Recorder::new(&Value::Nil);
    // The values each key is left with by some unit.
    let mut values: [Vec<i64>; 2] = Default::default();
    let value = |unit: usize, at: usize| (unit * 10 + at) as i64;
    for (unit, (_, accesses)) in shapes.iter().enumerate() {
        for key in 0..2i64 {
            let last = accesses.iter().rposition(|(k, f)| *k == key && f.is_none());
            values[key as usize].extend(last.map(|at| value(unit, at)));
        }
    }
    for (unit, (session, accesses)) in shapes.iter().enumerate() {
        let mut own: [Option<i64>; 2] = [None; 2];
        let lowered = accesses.iter().enumerate().map(|(at, (key, read))| {
            let slot = &mut own[*key as usize];
            match read {
                None => {
                    *slot = Some(value(unit, at));
                    recorder.write(&Value::Int(*key), &Value::Int(value(unit, at)))
                }
                Some(choice) => {
                    let others = values[*key as usize].iter().copied();
                    let others: Vec<i64> = others.filter(|v| *v / 10 != unit as i64).collect();
                    let other = others.get(choice % (others.len() + 1)).copied();
                    let read = slot.or(other).map_or(Value::Nil, Value::Int);
                    recorder.read(&Value::Int(*key), &read)
                }
            }
        });
        let lowered: Vec<Access> = lowered.collect();
        recorder.unit(*session, span(unit as u64), Outcome::Committed, &lowered);
    }
    recorder.finish()
}

fn span(index: u64) -> Span {
    Span {
        invoked: index,
        completed: index,
        time: None,
    }
}

pub(crate) fn holds(history: &History, guarantee: Guarantee) -> bool {
    let meter = &mut Budget::unlimited().meter();
    sessions::violations(history, guarantee, meter).is_ok_and(|found| found.is_empty())
}

fn isolates(history: &History, level: Level) -> bool {
    let meter = &mut Budget::unlimited().meter();
    isolation::violations(history, level, meter).is_ok_and(|found| found.is_empty())
}

/// Whether the axiom of a level has a commit order.
fn commits(history: &History, level: Level) -> bool {
    let reads = |unit, other, at: usize| {
        let earlier = &history.reads(unit)[..at];
        earlier.iter().any(|read| read.source == other)
    };
    let is_own =
        |unit, other| history.session_of(unit) == history.session_of(other) && other < unit;
    let co = oracle::causality(history);
    oracle::has_commit_order(history, |unit, other, at| match level {
        Level::ReadCommitted => reads(unit, other, at),
        Level::ReadAtomic => is_own(unit, other) || reads(unit, other, history.reads(unit).len()),
        Level::Causal => co[other as usize][unit as usize],
    })
}

proptest! {
    #[test]
    fn causality_is_decided_as_by_trying_every_order(shapes in shapes(7, 1)) {
        let history = history(&shapes);
        prop_assert_eq!(holds(&history, Guarantee::Causal), oracle::is_causal(&history));
        prop_assert_eq!(
            holds(&history, Guarantee::CausalConvergence),
            oracle::is_convergent(&history)
        );
        prop_assert_eq!(
            holds(&history, Guarantee::CausalMemory),
            oracle::is_causal_memory(&history)
        );
        prop_assert_eq!(holds(&history, Guarantee::Pram), oracle::is_pram(&history));
    }

    #[test]
    fn isolation_is_decided_as_by_trying_every_order(shapes in shapes(5, 4)) {
        let history = history(&shapes);
        for (level, name) in Level::NAMES {
            prop_assert_eq!(isolates(&history, level), commits(&history, level), "{}", name);
        }
    }

    #[test]
    fn isolation_without_sessions_is_decided_as_by_trying_every_order(shapes in shapes(5, 4)) {
        let history = history(&shapes).apart();
        let meter = &mut Budget::unlimited().meter();
        let causal = isolation::sessionless::violations(&history, meter).expect("no limit");
        prop_assert_eq!(causal.is_empty(), commits(&history, Level::Causal));
        for level in [Level::ReadCommitted, Level::ReadAtomic] {
            prop_assert_eq!(isolates(&history, level), commits(&history, level), "{:?}", level);
        }
    }

    #[test]
    fn what_holds_is_never_stronger_than_what_fails(shapes in shapes(8, 1)) {
        let history = history(&shapes);
        for (guarantee, name) in Guarantee::NAMES {
            for implied in guarantee.implied() {
                prop_assert!(
                    !holds(&history, guarantee) || holds(&history, *implied),
                    "{name} holds, {} does not", implied.name()
                );
            }
        }
    }

    #[test]
    fn stronger_isolation_implies_weaker(shapes in shapes(6, 4)) {
        let history = history(&shapes);
        let [committed, atomic, causal] = Level::NAMES.map(|(level, _)| isolates(&history, level));
        prop_assert!(!causal || atomic);
        prop_assert!(!atomic || committed);
    }
}

/// `r` or `w`, the key and the value.
type MicroOp = (&'static str, i64, i64);

/// A unit for each list of accesses, each in a session of its own.
fn recorded(units: &[(Outcome, &[MicroOp])]) -> History {
    let mut recorder = Recorder::new(&Value::Int(0));
    for (at, (outcome, accesses)) in units.iter().enumerate() {
        let accesses: Vec<Access> = accesses
            .iter()
            .map(|(f, key, value)| {
                let (key, value) = (Value::Int(*key), Value::Int(*value));
                match *f {
                    "w" => recorder.write(&key, &value),
                    _ => recorder.read(&key, &value),
                }
            })
            .collect();
        recorder.unit(at as i64, span(at as u64), *outcome, &accesses);
    }
    recorder.finish()
}

#[test]
fn reads_find_their_writers() {
    use Outcome::{Aborted, Committed, Indefinite};
    let history = recorded(&[
        (Committed, &[("w", 1, 5), ("w", 1, 6), ("r", 1, 6)]),
        (Aborted, &[("w", 1, 7)]),
        (Indefinite, &[("w", 1, 8)]),
        (Indefinite, &[("w", 1, 9)]),
        (
            Committed,
            &[("r", 1, 6), ("r", 1, 6), ("r", 1, 8), ("r", 2, 0)],
        ),
        (
            Committed,
            &[
                ("r", 1, 5),
                ("r", 1, 7),
                ("r", 1, 99),
                ("r", 3, 4),
                ("w", 3, 4),
                ("r", 3, 5),
            ],
        ),
    ]);
    assert_eq!(history.units(), 4, "the write of 9 was never seen");
    let sources: Vec<u32> = history.reads(2).iter().map(|read| read.source).collect();
    assert_eq!(sources, [0, 0, 1, INIT]);
    assert!(history.reads(0).is_empty(), "an own value says nothing");
    let faults: Vec<Fault> = history
        .misreads
        .iter()
        .map(|misread| misread.fault)
        .collect();
    assert_eq!(
        faults,
        [
            Fault::Intermediate,
            Fault::Aborted,
            Fault::ThinAir,
            Fault::Future,
            Fault::Internal
        ]
    );
}

#[test]
fn values_written_twice_tell_nothing() {
    use Outcome::{Aborted, Committed};
    let history = recorded(&[
        (Committed, &[("w", 1, 5)]),
        (Committed, &[("w", 1, 5), ("w", 2, 0)]),
        (Aborted, &[("w", 3, 5)]),
        (Committed, &[("w", 3, 5)]),
        (Committed, &[("r", 1, 5), ("r", 2, 0), ("r", 3, 5)]),
    ]);
    assert_eq!(history.ambiguous_reads, 2);
    assert_eq!(
        history.reads(3).len(),
        1,
        "a write that failed is not a second one"
    );
}

#[test]
fn an_indefinite_unit_ends_its_session() {
    let mut recorder = Recorder::new(&Value::Nil);
    let (key, value) = (Value::Int(1), Value::Int(1));
    let write = recorder.write(&key, &value);
    let read = recorder.read(&key, &value);
    recorder.unit(3, span(0), Outcome::Indefinite, &[write]);
    recorder.unit(3, span(1), Outcome::Committed, &[read]);
    let history = recorder.finish();
    assert_eq!(history.processes, [3, 3]);
}
