//! How a gate ended: every case with its runs, and the exit code.

use serde::Serialize;

use super::expect::Surprise;
use super::file::Case;
use super::record::Record;
use crate::verdict::Exit;

/// A run with what was unexpected of it.
#[derive(Debug, Clone, Serialize)]
pub struct RunOutcome {
    #[serde(flatten)]
    pub record: Record,
    pub surprise: Option<Surprise>,
}

/// A case with its runs.
#[derive(Debug, Serialize)]
pub struct CaseOutcome {
    pub name: String,
    /// What was expected, in words.
    pub expected: String,
    pub runs: Vec<RunOutcome>,
    /// A known anomaly that showed too rarely.
    pub missing: Option<Surprise>,
}

/// A gate that ended.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub cases: Vec<CaseOutcome>,
    /// Runs there should have been.
    pub planned: usize,
}

impl CaseOutcome {
    /// `cut_short` if there should have been more runs: then nothing is said to be missing.
    pub fn new(case: &Case, runs: Vec<RunOutcome>, cut_short: bool) -> CaseOutcome {
        let records: Vec<&Record> = runs.iter().map(|run| &run.record).collect();
        let missing = case.expectation.missing(&records).filter(|_| !cut_short);
        CaseOutcome {
            name: case.name.clone(),
            expected: case.expectation.text(),
            missing,
            runs,
        }
    }

    pub fn surprises(&self) -> impl Iterator<Item = &Surprise> {
        let of_runs = self.runs.iter().filter_map(|run| run.surprise.as_ref());
        of_runs.chain(&self.missing)
    }

    /// How the runs ended, such as `18 valid, 2 VIOLATION`.
    pub fn exits(&self) -> Vec<Exit> {
        self.runs.iter().map(|run| run.record.exit()).collect()
    }

    pub fn seconds(&self) -> f64 {
        self.runs.iter().map(|run| run.record.seconds).sum()
    }
}

impl Summary {
    pub fn new(planned: usize) -> Summary {
        Summary {
            cases: Vec::new(),
            planned,
        }
    }

    /// Runs that ended.
    pub fn ended(&self) -> usize {
        self.cases.iter().map(|case| case.runs.len()).sum()
    }

    /// Whether every run there should have been has ended.
    pub fn complete(&self) -> bool {
        self.ended() == self.planned
    }

    pub fn surprises(&self) -> impl Iterator<Item = &Surprise> {
        self.cases.iter().flat_map(CaseOutcome::surprises)
    }

    /// How it ended, in a few words.
    pub fn headline(&self) -> String {
        let runs = match self.ended() {
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let surprises = match self.surprises().count() {
            0 if self.complete() => "all as expected".to_owned(),
            0 => "no surprise so far".to_owned(),
            1 => "1 surprise".to_owned(),
            more => format!("{more} surprises"),
        };
        let left = self.planned - self.ended();
        let stopped = match left {
            0 => String::new(),
            _ => format!("; stopped before {left} more"),
        };
        format!("gate: {runs}, {surprises}{stopped}")
    }

    /// The worst surprise; a gate without any is valid if it is complete.
    pub fn exit(&self) -> Exit {
        let least = if self.complete() {
            Exit::Valid
        } else {
            Exit::Coverage
        };
        let surprises = self.surprises();
        let exits = surprises.map(|s| Exit::from_code(s.exit_code).unwrap_or(Exit::Harness));
        exits.fold(least, Exit::worse)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::gate::expect::{Expectation, Minimum};
    use crate::gate::record::tests::record;

    fn case(name: &str, anomalies: &[&str], records: Vec<Record>) -> CaseOutcome {
        let case = Case {
            name: name.into(),
            args: Vec::new(),
            seeds: records.iter().map(|record| record.seed).collect(),
            expectation: Expectation {
                anomalies: anomalies.iter().map(ToString::to_string).collect(),
                shown_min: 1,
                minimum: Minimum::default(),
            },
        };
        let runs = records.into_iter().map(|record| RunOutcome {
            surprise: case.expectation.surprise(&record),
            record,
        });
        CaseOutcome::new(&case, runs.collect(), false)
    }

    /// A set that lost something where it should not, and a bank that did not where it should.
    pub fn summary() -> Summary {
        let mut lost = record(Exit::Safety, &["lost"]);
        lost.seed = 2;
        lost.sentence = "2 of 9 elements were lost".into();
        let fine = record(Exit::Valid, &[]);
        let mut summary = Summary::new(3);
        summary.cases = vec![
            case("raft <set>", &[], vec![fine.clone(), lost]),
            case("raft bank", &["wrong-total"], vec![fine]),
        ];
        summary
    }

    #[test]
    fn the_worst_surprise_is_how_it_ends() {
        assert_eq!(summary().exit(), Exit::Safety);
        let mut missing = summary();
        missing.cases.remove(0);
        missing.planned = 1;
        assert_eq!(missing.exit(), Exit::Coverage);
        missing.cases.clear();
        assert_eq!(missing.exit(), Exit::Coverage, "it is not complete");
        missing.planned = 0;
        assert_eq!(missing.exit(), Exit::Valid);
    }
}
