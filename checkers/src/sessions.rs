//! Session guarantees and causal consistency of registers, each claimable by itself.
//!
//! A session is the life of a process. The guarantees are those of Terry et al., *Session
//! guarantees for weakly consistent replicated data*, PDIS 1994, and what they add up to. Stores
//! promise them of writes a client cannot see, so each is judged by what reads show: a read breaks
//! a guarantee if it returns an older value than a write the guarantee says it must have seen.
//!
//! - *Read your writes*: earlier writes of its session. *Monotonic reads*: what its session read
//!   earlier. What is older, the session itself can tell (see [`own`]).
//! - *Monotonic writes*: also every write that its session did before a write seen. *Writes follow
//!   reads*: also every write that a session had read before it wrote one seen, where older means
//!   by causality. A single read shows a single write, so both show only where reads are monotonic:
//!   sessions that break one of the first two guarantees are not asked.
//! - *PRAM*: each session sees the writes of every other in their order, all in one order of its
//!   own. *Causal*, *causal convergence*, *causal memory*: see [`causal`](crate::causal).
//! - *Consistent prefix* says nothing of single reads of single registers: each returns the last
//!   write of some prefix. It is answered `unknown`.
//!
//! [`Guarantee::implied`] has what follows from what.

pub(crate) mod counters;
pub(crate) mod growing;
pub(crate) mod minimal;
pub mod own;
#[cfg(test)]
pub(crate) mod simulated;

use crate::Op;
use crate::budget::{Budget, Exhausted, Meter};
use crate::causal::convergence::{self, Causality, Overwritten, Violation};
use crate::causal::evidence::Teller;
use crate::causal::history::History;
use crate::causal::lowering::Lowering;
use crate::causal::serialization::{self, Extends};
use crate::checker::{self, OpError, Params};
use crate::report::{Finding, Report};

/// What a store may promise its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
    Pram,
    Causal,
    CausalConvergence,
    CausalMemory,
    ConsistentPrefix,
}

use Guarantee::*;

