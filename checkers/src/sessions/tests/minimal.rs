//! What is left of a history shows what the whole does, and nothing of it can be left out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::recording::minimal as left_of;
use crate::sessions::minimal::Whole;

/// Whether the minimal part of every finding shows the violation it is of, and by the oracle breaks
/// what the whole does.
fn are_shown(
    history: &History,
    report: &Report,
    judge: impl Fn(&History) -> Vec<Violation>,
    is_kept: impl Fn(&History) -> bool,
) -> Result<(), TestCaseError> {
    for (violation, finding) in judge(history).iter().zip(&report.findings).take(4) {
        let Some((ops, is_least)) = left_of(finding) else {
            return Err(TestCaseError::fail(format!(
                "nothing is left of {finding:#?}"
            )));
        };
        prop_assert!(is_least);
        let told = finding.details["minimal"]["keys"].as_array().expect("keys");
        let is_told = |key: &u32| told.contains(&Whole::key(history, *key).to_string().into());
        let keys: Vec<u32> = (0..history.keys() as u32).filter(is_told).collect();
        let mut units: Vec<UnitId> = (0..history.units() as UnitId).collect();
        units.retain(|unit| ops.contains(&history.span(*unit).invoked));
        let shows = |units: &[UnitId]| {
            let part = history.part(units, &keys);
            part.is_some_and(|part| {
                let mut found = judge(&part).into_iter().map(|found| part.mark(&found));
                found.any(|found| found == history.mark(violation))
            })
        };
        prop_assert!(shows(&units), "{ops:?} {finding:#?}");
        let part = history.part(&units, &keys).expect("a part");
        prop_assert!(!is_kept(&part), "{ops:?} {finding:#?}");
        for at in 0..units.len() {
            let mut fewer = units.clone();
            fewer.remove(at);
            prop_assert!(!shows(&fewer), "{at} of {ops:?} {finding:#?}");
        }
    }
    Ok(())
}

fn keeps(history: &History, guarantee: Guarantee) -> bool {
    match guarantee {
        Causal => oracle::is_causal(history),
        CausalConvergence => oracle::is_convergent(history),
        CausalMemory => oracle::is_causal_memory(history),
        Pram => oracle::is_pram(history),
        _ => {
            let naive = Naive::new(history);
            !oracle::is_cyclic(&naive.causality) && naive.holds(guarantee)
        }
    }
}

proptest! {
    #[test]
    fn what_is_left_breaks_the_guarantee(shapes in shapes(9, 1)) {
        let history = history(&shapes);
        for (guarantee, _) in Guarantee::NAMES {
            let report = judge(&history, guarantee, 1, &Budget::unlimited());
            let again = |part: &History| {
                let meter = &mut Budget::unlimited().meter();
                violations(part, guarantee, meter).expect("no limit")
            };
            are_shown(&history, &report, again, |part| keeps(part, guarantee))?;
        }
    }
}

/// Of a long history there is as little left.
#[test]
fn little_is_left_of_a_long_history() {
    let mut recording = Recording::default();
    for at in 0..2000 {
        let (process, key) = (at % 5, at % 50);
        recording.call(process, "write", at);
        recording.call(process, "read", at);
        for op in recording.ops.iter_mut().rev().take(4) {
            op.key = Some(crate::Value::Int(key));
        }
    }
    let begin = recording.ops.len() as u64;
    let strange = calls(&[
        (1, "write", 7, Some(10_000)),
        (7, "write", 7, Some(10_001)),
        (3, "read", 7, Some(10_000)),
        (3, "read", 7, Some(10_001)),
        (3, "read", 7, Some(10_000)),
    ]);
    recording.ops.extend(strange.ops.into_iter().map(|mut op| {
        op.index += begin;
        op
    }));
    for guarantee in [Pram, CausalMemory, CausalConvergence] {
        let report = check(&recording, guarantee);
        let (ops, is_least) = left_of(&report.findings[0]).expect("a part");
        assert!(is_least);
        assert_eq!(
            ops,
            (begin..begin + 10).collect::<Vec<u64>>(),
            "{report:#?}"
        );
        let keys = &report.findings[0].details["minimal"]["keys"];
        assert_eq!(keys, &serde_json::json!(["7"]));
    }
}

#[test]
fn a_read_that_nothing_explains_is_left_with_its_writer() {
    let mut recording = Recording::default();
    recording.call(1, "write", 1);
    recording.invoke(1, "write", 2);
    recording.fail(1, "write", 2);
    recording.call(2, "read", 2);
    recording.call(2, "read", 3);
    let report = check(&recording, Causal);
    assert_eq!(anomalies(&report), ["thin-air-read", "aborted-read"]);
    assert_eq!(left_of(&report.findings[0]), Some((vec![6, 7], true)));
    assert_eq!(left_of(&report.findings[1]), Some((vec![2, 3, 4, 5], true)));
}

/// The clock is looked at for each part; when it runs out, what is left is more than it takes.
#[test]
fn time_that_runs_out_changes_no_answer() {
    let recording = calls(&[
        (1, "write", 1, Some(1)),
        (1, "write", 1, Some(2)),
        (3, "write", 1, Some(3)),
        (2, "read", 1, Some(3)),
        (2, "read", 1, Some(2)),
        (2, "read", 1, Some(1)),
    ]);
    let mut left = Vec::new();
    for looks in 0..200 {
        let looked_at = AtomicU64::new(1);
        let budget = Budget {
            wall: Duration::from_secs(looks),
            clock: &|| Duration::from_secs(looked_at.fetch_add(1, Ordering::Relaxed)),
            ..Budget::unlimited()
        };
        let report = within(&recording, Causal, &budget);
        assert_eq!(anomalies(&report), ["causal-violation"]);
        left.push(left_of(&report.findings[0]).map(|(_, is_least)| is_least));
    }
    assert_eq!(left.first(), Some(&None));
    assert!(left.contains(&Some(false)));
    assert_eq!(left.last(), Some(&Some(true)));
}
