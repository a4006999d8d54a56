//! The verdict: four questions about a run, each of which must be answered well for it to pass.
//!
//! Safety: did the store keep its promise? Liveness: did it serve, and again after the faults?
//! Harness: did faultbench itself work? Coverage: did what was planned happen at all? It fails
//! closed: what was not seen does not count as survived.

use std::time::Duration;

use faultbench_checkers::report::{Report, Validity};
use serde::Serialize;

use crate::runner::RunFacts;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Valid = 0,
    Safety = 1,
    Unknown = 2,
    Liveness = 3,
    Coverage = 4,
    Usage = 254,
    Harness = 255,
}

impl Exit {
    /// Every code with its meaning, for help and documentation.
    pub const TABLE: [(Exit, &'static str); 7] = [
        (Exit::Valid, "valid: every part of the verdict is good"),
        (Exit::Safety, "a safety violation"),
        (Exit::Unknown, "unknown: the checker could not decide"),
        (Exit::Liveness, "the store did not serve or did not recover"),
        (Exit::Coverage, "too little happened to conclude anything"),
        (Exit::Usage, "wrong usage or unreadable input"),
        (Exit::Harness, "the harness itself failed"),
    ];

    pub fn code(self) -> u8 {
        self as u8
    }

    /// The exit with this code; `None` if no process of faultbench ends so.
    pub fn from_code(code: u8) -> Option<Exit> {
        let mut named = Exit::TABLE.iter().map(|(exit, _)| *exit);
        named.find(|exit| exit.code() == code)
    }

    /// The worse of two: a violation is proven whatever else went wrong; a broken harness explains
    /// the rest; a dead store explains thin coverage, and that an undecided check.
    pub fn worse(self, other: Exit) -> Exit {
        const WORST_FIRST: [Exit; 7] = [
            Exit::Safety,
            Exit::Usage,
            Exit::Harness,
            Exit::Liveness,
            Exit::Coverage,
            Exit::Unknown,
            Exit::Valid,
        ];
        let rank = |exit| WORST_FIRST.iter().position(|e| *e == exit);
        if rank(self) <= rank(other) {
            self
        } else {
            other
        }
    }
}

/// One part of a verdict: good if nothing is held against it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    pub problems: Vec<String>,
}

impl Part {
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The four parts together.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    pub safety: Validity,
    pub liveness: Part,
    pub harness: Part,
    pub coverage: Part,
    pub exit_code: u8,
}

/// What is known when a run, or the reading of a history, is over.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// `None` if there was nothing to check.
    pub report: Option<&'a Report>,
    pub ok_ops: u64,
    /// `None` for a history recorded elsewhere: then only safety and coverage by operations are
    /// judged.
    pub facts: Option<&'a RunFacts>,
    pub crashes: &'a [String],
    pub harness: &'a [String],
}

/// Judges.
pub fn judge(findings: &Findings<'_>) -> Verdict {
    let safety = findings.report.map_or(Validity::Unknown, |r| r.validity);
    let liveness = Part {
        problems: liveness(findings),
    };
    let harness = Part {
        problems: findings.harness.to_vec(),
    };
    let coverage = Part {
        problems: coverage(findings),
    };
    let parts = [
        match safety {
            Validity::Valid => Exit::Valid,
            Validity::Invalid => Exit::Safety,
            Validity::Unknown => Exit::Unknown,
        },
        part_exit(&liveness, Exit::Liveness),
        part_exit(&harness, Exit::Harness),
        part_exit(&coverage, Exit::Coverage),
    ];
    let exit = parts.into_iter().fold(Exit::Valid, Exit::worse);
    Verdict {
        safety,
        liveness,
        harness,
        coverage,
        exit_code: exit.code(),
    }
}

impl Verdict {
    pub fn exit(&self) -> Exit {
        Exit::from_code(self.exit_code).expect("a verdict's code is that of an exit")
    }
}

fn part_exit(part: &Part, bad: Exit) -> Exit {
    if part.ok() { Exit::Valid } else { bad }
}

