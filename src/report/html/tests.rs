//! What every page keeps: its limits, all failing calls, and values that stay text.

use faultbench_checkers::report::{Finding, Validity, Witness};
use faultbench_checkers::statistics::Collector as StatisticsCollector;
use faultbench_checkers::{Op, OpType, Process, Value};
use serde_json::Value as Json;

use super::collect::Collector;
use super::picture::{Bar, Lane, Outcome, Step};
use super::*;
use crate::verdict::{Findings, judge};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>{{data}}\u{202e}";

fn report(ops: &[u64], summary: &str) -> Report {
    let finding = Finding {
        anomaly: "nonlinearizable",
        summary: summary.to_owned(),
        ops: ops.to_vec(),
        time: None,
        details: serde_json::json!({ "possible_states": [summary] }),
    };
    let mut report = Report::new("linearizable", "linearizable registers");
    report.validity = Validity::Invalid;
    report.findings.push(finding);
    report
}

fn op(index: u64, kind: OpType, value: Value) -> Op {
    Op {
        index,
        time: Some(index as i64 * 1000),
        kind,
        process: Process::Client(0),
        f: "write".into(),
        value,
        key: None,
        node: None,
        error: None,
    }
}

/// So many calls of one process, each writing a text of its own.
fn collected(calls: u64, text: &str) -> Collector {
    let mut collector = Collector::default();
    for call in 0..calls {
        let value = Value::str(&format!("{text}{call}"));
        collector.push(&op(2 * call, OpType::Invoke, value.clone()));
        collector.push(&op(2 * call + 1, OpType::Ok, value));
    }
    collector
}

fn html(report: &Report, picture: &Picture, calls_max: usize, bytes_max: usize) -> String {
    let verdict = judge(&Findings {
        report: Some(report),
        ok_ops: 1,
        ..Findings::default()
    });
    let warnings = [HOSTILE.to_owned()];
    let story = Story {
        source: HOSTILE,
        verdict: &verdict,
        report,
        statistics: &StatisticsCollector::new().finish(),
        warnings: &warnings,
    };
    sized(&story, picture, calls_max, bytes_max)
}

