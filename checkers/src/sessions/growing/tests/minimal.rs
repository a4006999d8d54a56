//! What is left of a history shows what the whole does, and nothing of it can be left out.

use super::*;
use crate::recording::minimal;
use crate::report::Finding;

/// Some operations of a history, with what they show of each other.
struct Part {
    shapes: Vec<Shape>,
    recording: Recording,
    shown: Vec<Vec<usize>>,
}

impl Part {
    fn new(shapes: &[Shape], recording: &Recording, ops: &[u64]) -> Part {
        let units: Vec<usize> = (0..shapes.len())
            .filter(|unit| ops.contains(&(2 * *unit as u64)))
            .collect();
        let mut part = Part {
            shapes: units.iter().map(|unit| shapes[*unit]).collect(),
            recording: Recording::default(),
            shown: Vec::new(),
        };
        let place = |element: &Value| {
            let element = element.as_int().expect("a number") as usize;
            let is_added = shapes[element].2.is_none();
            is_added.then(|| units.iter().position(|unit| *unit == element))?
        };
        for unit in &units {
            let [invoke, ok] = &recording.ops[2 * unit..2 * unit + 2] else {
                continue;
            };
            let mut ok = ok.clone();
            let mut shown = Vec::new();
            if let Some(items) = ok.value.as_items() {
                shown.extend(items.iter().filter_map(place));
                let kept = items.iter().filter(|item| place(item).is_some());
                ok.value = Value::List(kept.cloned().collect());
            }
            part.shown.push(shown);
            part.recording.ops.extend([invoke.clone(), ok]);
        }
        part
    }

    /// Whether it shows the anomaly, and at the same read where it is one of a read: the last
    /// operation of a story.
    fn shows(&self, guarantee: Guarantee, is_ordered: bool, whole: &Finding) -> bool {
        let is_of_a_read = whole.anomaly != "cyclic-causality" && guarantee != ConsistentPrefix;
        let report = report(&self.recording, guarantee, is_ordered);
        report.findings.iter().any(|found| {
            let is_same_read = found.ops.last() == whole.ops.last();
            found.anomaly == whole.anomaly && (!is_of_a_read || is_same_read)
        })
    }
}

proptest! {
    #[test]
    fn what_is_left_breaks_the_guarantee(shapes in shapes(), is_ordered: bool) {
        let recording = recorded(&shapes);
        for (guarantee, name) in Guarantee::NAMES {
            let report = report(&recording, guarantee, is_ordered);
            for finding in report.findings.iter().take(4) {
                let Some((ops, is_least)) = minimal(finding) else {
                    return Err(TestCaseError::fail(format!("{name} {finding:#?}")));
                };
                prop_assert!(is_least);
                let part = Part::new(&shapes, &recording, &ops);
                prop_assert!(part.shows(guarantee, is_ordered, finding), "{name} {finding:#?}");
                // Writes that follow reads are not asked for where causality is cyclic.
                let by_oracle = Oracle {
                    shapes: &part.shapes,
                    shown: part.shown.clone(),
                    is_ordered,
                };
                let is_cycle = finding.anomaly == "cyclic-causality";
                prop_assert!(
                    guarantee == WritesFollowReads && is_cycle || !by_oracle.holds(guarantee),
                    "{name} {finding:#?}"
                );
                for at in part.recording.ops.iter().step_by(2).map(|op| op.index) {
                    let fewer: Vec<u64> = ops.iter().copied().filter(|op| *op != at).collect();
                    let part = Part::new(&shapes, &recording, &fewer);
                    prop_assert!(!part.shows(guarantee, is_ordered, finding), "{at} {finding:#?}");
                }
            }
        }
    }
}

#[test]
fn what_a_failed_add_left_is_left_with_it() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.invoke(0, "add", 2);
    recording.fail(0, "add", 2);
    recording.call(1, "read", ints(&[1, 2]));
    let report = report(&recording, Causal, false);
    assert_eq!(anomalies(&report), ["aborted-read"]);
    assert_eq!(minimal(&report.findings[0]), Some((vec![2, 3, 4, 5], true)));
}

/// Elements that have nothing to do with it are not left.
#[test]
fn little_is_left_of_a_long_history() {
    for is_ordered in [false, true] {
        let mut recording = Recording::default();
        let mut all = Vec::new();
        for element in 0..1000 {
            recording.call(element % 5, "add", element);
            all.push(element);
            recording.call(5, "read", ints(&all));
        }
        let begin = recording.ops.len() as u64;
        recording.call(6, "read", ints(&all));
        recording.call(6, "read", ints(&all[..999]));
        let lacks_first: Vec<i64> = all[1..].to_vec();
        recording.call(7, "read", ints(&lacks_first));
        for guarantee in [MonotonicReads, Pram] {
            let report = report(&recording, guarantee, is_ordered);
            let (ops, is_least) = minimal(&report.findings[0]).expect("a part");
            assert!(is_least);
            let expected: Vec<u64> = (begin - 4..begin - 2).chain(begin..begin + 4).collect();
            assert_eq!(ops, expected);
        }
        let report = report(&recording, ConsistentPrefix, is_ordered);
        let (ops, is_least) = minimal(&report.findings[0]).expect("a part");
        assert!(
            is_least && ops.len() == 8,
            "two adds and two reads: {ops:?}"
        );
    }
}
