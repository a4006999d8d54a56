//! Pictures of what reports say, also where the history is hostile.

use faultbench_checkers::lattice::Model;
use faultbench_checkers::report::{Claim, Finding, Report, Validity};
use serde_json::json;

use super::cycle::Cycle;
use super::lattice::Standing;

const HOSTILE: &str = "</svg><script>alert(1)</script>\" -> x \\ \n\u{1}\u{202e}";

fn finding(key: &str) -> Finding {
    let transaction = |label: &str| {
        json!({
            "label": label, "process": 3, "invoked_at": "0.012 s", "completed_at": "0.015 s",
            "micro_operations": [format!("append {key} 1"), "r y nil"],
        })
    };
    let edge = |from: &str, to: &str, kind: &str| json!({ "from": from, "to": to, "kind": kind, "key": key, "why": format!("{to} saw {key}") });
    Finding {
        anomaly: "G2-item",
        summary: "T1 → T2 → T1".to_owned(),
        ops: vec![1, 2],
        time: None,
        details: json!({
            "transactions": [transaction("T1"), transaction("T2")],
            "cycle": [edge("T1", "T2", "rw"), edge("T2", "T1", "rw")],
        }),
    }
}

#[test]
fn a_cycle_has_its_transactions_edges_and_reasons() {
    let cycle = Cycle::of(&finding("x")).expect("a cycle");
    let svg = cycle.svg();
    for part in [
        "T1 by process 3, 0.012 s to 0.015 s",
        "append x 1",
        "rw x",
        "T1 saw x",
    ] {
        assert!(svg.contains(part), "{part}: {svg}");
    }
    assert_eq!(svg.matches("marker-end").count(), 2);
    let dot = cycle.dot();
    assert!(dot.contains("\"T1\" -> \"T2\" [label=\"rw x\""), "{dot}");
    assert!(dot.contains("\"T2\" -> \"T1\""), "{dot}");
}

#[test]
fn what_a_history_holds_is_no_markup() {
    let cycle = Cycle::of(&finding(HOSTILE)).expect("a cycle");
    let svg = cycle.svg();
    assert!(!svg.contains("<script") && !svg.contains('\u{1}') && !svg.contains('\u{202e}'));
    assert_eq!(svg.matches("</svg>").count(), 1);
    let dot = cycle.dot();
    assert!(dot.contains("\\\" -> x \\\\"), "{dot}");
    assert_eq!(dot.lines().count(), 7, "{dot}");
}

#[test]
fn other_findings_are_not_drawn() {
    let mut other = finding("x");
    other.details = json!({ "possible_states": ["1"] });
    assert_eq!(Cycle::of(&other), None);
    let mut dangling = finding("x");
    dangling.details["cycle"][0]["to"] = "T9".into();
    assert_eq!(Cycle::of(&dangling), None);
}

fn mark(svg: &str, model: Model) -> char {
    let at = svg
        .lines()
        .find(|line| line.ends_with(&format!(" {}", model.name())));
    at.and_then(|line| line.chars().next())
        .expect("the model is drawn")
}

#[test]
fn the_lattice_tells_three_states_apart() {
    let mut report = Report::new("list-append", "transactions");
    report.figure(
        "ruled_out",
        json!({ "serializable": ["G2"], "repeatable-read": ["G2"] }),
    );
    report.figure("strongest_standing", json!(["snapshot-isolation"]));
    let svg = Standing::of(&report).expect("models were judged").svg();
    assert_eq!(mark(&svg, Model::Serializable), '✗');
    assert_eq!(mark(&svg, Model::SnapshotIsolation), '✓');
    assert_eq!(mark(&svg, Model::ReadCommitted), '✓');
    assert_eq!(mark(&svg, Model::ViewSerializable), '?');
    assert!(
        !svg.contains("monotonic-writes"),
        "single objects were not judged"
    );
}

#[test]
fn claims_mark_what_follows_from_them() {
    let mut report = Report::new("sessions", "registers");
    assert_eq!(Standing::of(&report), None);
    report.claims = vec![
        Claim::new(Model::CausalConvergence, Validity::Valid),
        Claim::new(Model::Pram, Validity::Invalid),
    ];
    let svg = Standing::of(&report).expect("models were judged").svg();
    assert_eq!(mark(&svg, Model::ReadYourWrites), '✓');
    assert_eq!(mark(&svg, Model::CausalMemory), '✗');
    assert_eq!(mark(&svg, Model::Linearizable), '✗');
}

#[test]
fn files_are_written_for_both() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut report = Report::new("list-append", "transactions");
    report.findings.push(finding("x"));
    report.figure("ruled_out", json!({ "serializable": ["G2-item"] }));
    let made = dir.path().join("pictures");
    let files = super::write(&made, &report).expect("written");
    assert_eq!(files.len(), 4);
    let blocked = super::write(&files[0], &report).unwrap_err();
    assert!(blocked.to_string().contains("cycle-1.svg"), "{blocked}");
}
