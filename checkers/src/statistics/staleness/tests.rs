//! Lags against the definition by brute force, and by hand; agreement by hand.

use proptest::prelude::*;

use super::super::Collector;
use super::*;
use crate::recording::Recording;

fn measured(recording: &Recording) -> Staleness {
    let mut collector = Collector::with_staleness();
    recording.ops.iter().for_each(|op| collector.push(op));
    collector.finish().staleness.expect("it was asked for")
}

fn at_node(recording: &mut Recording, node: &'static str) {
    for op in recording.ops.iter_mut().rev().take(2) {
        op.node = Some(node.into());
    }
}

#[test]
fn a_read_is_stale_by_what_finished_before_it_began() {
    let mut recording = Recording::default();
    for value in 1..=3 {
        recording.call(0, "write", value);
        at_node(&mut recording, "n1");
    }
    // Two writes late: the first of them, of 2, finished in event 3, this begins in event 6.
    recording.call(1, "read", 1);
    at_node(&mut recording, "n2");
    recording.call(1, "read", 3);
    at_node(&mut recording, "n1");
    let staleness = measured(&recording);
    assert_eq!((staleness.overall.reads, staleness.overall.stale), (2, 1));
    assert_eq!(staleness.overall.k_max, 2);
    let bucket = Bucket {
        from: 2,
        to: Some(2),
        reads: 1,
    };
    assert_eq!(staleness.overall.k, [bucket]);
    let delta = staleness.overall.delta.expect("the history has times");
    assert!((2_950_000..=3_050_000).contains(&delta.max), "{delta:?}");
    let by_node: Vec<_> = staleness
        .nodes
        .iter()
        .map(|n| (n.name.as_str(), n.stale))
        .collect();
    assert_eq!(by_node, [("n1", 0), ("n2", 1)]);
}

#[test]
fn what_a_read_overlaps_makes_it_not_stale() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    recording.invoke(0, "write", 2);
    recording.call(1, "read", 1);
    recording.ok(0, "write", 2);
    // Indefinite: it may never happen.
    recording.invoke(2, "write", 3);
    recording.info(2, "write", 3);
    recording.call(1, "read", 2);
    // Written twice: nobody knows which it is.
    recording.call(0, "write", 2);
    let staleness = measured(&recording);
    assert_eq!((staleness.overall.reads, staleness.overall.stale), (1, 0));
    assert_eq!(staleness.untold, 1);
}

#[test]
fn replicas_agree_after_the_last_write() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    recording.call(0, "write", 2);
    for (node, value) in [("n1", 2), ("n2", 1), ("n2", 2)] {
        recording.call(1, "read", value);
        at_node(&mut recording, node);
    }
    let agreed = measured(&recording).convergence;
    // The write ends in event 3, the agreement begins with the answer of event 9.
    let expected = Convergence {
        converged: 1,
        slowest_ns: Some(6_000_000),
        ..Convergence::default()
    };
    assert_eq!(agreed, expected);
    recording.call(1, "read", 1);
    at_node(&mut recording, "n1");
    assert_eq!(measured(&recording).convergence.diverged, 1);
    recording.invoke(2, "write", 3);
    assert_eq!(measured(&recording).convergence.untested, 1);
}

/// The definition, read off the events.
fn lags_by_definition(recording: &Recording) -> Vec<u64> {
    let ops = &recording.ops;
    let end_of = |begin: usize| {
        let mut later = (begin + 1)..ops.len();
        later.find(|at| ops[*at].process == ops[begin].process)
    };
    let calls = (0..ops.len()).filter(|at| ops[*at].kind == OpType::Invoke);
    let calls: Vec<(usize, usize)> = calls
        .filter_map(|at| Some((at, end_of(at)?)))
        .filter(|(_, end)| ops[*end].kind == OpType::Ok)
        .collect();
    let is_write = |at: usize| ops[at].f == "write";
    let mut lags = Vec::new();
    for (begin, end) in calls.iter().filter(|(begin, _)| !is_write(*begin)) {
        let value = &ops[*end].value;
        let source = calls
            .iter()
            .find(|(w, _)| is_write(*w) && ops[*w].value == *value);
        let finished = match source {
            Some((_, finished)) => *finished as i64,
            None if value.is_nil() => -1,
            None => continue,
        };
        let missed = calls
            .iter()
            .filter(|(w, finish)| is_write(*w) && *w as i64 > finished && finish < begin);
        lags.push(missed.count() as u64);
    }
    lags
}

proptest! {
    #[test]
    fn lags_are_those_of_the_definition(steps in prop::collection::vec((0i64..4, 0u8..3, 0i64..8), 0..60)) {
        let mut recording = Recording::default();
        let mut open: [Option<bool>; 4] = [None; 4];
        let mut written = 0;
        for (process, kind, back) in steps {
            let slot = &mut open[process as usize];
            match *slot {
                None if kind == 0 => {
                    written += 1;
                    recording.invoke(process, "write", written);
                    *slot = Some(true);
                }
                None => {
                    recording.invoke(process, "read", Value::Nil);
                    *slot = Some(false);
                }
                Some(true) => {
                    let value = recording.ops.iter().rev().find(|op| op.process == crate::Process::Client(process));
                    let value = value.expect("it was invoked").value.clone();
                    recording.ok(process, "write", value);
                    *slot = None;
                }
                Some(false) => {
                    let value = written - back;
                    recording.ok(process, "read", if value > 0 { Value::Int(value) } else { Value::Nil });
                    *slot = None;
                }
            }
        }
        let expected = lags_by_definition(&recording);
        let staleness = measured(&recording);
        let stale = expected.iter().filter(|lag| **lag > 0).count() as u64;
        prop_assert!(staleness.overall.reads >= expected.len() as u64);
        prop_assert_eq!(staleness.overall.stale, stale);
        prop_assert_eq!(staleness.overall.k_max, expected.iter().copied().max().unwrap_or(0));
    }
}