fn liveness(findings: &Findings<'_>) -> Vec<String> {
    let mut problems = findings.crashes.to_vec();
    let Some(facts) = findings.facts else {
        return problems;
    };
    if let Some(failure) = &facts.setup_failed {
        problems.push(format!("the store did not serve without faults: {failure}"));
    }
    for (node, took) in &facts.recovery {
        if took.is_none() {
            problems.push(format!(
                "{node} did not serve again after the faults were lifted"
            ));
        }
    }
    problems.extend(facts.unsettled.clone());
    for read in &facts.final_reads_missing {
        problems.push(format!("no answer to the final {read}"));
    }
    problems
}

fn coverage(findings: &Findings<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if findings.ok_ops == 0 {
        problems.push("no operation succeeded: nothing was tested".to_owned());
    }
    let faults = findings.facts.map_or(&[][..], |facts| &facts.faults);
    for fault in faults.iter().filter(|fault| !fault.observed()) {
        problems.push(format!(
            "fault {} ({}) was not observed: {}",
            fault.id,
            fault.plan,
            fault.evidence.reason()
        ));
    }
    problems
}

/// The longest any node took to serve again; `None` unless all did.
pub fn recovery_time(facts: &RunFacts) -> Option<Duration> {
    let times: Option<Vec<Duration>> = facts.recovery.iter().map(|(_, took)| *took).collect();
    times?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::runner::faults::{Evidence, FaultRecord};

    fn report(validity: Validity) -> Report {
        let mut report = Report::new("bank", "");
        report.validity = validity;
        report
    }

    fn good_facts() -> RunFacts {
        RunFacts {
            recovery: vec![(NodeId(0), Some(Duration::from_millis(3)))],
            faults: vec![fault(Evidence::Installed {
                observed: "3 packets".into(),
            })],
            ..RunFacts::default()
        }
    }

    fn fault(evidence: Evidence) -> FaultRecord {
        FaultRecord {
            id: 1,
            family: "partition",
            plan: "partition n1 | the rest".into(),
            what: String::new(),
            begin_ns: None,
            end_ns: None,
            evidence,
        }
    }

    fn exit_of(validity: Validity, ok_ops: u64, facts: &RunFacts, harness: &[String]) -> Exit {
        let report = report(validity);
        judge(&Findings {
            report: Some(&report),
            ok_ops,
            facts: Some(facts),
            crashes: &[],
            harness,
        })
        .exit()
    }

    #[test]
    fn only_four_good_parts_pass() {
        let good = good_facts();
        assert_eq!(exit_of(Validity::Valid, 1, &good, &[]), Exit::Valid);
        assert_eq!(exit_of(Validity::Invalid, 1, &good, &[]), Exit::Safety);
        assert_eq!(exit_of(Validity::Unknown, 1, &good, &[]), Exit::Unknown);
        assert_eq!(exit_of(Validity::Valid, 0, &good, &[]), Exit::Coverage);
        let broken = ["disk full".to_owned()];
        assert_eq!(exit_of(Validity::Valid, 1, &good, &broken), Exit::Harness);
    }

    #[test]
    fn a_node_that_stays_silent_fails_liveness() {
        let mut facts = good_facts();
        facts.recovery.push((NodeId(1), None));
        assert_eq!(exit_of(Validity::Valid, 1, &facts, &[]), Exit::Liveness);
        assert_eq!(recovery_time(&facts), None);
    }

    #[test]
    fn an_unobserved_fault_is_not_covered() {
        for evidence in [
            Evidence::Skipped {
                reason: "nobody leads".into(),
            },
            Evidence::Indeterminate {
                reason: "no packet".into(),
            },
        ] {
            let mut facts = good_facts();
            facts.faults.push(fault(evidence));
            assert_eq!(exit_of(Validity::Valid, 1, &facts, &[]), Exit::Coverage);
        }
    }

    #[test]
    fn a_violation_outranks_everything() {
        let mut facts = good_facts();
        facts.recovery.push((NodeId(1), None));
        let broken = ["disk full".to_owned()];
        assert_eq!(exit_of(Validity::Invalid, 0, &facts, &broken), Exit::Safety);
    }
}
