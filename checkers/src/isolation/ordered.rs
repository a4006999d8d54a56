//! Weak isolation where the order of versions is known: transactions on lists.
//!
//! A commit order must agree with that order too. Of a key it is total among the versions that
//! reads return, all other writes come behind these, in any order among themselves. Then a level
//! holds iff session order, reads-from and the order of versions have no cycle together, and no
//! read is *stale*: no unit reads a key from a source although it sees, as the level has it,
//! another writer of the key that is newer in the order of versions.
//!
//! - No stale read is possible: the level's axiom wants the newer writer before the source, and the
//!   order of versions wants it behind. No writer comes before the initial value.
//! - Nothing else is asked: take any order that extends all three. The source of a read is a
//!   version that a read returns, so each writer the reader sees is older or newer than it. None is
//!   newer, so all of them come before the source, as the axiom wants.
//!
//! So any such order tells the newer of a source and another writer of its key, and there is
//! nothing to guess.

use super::{Level, axioms, sessionless};
use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::{Overwritten, Violation, ranks};
use crate::causal::history::{History, INIT, UnitId};
use crate::causal::known::{self, knows};
use crate::causal::order::{self, Clocks, Constraint};

/// Stale reads whose writers are looked for.
const STALE_MAX: usize = 16;

/// What breaks the level beside misreads. `versions`, sorted, say which writers of a key follow
/// each other.
///
/// # Errors
/// The budget's end.
pub(crate) fn violations(
    history: &History,
    level: Level,
    versions: &[Constraint],
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let sorted = match order::sort(history, versions, meter)? {
        Ok(sorted) => sorted,
        Err(cycle) => return Ok(vec![Violation::CyclicConflicts(cycle)]),
    };
    let rank = ranks(&sorted);
    let demands = match level {
        Level::Causal if history.sessions() == history.units() => {
            let mut newer = Vec::new();
            let mut stale = sessionless::sweep(history, &sorted, rank, &mut newer, meter)?;
            stale.extend(newer.iter().map(stale_read));
            return Ok(stale);
        }
        Level::Causal => return in_sessions(history, &sorted, &rank, meter),
        Level::ReadAtomic => axioms::read_atomic(history, meter)?,
        Level::ReadCommitted => axioms::read_committed(history, meter)?,
    };
    let is_newer = |asked: &&Constraint| rank[asked.before as usize] > rank[asked.after as usize];
    let stale = demands.constraints.iter().filter(is_newer).map(stale_read);
    let impossible = demands.impossible.into_iter().map(Violation::Overwritten);
    Ok(impossible.chain(stale).collect())
}

/// The read that asks for a writer before its source that is newer.
fn stale_read(asked: &Constraint) -> Violation {
    Violation::Overwritten(Overwritten {
        unit: asked.because,
        key: asked.key,
        source: asked.after,
        newer: asked.before,
    })
}

/// The reads that are older than what their causal past holds.
fn in_sessions(
    history: &History,
    sorted: &[UnitId],
    rank: &[u32],
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let clocks = Clocks::new(history, sorted, meter)?;
    let mut stale = Vec::new();
    known::sweep(history, &clocks, rank, meter, |suspect| {
        if stale.len() == STALE_MAX {
            return;
        }
        let (unit, source) = (suspect.unit, suspect.read.source);
        let is_newer = |writer: &UnitId| {
            *writer != unit
                && knows(history, suspect.past, *writer)
                && (source == INIT || rank[*writer as usize] > rank[source as usize])
        };
        let mut writers = history.writers(suspect.read.key).iter().copied();
        stale.extend(writers.find(is_newer).map(|newer| {
            Violation::Overwritten(Overwritten {
                unit,
                key: suspect.read.key,
                source,
                newer,
            })
        }));
    })?;
    Ok(stale)
}
