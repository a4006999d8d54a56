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
pub(crate) mod ordered;
pub(crate) mod polygraph;
pub(crate) mod refutation;
mod replay;
pub(crate) mod search;
pub mod sessionless;
mod versions;
mod windows;

use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::{self, Causality, Violation};
use crate::causal::history::History;
use crate::causal::order;

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
