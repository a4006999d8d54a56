//! The facts of one run of a gate, without an opinion: expectations may change between a gate that
//! was stopped and its resumption.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::results::Results;
use crate::verdict::Exit;

/// What became of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub case: String,
    pub seed: u64,
    /// Arguments of `faultbench run`, but for the seed.
    pub args: Vec<String>,
    pub exit_code: u8,
    pub sentence: String,
    /// Names of what was found, each once, most telling first.
    pub anomalies: Vec<String>,
    /// What is held against the store's liveness and the run's coverage.
    pub problems: Vec<String>,
    /// What went wrong with faultbench itself.
    pub harness: Vec<String>,
    pub ok_ops: u64,
    pub faults_observed: u64,
    pub seconds: f64,
    /// Where the run is kept; `None` if it is not.
    pub dir: Option<String>,
}

impl Record {
    /// Of a run that ended.
    pub fn of(case: &str, args: &[String], results: &Results, took: Duration) -> Record {
        let findings = results.report.iter().flat_map(|report| &report.findings);
        let mut anomalies: Vec<String> = Vec::new();
        for finding in findings {
            if !anomalies.iter().any(|name| name == finding.anomaly) {
                anomalies.push(finding.anomaly.to_owned());
            }
        }
        let functions = results.statistics.iter().flat_map(|s| &s.overall.functions);
        let verdict = &results.verdict;
        let parts = [&verdict.liveness, &verdict.coverage];
        let observed = results.faults.iter().filter(|fault| fault.observed());
        Record {
            case: case.to_owned(),
            seed: results.setting.seed,
            args: args.to_vec(),
            exit_code: verdict.exit_code,
            sentence: results.sentence.clone(),
            anomalies,
            problems: parts
                .iter()
                .flat_map(|part| part.problems.clone())
                .collect(),
            harness: verdict.harness.problems.clone(),
            ok_ops: functions.map(|function| function.ok).sum(),
            faults_observed: observed.count() as u64,
            seconds: took.as_secs_f64(),
            dir: Some(results.dir.clone()),
        }
    }

    /// Of a run that came to no results.
    pub fn broken(
        case: &str,
        args: &[String],
        seed: u64,
        problem: String,
        took: Duration,
    ) -> Record {
        Record {
            case: case.to_owned(),
            seed,
            args: args.to_vec(),
            exit_code: Exit::Harness.code(),
            sentence: problem.clone(),
            anomalies: Vec::new(),
            problems: Vec::new(),
            harness: vec![problem],
            ok_ops: 0,
            faults_observed: 0,
            seconds: took.as_secs_f64(),
            dir: None,
        }
    }

    /// How the run ended; a code that no run ends with is a harness that failed.
    pub fn exit(&self) -> Exit {
        Exit::from_code(self.exit_code).unwrap_or(Exit::Harness)
    }

    /// The first thing held against the run, in words.
    pub fn problem(&self) -> String {
        let all = self.harness.iter().chain(&self.problems);
        all.into_iter().next().unwrap_or(&self.sentence).clone()
    }

    /// The run's command, to repeat it.
    pub fn command(&self) -> String {
        let quoted = self.args.iter().map(|arg| quote(arg));
        let args: Vec<String> = quoted.collect();
        format!("faultbench run {} --seed {}", args.join(" "), self.seed)
    }
}

/// An argument as a shell takes it.
fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/+".contains(c);
    if arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn record(exit: Exit, anomalies: &[&str]) -> Record {
        Record {
            case: "raft bank".into(),
            seed: 1,
            args: vec!["--workload=bank".into(), "--nemesis=partition:n1>n2".into()],
            exit_code: exit.code(),
            sentence: "it went as it went".into(),
            anomalies: anomalies.iter().map(ToString::to_string).collect(),
            problems: Vec::new(),
            harness: Vec::new(),
            ok_ops: 100,
            faults_observed: 2,
            seconds: 1.5,
            dir: Some("store/raft-bank/run".into()),
        }
    }

    #[test]
    fn the_command_can_be_given_to_a_shell() {
        assert_eq!(
            record(Exit::Valid, &[]).command(),
            "faultbench run --workload=bank '--nemesis=partition:n1>n2' --seed 1"
        );
        assert_eq!(quote("it's"), r"'it'\''s'");
    }

    #[test]
    fn an_unheard_of_code_is_a_failed_harness() {
        let mut odd = record(Exit::Valid, &[]);
        odd.exit_code = 77;
        assert_eq!(odd.exit(), Exit::Harness);
    }
}