/// The data of a page, as its script reads it.
fn data_of(page: &str) -> Json {
    let (_, rest) = page
        .split_once("id=\"data\" nonce=\"faultbench\">")
        .unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

fn length(column: &Json) -> usize {
    column.as_array().unwrap().len()
}

#[test]
fn a_hostile_text_stays_text() {
    let report = report(&[1], HOSTILE);
    let picture = collected(2, HOSTILE).finish(&report);
    let page = html(&report, &picture, 10, usize::MAX);
    assert!(!page.contains("<img"), "markup out of a value");
    assert!(!page.contains('\u{202e}'), "a value turns the text around");
    assert_eq!(page.matches("</script>").count(), 2);
    let data = data_of(&page);
    let texts = data["texts"].as_array().unwrap();
    let shown = |text: &Json| {
        text.as_str()
            .unwrap()
            .contains("</script><img src=x onerror")
    };
    assert!(texts.iter().any(shown), "the value is shown as it is");
}

#[test]
fn a_page_keeps_its_limits_and_every_failing_call() {
    let failing = [1, 1001, 1999];
    let report = report(&failing, "a story");
    let picture = collected(1000, "some text that takes room ").finish(&report);
    let whole = html(&report, &picture, usize::MAX, usize::MAX);
    assert_eq!(length(&data_of(&whole)["ops"]["begin"]), 1000);
    assert!(!whole.contains("The picture holds"));
    let rest = html(&report, &picture, 0, usize::MAX).len();
    for (calls_max, bytes_max) in [(100, usize::MAX), (usize::MAX, rest + 20_000), (1, 1)] {
        let page = html(&report, &picture, calls_max, bytes_max);
        assert!(page.len() <= bytes_max.max(rest), "{calls_max} {bytes_max}");
        let data = data_of(&page);
        let held = length(&data["ops"]["begin"]);
        assert!((3..=calls_max.max(3)).contains(&held), "{held}");
        assert_eq!(length(&data["failures"][0]["ops"]), failing.len());
        let left_out = data["gaps"].as_array().unwrap().iter();
        let left_out: u64 = left_out.map(|gap| gap["count"].as_u64().unwrap()).sum();
        assert_eq!(left_out, 1000 - held as u64);
        let told = format!("The picture holds {held} of 1000 calls");
        assert!(page.contains(&told));
    }
}

#[test]
fn columns_count_from_their_neighbours() {
    let report = report(&[3], "a story");
    let mut collector = collected(2, "v");
    collector.push(&op(6, OpType::Invoke, Value::Nil));
    let data = data_of(&html(&report, &collector.finish(&report), 10, usize::MAX));
    let ops = &data["ops"];
    assert_eq!(ops["begin"], serde_json::json!([0, 2000, 4000]));
    assert_eq!(ops["length"], serde_json::json!([1000, 1000, -1]));
    assert_eq!(ops["invoke"], serde_json::json!([0, 2, 4]));
    assert_eq!(ops["complete"], serde_json::json!([1, 1, 0]));
    assert_eq!(ops["outcome"], serde_json::json!([0, 0, 3]));
    assert_eq!(data["failures"][0]["ops"], serde_json::json!([1]));
    assert_eq!(
        data["failures"][0]["states"],
        serde_json::json!(["a story"])
    );
}

#[test]
fn a_history_without_times_is_drawn_by_its_indices() {
    let report = report(&[1], "a story");
    let mut collector = Collector::default();
    for (index, kind) in [(5, OpType::Invoke), (9, OpType::Ok)] {
        let untimed = Op {
            time: None,
            ..op(index, kind, Value::Int(1))
        };
        collector.push(&untimed);
    }
    let data = data_of(&html(&report, &collector.finish(&report), 10, usize::MAX));
    assert_eq!(data["timed"], Json::from(false));
    assert_eq!(data["origin"], Json::from(5));
    assert_eq!(data["ops"]["length"], serde_json::json!([4]));
}

#[test]
fn impossible_times_are_drawn_all_the_same() {
    let report = report(&[1], "a story");
    let mut collector = Collector::default();
    for (index, time) in [(0, i64::MIN), (1, i64::MAX), (2, 0), (3, -1)] {
        let kind = [OpType::Invoke, OpType::Ok][index % 2];
        let op = Op {
            time: Some(time),
            ..op(index as u64, kind, Value::Nil)
        };
        collector.push(&op);
    }
    let data = data_of(&html(&report, &collector.finish(&report), 10, usize::MAX));
    assert_eq!(data["ops"]["length"], serde_json::json!([i64::MAX, 0]));
}

/// Two overlapping calls on a key, taking effect in the other order, and one on another key.
#[test]
fn a_linearization_becomes_moments_within_its_calls() {
    let mut picture = Picture {
        lanes: vec![Lane { node: None }],
        ..Picture::default()
    };
    let f = picture.texts.id(&"write");
    let keys = [picture.texts.id(&"x"), picture.texts.id(&"y")];
    for (begin, end, key) in [(0, 50, keys[0]), (10, 40, keys[0]), (20, 60, keys[1])] {
        picture.ops.push(Bar {
            lane: 0,
            process: 0,
            outcome: Outcome::Ok,
            begin,
            end: Some(end),
            invoke: begin as u64,
            complete: Some(end as u64),
            f,
            key: Some(key),
            node: None,
            value: None,
            result: None,
            error: None,
        });
    }
    let step = |op: u32| Step {
        op,
        state: format!("after {op}"),
    };
    picture.linearizations = vec![vec![step(2)], vec![step(1), step(0)]];
    let page = html(&report(&[], "a story"), &picture, 10, usize::MAX);
    let points = &data_of(&page)["points"];
    let expected = serde_json::json!([
        {"object": 0, "op": 2, "at": 20, "state": "after 2"},
        {"object": 1, "op": 1, "at": 10, "state": "after 1"},
        {"object": 1, "op": 0, "at": 10, "state": "after 0"},
    ]);
    assert_eq!(*points, expected);
}

/// What a checker says of an order becomes steps, but for an order that real time contradicts.
#[test]
fn a_witness_is_drawn_where_it_keeps_real_time() {
    let history = [
        (0, OpType::Invoke),
        (1, OpType::Ok),
        (2, OpType::Invoke),
        (3, OpType::Ok),
    ];
    let drawn = |ops: Vec<u64>| {
        let mut collector = Collector::default();
        for (index, kind) in history {
            collector.push(&op(index, kind, Value::Nil));
        }
        let mut report = report(&[], "a story");
        report.witness = vec![Witness {
            key: serde_json::Value::Null,
            ops,
            states: vec!["one".into()],
        }];
        let steps = collector.finish(&report).linearizations;
        let told = steps.into_iter().flatten();
        told.map(|step| (step.op, step.state)).collect::<Vec<_>>()
    };
    let expected = [(0, "one".to_owned()), (1, String::new())];
    assert_eq!(drawn(vec![1, 3]), expected);
    assert_eq!(drawn(vec![3, 1]), []);
    assert_eq!(drawn(vec![1, 99]), []);
}
