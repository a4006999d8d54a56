//! Weak isolation of transactions on registers whose values are written once, without a version
//! order: read committed, read atomic, causal.
//!
//! Each level is an axiom (Biswas & Enea, *On the complexity of checking transactional
//! consistency*, OOPSLA 2019): there is a commit order that extends session order and reads-from,
//! in which certain writers of a key come before the one a transaction `t` read it from: at *read
//! committed* those `t` had read from before that read, at *read atomic* those `t` read from or
//! follows in its session, at *causal* those of its causal past. Such constraints hold in every
//! commit order, so a level holds iff they are not cyclic (Møldrup & Pavlogiannis, *AWDIT*, PLDI
//! 2025).
//!
//! A transaction that reads what it wrote itself, or the same value again, says nothing new.

pub mod axioms;
mod clauses;
mod guess;
pub(crate) mod polygraph;
pub(crate) mod refutation;
mod replay;
pub(crate) mod search;
mod versions;
mod windows;

use crate::Op;
use crate::budget::{Budget, Exhausted, Meter};
use crate::causal::convergence::{self, Causality, Violation};
use crate::causal::evidence::Teller;
use crate::causal::history::History;
use crate::causal::lowering::Lowering;
use crate::causal::order;
use crate::checker::{self, OpError, Params};
use crate::report::{Finding, Report};
use crate::sessions::minimal;

/// How far transactions are kept apart, weakest first: each implies those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    ReadCommitted,
    ReadAtomic,
    Causal,
}

impl Level {
    pub const NAMES: [(Level, &'static str); 3] = [
        (Level::ReadCommitted, "read-committed"),
        (Level::ReadAtomic, "read-atomic"),
        (Level::Causal, "causal"),
    ];

    /// The name `--consistency` takes.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    pub fn named(name: &str) -> Option<Level> {
        let mut names = Self::NAMES.iter();
        names
            .find(|(_, known)| *known == name)
            .map(|(level, _)| *level)
    }
}

/// Judges transactions on registers by one level. The operations are those of [`Lowering`].
pub struct Checker {
    level: Level,
    lowering: Lowering,
}

impl Checker {
    pub fn new(level: Level, params: &Params) -> Checker {
        Checker {
            level,
            lowering: Lowering::new(params),
        }
    }
}

impl checker::Checker for Checker {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.lowering.push(op)
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let succeeded = self.lowering.succeeded;
        let history = self.lowering.finish().finish();
        judge(&history, self.level, succeeded, budget)
    }
}

/// Judges a history by one level.
pub fn judge(history: &History, level: Level, succeeded: u64, budget: &Budget) -> Report {
    let mut report = Report::new("isolation", format!("{} transactions", level.name()));
    let teller = Teller { history };
    let mut misreads = history.misreads.clone();
    misreads.sort_by_key(|misread| (misread.fault, history.span(misread.unit).completed));
    let told = misreads.iter().take(Report::FINDINGS_MAX);
    report.findings.extend(told.map(|m| teller.misread(m)));
    report.figure("sessions", history.sessions());
    report.figure("transactions", history.units());
    report.figure("misreads", misreads.len());
    report.figure("ambiguous_reads", history.ambiguous_reads);
    let exhausted = match violations(history, level, &mut budget.meter()) {
        Ok(found) => {
            report.figure("violations", found.len());
            let told = found.iter().take(Report::FINDINGS_MAX);
            let mut told: Vec<Finding> = told.map(|v| teller.violation(v)).collect();
            minimal::shrink(history, &found, &mut told, budget, |part, meter| {
                violations(part, level, meter)
            });
            report.findings.extend(told);
            None
        }
        Err(exhausted) => Some(exhausted),
    };
    if !report.conclude(succeeded, exhausted) {
        return report;
    }
    if history.ambiguous_reads > 0 {
        report.doubt(format!(
            "{} reads returned values that were written more than once: they tell nothing; write \
             unique values",
            history.ambiguous_reads
        ));
    }
    report
}

/// What breaks the level beside misreads.
///
/// # Errors
/// The budget's end.
pub fn violations(
    history: &History,
    level: Level,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    if level == Level::Causal {
        let causality = match Causality::new(history, meter)? {
            Ok(causality) => causality,
            Err(cycle) => return Ok(vec![cycle]),
        };
        let arbitration = convergence::arbitrate(history, &causality, meter)?;
        return Ok(arbitration.err().unwrap_or_default());
    }
    let demands = match level {
        Level::ReadCommitted => axioms::read_committed(history, meter)?,
        Level::ReadAtomic | Level::Causal => axioms::read_atomic(history, meter)?,
    };
    let impossible = demands.impossible.into_iter().map(Violation::Overwritten);
    let sorted = order::sort(history, &demands.constraints, meter)?;
    let cycle = sorted.err().map(|cycle| {
        if cycle.iter().all(|step| step.because.is_none()) {
            Violation::CyclicOrder(cycle)
        } else {
            Violation::CyclicConflicts(cycle)
        }
    });
    Ok(impossible.chain(cycle).collect())
}

#[cfg(test)]
mod tests;
