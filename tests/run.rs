//! Whole runs: real processes, real faults, judged from the recorded history.
//!
//! They need namespaces. Where the host refuses them each test says `skipped: …` and why.

#![cfg(target_os = "linux")]

#[path = "run/gate.rs"]
mod gate;
#[path = "run/lab.rs"]
mod lab;
#[path = "run/real.rs"]
mod real;
#[path = "run/schema.rs"]
mod schema;

use std::time::{Duration, Instant};

use lab::Lab;

/// The main job, short.
const BANK: &[&str] = &[
    "--workload",
    "bank",
    "--nemesis",
    "partition",
    "--fault-duration",
    "1s",
    "--fault-gap",
    "500ms",
    "--time-limit",
    "5s",
    "--seed",
    "11",
];

#[test]
fn a_correct_store_survives_partitions() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(BANK);
    let results = run.results();
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(results["verdict"]["safety"], "valid");
    let faults = results["faults"].as_array().unwrap();
    assert!(faults.len() >= 2, "{faults:?}");
    for fault in faults {
        assert_eq!(fault["evidence"]["state"], "installed", "{fault}");
    }
    assert!(results["times_ms"]["recovery"].is_u64(), "{results}");
}

#[test]
fn kills_and_pauses_overlapping_partitions_are_survived() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(&[
        "--workload",
        "register",
        "--nemesis",
        "partition,kill:one,pause:one",
        "--overlap",
        "--fault-duration",
        "1500ms",
        "--fault-gap",
        "1s",
        "--time-limit",
        "6s",
        "--seed",
        "4",
    ]);
    let results = run.results();
    assert_eq!(results["verdict"]["safety"], "valid", "{run}");
    assert_eq!(
        results["verdict"]["liveness"]["problems"],
        serde_json::json!([]),
        "{run}"
    );
    for family in ["partition", "kill", "pause"] {
        let observed =
            results["faults"].as_array().unwrap().iter().any(|fault| {
                fault["family"] == family && fault["evidence"]["state"] == "installed"
            });
        assert!(observed, "no {family} was observed: {run}");
    }
}

#[test]
fn a_torn_transfer_is_caught_and_told() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(&[
        "--workload",
        "bank",
        "--bug",
        "split-transfer",
        "--time-limit",
        "5s",
    ]);
    assert_eq!(run.code, Some(1), "{run}");
    let results = run.results();
    assert_eq!(results["verdict"]["safety"], "invalid");
    assert_eq!(
        results["report"]["findings"][0]["anomaly"], "wrong-total",
        "{run}"
    );
    assert!(
        run.stdout
            .contains("VIOLATION: raft with the bug split-transfer broke its promise"),
        "{run}"
    );
}

#[test]
fn the_history_of_a_run_is_judged_alike_afterwards() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(&["--workload", "set", "--time-limit", "2s"]);
    assert_eq!(run.code, Some(0), "{run}");
    let dir = run.results()["dir"].as_str().unwrap().to_owned();
    let check = lab.faultbench(&["check", "--json", &dir]);
    assert_eq!(check.code, Some(0), "{check}");
    assert_eq!(check.json()["report"]["checker"], "set");
    let replay = lab.faultbench(&["replay", &dir, "--quiet", "--store", &lab.store()]);
    assert_eq!(replay.code, Some(0), "{replay}");
}

/// Every field that is written is described, and every one described as always there is.
#[test]
fn results_are_as_their_schema_says() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(&[
        "--nemesis",
        "kill:one",
        "--time-limit",
        "4s",
        "--fault-gap",
        "500ms",
    ]);
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../docs/results.schema.json")).unwrap();
    schema::compare("results", &run.results(), &schema, &schema);
}

#[test]
fn an_interrupt_heals_judges_and_says_so() {
    let Some(lab) = Lab::new() else { return };
    let mut child = lab.start(&[
        "--workload",
        "bank",
        "--nemesis",
        "pause:one",
        "--time-limit",
        "60s",
    ]);
    lab.wait_for_history(Duration::from_secs(20));
    std::thread::sleep(Duration::from_secs(2));
    lab::signal(&child, nix::sys::signal::Signal::SIGINT);
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert!(start.elapsed() < Duration::from_secs(40), "it did not stop");
    assert!(status.code().is_some(), "{status}");
    let results = lab.latest_results();
    assert_eq!(results["interrupted"], true);
    assert_eq!(results["verdict"]["safety"], "valid", "{results}");
}

#[test]
fn killing_the_controller_leaves_nothing_but_a_readable_history() {
    let Some(lab) = Lab::new() else { return };
    let (mounts, links) = (lab::mounts(), lab::interfaces());
    for wait_ms in [300, 1200, 2600] {
        let mut child = lab.start(&[
            "--workload",
            "bank",
            "--nemesis",
            "partition,kill,pause",
            "--overlap",
            "--fault-gap",
            "300ms",
            "--fault-duration",
            "700ms",
            "--time-limit",
            "60s",
        ]);
        lab.wait_for_history(Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        lab.wait_until_no_process_is_left(Duration::from_secs(5));
        assert_eq!(lab::mounts(), mounts);
        assert_eq!(lab::interfaces(), links);
        let history = lab.latest().join("history.jsonl");
        let check = lab.faultbench(&["check", "--drop-torn-line", history.to_str().unwrap()]);
        assert_eq!(check.code, Some(0), "{check}");
    }
}

#[test]
fn a_plain_user_needs_no_root() {
    let Some(lab) = Lab::new() else { return };
    let Some(user) = lab.into_nobodys() else {
        return;
    };
    let run = user.run(BANK);
    assert_eq!(run.code, Some(0), "{run}");
}
