//! `faultbench gate`: what is expected, what is not, what is kept.

use std::fs;

use crate::lab::{Ended, Lab};

/// A store that is right, and one that tears transfers apart.
const GATE: &str = "\
[run]
workload = 'bank'
time-limit = '3s'

[[case]]
minimum = { ok = 50 }

[[case]]
bug = 'split-transfer'
expect = 'wrong-total'
";

fn gate(lab: &Lab, text: &str, args: &[&str]) -> Ended {
    fs::write(lab.path("gate.toml"), text).unwrap();
    lab.faultbench(&[&["gate", "gate.toml", "--json"], args].concat())
}

#[test]
fn only_surprises_fail_a_gate_and_are_kept() {
    let Some(lab) = Lab::new() else { return };
    let as_expected = gate(
        &lab,
        GATE,
        &["--junit", "gate.xml", "--markdown", "gate.md"],
    );
    assert_eq!(as_expected.code, Some(0), "{as_expected}");
    assert!(!lab.path("store/raft-bank").exists());
    let xml = fs::read_to_string(lab.path("gate.xml")).unwrap();
    assert!(
        xml.contains(r#"tests="2" skipped="0" failures="0""#),
        "{xml}"
    );
    let page = fs::read_to_string(lab.path("gate.md")).unwrap();
    assert!(page.contains("2 runs, all as expected"), "{page}");

    // What ran is not run again, but judged by what is expected now.
    let bug_unknown = GATE.replace("expect = 'wrong-total'", "");
    let resumed = gate(&lab, &bug_unknown, &["--resume"]);
    assert_eq!(resumed.code, Some(1), "{resumed}");
    assert!(resumed.stderr.contains("carried out before"), "{resumed}");

    let surprise = gate(&lab, &bug_unknown, &["--shard", "2/2"]);
    assert_eq!(surprise.code, Some(1), "{surprise}");
    let run = &surprise.json()["cases"][0]["runs"][0];
    let kept = run["dir"].as_str().unwrap();
    assert!(fs::exists(format!("{kept}/history.jsonl")).unwrap());
}

#[test]
fn a_known_anomaly_that_does_not_show_is_a_surprise() {
    let Some(lab) = Lab::new() else { return };
    let text = "[[case]]\nworkload = 'bank'\ntime-limit = '2s'\nexpect = 'wrong-total'\n";
    let missing = gate(&lab, text, &[]);
    assert_eq!(missing.code, Some(4), "{missing}");
    let case = &missing.json()["cases"][0];
    assert_eq!(case["missing"]["exit_code"], 4, "{missing}");
    assert!(lab.path("store/raft-bank").exists());
}

#[test]
fn a_case_that_cannot_be_run_is_told_before_anything_is() {
    let Some(lab) = Lab::new() else { return };
    let wrong = gate(&lab, &format!("{GATE}\n[[case]]\nnodes = 'many'\n"), &[]);
    assert_eq!(wrong.code, Some(254), "{wrong}");
    let told = "faultbench: gate.toml: case bank: ";
    assert!(wrong.stderr.starts_with(told), "{wrong}");
    assert!(!lab.path("store").exists());
}
