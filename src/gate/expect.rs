//! What is expected of a case, and whether its runs were so.

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::verdict::Exit;

/// What a case must show.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Known anomalies, each run showing one at the least and no others; none where every run must
    /// be valid.
    pub anomalies: Vec<String>,
    /// Runs of the case that must show an anomaly, where some are known.
    pub shown_min: u64,
    pub minimum: Minimum,
}

/// What must have happened in each run for it to count. Counts of things that happened, never
/// rates: a slow machine must not fail a gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// Operations that succeeded.
    #[serde(default)]
    pub ok: u64,
    /// Faults that were observed.
    #[serde(default)]
    pub faults: u64,
}

/// Something nobody expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Surprise {
    /// Ends the gate with this code.
    pub exit_code: u8,
    pub problem: String,
}

impl Surprise {
    fn new(exit: Exit, problem: impl Into<String>) -> Surprise {
        Surprise {
            exit_code: exit.code(),
            problem: problem.into(),
        }
    }
}

impl Expectation {
    pub fn text(&self) -> String {
        if self.anomalies.is_empty() {
            "valid".to_owned()
        } else {
            self.anomalies.join(" or ")
        }
    }

    /// What was unexpected of one run by itself.
    pub fn surprise(&self, run: &Record) -> Option<Surprise> {
        let known = |anomaly: &&String| self.anomalies.contains(anomaly);
        let exit = run.exit();
        match exit {
            Exit::Safety if self.anomalies.is_empty() => {
                return Some(Surprise::new(exit, run.sentence.clone()));
            }
            Exit::Safety => {
                if let Some(other) = run.anomalies.iter().find(|anomaly| !known(anomaly)) {
                    let problem = format!("{other} was found beside {}", self.text());
                    return Some(Surprise::new(exit, problem));
                }
                if !run.harness.is_empty() {
                    return Some(Surprise::new(Exit::Harness, run.harness.join("; ")));
                }
            }
            Exit::Valid => {}
            _ => return Some(Surprise::new(exit, run.problem())),
        }
        self.too_little(run)
    }

    fn too_little(&self, run: &Record) -> Option<Surprise> {
        let Minimum { ok, faults } = self.minimum;
        let short = |happened: u64, least: u64, what: &str| {
            (happened < least).then(|| {
                let problem = format!("{happened} {what}; the gate asks for {least}");
                Surprise::new(Exit::Coverage, problem)
            })
        };
        short(run.ok_ops, ok, "operations succeeded")
            .or_else(|| short(run.faults_observed, faults, "faults were observed"))
    }

    /// What was unexpected of the runs of a case together: a known anomaly that shows too rarely.
    pub fn missing(&self, runs: &[&Record]) -> Option<Surprise> {
        if self.anomalies.is_empty() {
            return None;
        }
        let shown = runs.iter().filter(|run| run.exit() == Exit::Safety).count() as u64;
        (shown < self.shown_min).then(|| {
            let problem = format!(
                "{} was expected of {} runs and shown by {shown} of {}",
                self.text(),
                self.shown_min,
                runs.len()
            );
            Surprise::new(Exit::Coverage, problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::record::tests::record;

    fn expecting(anomalies: &[&str], shown_min: u64) -> Expectation {
        Expectation {
            anomalies: anomalies.iter().map(ToString::to_string).collect(),
            shown_min,
            minimum: Minimum { ok: 10, faults: 1 },
        }
    }

    fn code(surprise: Option<Surprise>) -> Option<u8> {
        surprise.map(|surprise| surprise.exit_code)
    }

    #[test]
    fn valid_is_expected_to_be_valid() {
        let expectation = expecting(&[], 1);
        assert_eq!(expectation.surprise(&record(Exit::Valid, &[])), None);
        for exit in [
            Exit::Safety,
            Exit::Unknown,
            Exit::Liveness,
            Exit::Coverage,
            Exit::Harness,
        ] {
            let surprise = expectation.surprise(&record(exit, &["lost"]));
            assert_eq!(code(surprise), Some(exit.code()));
        }
        assert_eq!(expectation.missing(&[]), None);
    }

    #[test]
    fn a_known_anomaly_must_show_and_no_other() {
        let expectation = expecting(&["lost", "stale"], 2);
        let (lost, other) = (
            record(Exit::Safety, &["lost"]),
            record(Exit::Safety, &["lost", "duplicated"]),
        );
        assert_eq!(expectation.surprise(&lost), None);
        assert_eq!(
            code(expectation.surprise(&other)),
            Some(Exit::Safety.code())
        );
        let fine = record(Exit::Valid, &[]);
        assert_eq!(expectation.surprise(&fine), None);
        assert_eq!(expectation.missing(&[&lost, &lost, &fine]), None);
        let missing = expectation.missing(&[&lost, &fine, &fine]);
        assert_eq!(code(missing), Some(Exit::Coverage.code()));
    }

    #[test]
    fn a_harness_that_failed_proves_no_known_anomaly() {
        let mut broken = record(Exit::Safety, &["lost"]);
        broken.harness.push("disk full".into());
        let surprise = expecting(&["lost"], 1).surprise(&broken);
        assert_eq!(code(surprise), Some(Exit::Harness.code()));
    }

    #[test]
    fn too_little_is_not_survived() {
        let expectation = expecting(&[], 1);
        let mut idle = record(Exit::Valid, &[]);
        idle.ok_ops = 9;
        assert_eq!(
            code(expectation.surprise(&idle)),
            Some(Exit::Coverage.code())
        );
        let mut calm = record(Exit::Valid, &[]);
        calm.faults_observed = 0;
        assert_eq!(
            code(expectation.surprise(&calm)),
            Some(Exit::Coverage.code())
        );
    }
}
