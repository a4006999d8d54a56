//! What is run, kept and told.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::gate::expect::{Expectation, Minimum};
use crate::gate::record::tests::record;

struct Bench {
    folder: tempfile::TempDir,
    ran: Vec<u64>,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            folder: tempfile::tempdir().unwrap(),
            ran: Vec::new(),
        }
    }

    fn dir(&self, seed: u64) -> PathBuf {
        self.folder.path().join(format!("family/{seed}"))
    }

    /// Runs seeds 1 to 3, each leaving a directory and ending as `exits` says; `None` where the
    /// user stops it.
    fn gate(&mut self, anomalies: &[&str], exits: [Option<Exit>; 3], resume: bool) -> Summary {
        let case = Case {
            name: "the case".into(),
            args: vec!["--workload=set".into()],
            seeds: vec![1, 2, 3],
            expectation: Expectation {
                anomalies: anomalies.iter().map(ToString::to_string).collect(),
                shown_min: 3,
                minimum: Minimum::default(),
            },
        };
        let path = self.folder.path().join("gate/journal.jsonl");
        let journal = if resume {
            Journal::resume(&path)
        } else {
            Journal::begin(&path)
        };
        let store = self.folder.path().to_owned();
        self.ran.clear();
        let mut ran = Vec::new();
        let dir = |seed| self.dir(seed);
        let mut run = |case: &Case, seed: u64| {
            ran.push(seed);
            let exit = exits[seed as usize - 1];
            fs::create_dir_all(dir(seed)).unwrap();
            let mut record = record(exit.unwrap_or(Exit::Valid), &["lost"]);
            record.case.clone_from(&case.name);
            record.args.clone_from(&case.args);
            record.seed = seed;
            record.dir = Some(dir(seed).display().to_string());
            Ran {
                record,
                interrupted: exit.is_none(),
            }
        };
        let summary = Conduct {
            run: &mut run,
            watch: &mut |_, _| {},
            journal: journal.unwrap(),
            store: &store,
            keep: false,
        }
        .carry_out(&[case])
        .unwrap();
        self.ran = ran;
        summary
    }
}

const VALID: Option<Exit> = Some(Exit::Valid);
const LOST: Option<Exit> = Some(Exit::Safety);

#[test]
fn only_surprises_are_kept() {
    let mut bench = Bench::new();
    let summary = bench.gate(&[], [VALID, LOST, VALID], false);
    assert_eq!(summary.exit(), Exit::Safety);
    let kept: Vec<bool> = (1..=3).map(|seed| bench.dir(seed).exists()).collect();
    assert_eq!(kept, [false, true, false]);
    let named = summary.cases[0]
        .runs
        .iter()
        .map(|run| run.record.dir.is_some());
    assert_eq!(named.collect::<Vec<_>>(), kept);
}

#[test]
fn runs_without_their_anomaly_are_kept() {
    let mut bench = Bench::new();
    let summary = bench.gate(&["lost"], [LOST, VALID, LOST], false);
    assert_eq!(summary.exit(), Exit::Coverage);
    let kept: Vec<bool> = (1..=3).map(|seed| bench.dir(seed).exists()).collect();
    assert_eq!(kept, [false, true, false]);
    let summary = bench.gate(&["lost"], [LOST; 3], false);
    assert_eq!(summary.exit(), Exit::Valid);
}

#[test]
fn a_stopped_gate_goes_on_where_it_was() {
    let mut bench = Bench::new();
    let summary = bench.gate(&[], [VALID, None, VALID], false);
    assert_eq!(bench.ran, [1, 2]);
    assert_eq!(summary.exit(), Exit::Coverage);
    let summary = bench.gate(&[], [VALID; 3], true);
    assert_eq!(bench.ran, [2, 3]);
    assert_eq!(summary.exit(), Exit::Valid);
    assert_eq!(summary.ended(), 3);
    bench.gate(&[], [VALID; 3], false);
    assert_eq!(bench.ran, [1, 2, 3]);
}