impl Guarantee {
    /// Every guarantee with its name.
    pub const NAMES: [(Guarantee, &'static str); 9] = [
        (ReadYourWrites, "read-your-writes"),
        (MonotonicReads, "monotonic-reads"),
        (MonotonicWrites, "monotonic-writes"),
        (WritesFollowReads, "writes-follow-reads"),
        (Pram, "pram"),
        (Causal, "causal"),
        (CausalConvergence, "causal-convergence"),
        (CausalMemory, "causal-memory"),
        (ConsistentPrefix, "consistent-prefix"),
    ];

    /// Other names in use.
    pub const ALIASES: [(&'static str, Guarantee); 11] = [
        ("ryw", ReadYourWrites),
        ("read-my-writes", ReadYourWrites),
        ("mr", MonotonicReads),
        ("mw", MonotonicWrites),
        ("wfr", WritesFollowReads),
        ("session-causality", WritesFollowReads),
        ("fifo", Pram),
        ("cc", Causal),
        ("weak-causal", Causal),
        ("ccv", CausalConvergence),
        ("cm", CausalMemory),
    ];

    /// The name `--consistency` takes.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// Looks a guarantee up by name or alias.
    pub fn named(name: &str) -> Option<Guarantee> {
        let names = Self::NAMES
            .iter()
            .map(|(guarantee, name)| (*name, *guarantee));
        let mut all = names.chain(Self::ALIASES);
        all.find(|(known, _)| *known == name)
            .map(|(_, guarantee)| guarantee)
    }

    /// What directly follows from it.
    pub fn implied(self) -> &'static [Guarantee] {
        match self {
            CausalMemory => &[Causal, Pram],
            CausalConvergence => &[Causal],
            Causal => &[
                ReadYourWrites,
                MonotonicReads,
                MonotonicWrites,
                WritesFollowReads,
            ],
            Pram => &[ReadYourWrites, MonotonicReads, MonotonicWrites],
            _ => &[],
        }
    }
}

/// Judges registers by one guarantee. The operations are those of
/// [`Lowering`]; values must be written once each.
pub struct Checker {
    guarantee: Guarantee,
    lowering: Lowering,
}

impl Checker {
    pub fn new(guarantee: Guarantee, params: &Params) -> Checker {
        Checker {
            guarantee,
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
        judge(&history, self.guarantee, succeeded, budget)
    }
}

/// Judges a history by one guarantee.
pub fn judge(history: &History, guarantee: Guarantee, succeeded: u64, budget: &Budget) -> Report {
    let promise = format!("{} registers", guarantee.name());
    let mut report = Report::new("sessions", promise);
    let teller = Teller { history };
    let mut misreads = history.misreads.clone();
    misreads.sort_by_key(|misread| (misread.fault, history.span(misread.unit).completed));
    let told = misreads.iter().take(Report::FINDINGS_MAX);
    report.findings.extend(told.map(|m| teller.misread(m)));
    report.figure("sessions", history.sessions());
    report.figure("units", history.units());
    report.figure("misreads", misreads.len());
    report.figure("ambiguous_reads", history.ambiguous_reads);
    let exhausted = match violations(history, guarantee, &mut budget.meter()) {
        Ok(found) => {
            report.figure("violations", found.len());
            let mut told = findings(history, guarantee, &found);
            minimal::shrink(history, &found, &mut told, budget, |part, meter| {
                violations(part, guarantee, meter)
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
    } else if guarantee == ConsistentPrefix {
        report.doubt("single reads of single registers cannot show whether a prefix was seen");
    }
    report
}

/// The first violations in words.
fn findings(history: &History, guarantee: Guarantee, violations: &[Violation]) -> Vec<Finding> {
    let teller = Teller { history };
    let first = violations.iter().take(Report::FINDINGS_MAX);
    let findings = first.map(|violation| match violation {
        Violation::Overwritten(found) => teller.overwritten(anomaly(guarantee), found),
        other => teller.violation(other),
    });
    findings.collect()
}

/// The anomaly's name: what it is a violation of.
pub(crate) fn anomaly(guarantee: Guarantee) -> &'static str {
    match guarantee {
        ReadYourWrites => "unseen-own-write",
        MonotonicReads => "non-monotonic-read",
        MonotonicWrites => "non-monotonic-write",
        WritesFollowReads => "write-without-its-reads",
        Pram => "pram-violation",
        Causal | CausalConvergence | CausalMemory | ConsistentPrefix => "causal-violation",
    }
}

/// What breaks the guarantee, in the order of the units.
///
/// # Errors
/// The budget's end.
pub fn violations(
    history: &History,
    guarantee: Guarantee,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let told = |found: Vec<Overwritten>| found.into_iter().map(Violation::Overwritten).collect();
    match guarantee {
        ReadYourWrites => return Ok(told(own::broken(history, meter)?.read_your_writes)),
        MonotonicReads => return Ok(told(own::broken(history, meter)?.monotonic_reads)),
        MonotonicWrites => return Ok(told(own::broken(history, meter)?.monotonic_writes)),
        Pram => return serialization::serialize(history, Extends::SessionOrder, meter),
        ConsistentPrefix => return Ok(Vec::new()),
        WritesFollowReads | Causal | CausalConvergence | CausalMemory => {}
    }
    let causality = match Causality::new(history, meter)? {
        Ok(causality) => causality,
        Err(cycle) => return Ok(vec![cycle]),
    };
    if guarantee == WritesFollowReads {
        let own = own::broken(history, meter)?;
        let clueless = own.sessions(history);
        let mut found = convergence::forgotten_reads(history, &causality, meter)?;
        found.retain(|found| {
            let session = history.session_of(found.unit);
            clueless.binary_search(&session).is_err()
        });
        return Ok(told(found));
    }
    if guarantee == CausalConvergence {
        let arbitration = convergence::arbitrate(history, &causality, meter)?;
        return Ok(arbitration.err().unwrap_or_default());
    }
    let overwritten = convergence::overwritten_reads(history, &causality, meter)?;
    if !overwritten.is_empty() || guarantee == Causal {
        return Ok(told(overwritten));
    }
    serialization::serialize(history, Extends::Causality, meter)
}

#[cfg(test)]
mod tests;
