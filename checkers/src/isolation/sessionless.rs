//! Causality where sessions keep no order: a unit's past is what it read from, and their pasts.
//!
//! Without sessions pasts are no prefixes, so there are no vector clocks; writers are followed 64
//! at a time through the units that know of them. The order of conflicting writes is guessed and
//! mended as in [`arbitrate`](crate::causal::convergence::arbitrate).

use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::{Overwritten, Violation, ranks};
use crate::causal::history::{History, INIT, UnitId};
use crate::causal::order::{self, Constraint};

/// Writers followed at once.
const FOLLOWED: usize = u64::BITS as usize;

/// What breaks causality in a history whose sessions are [apart](History::apart).
///
/// # Errors
/// The budget's end.
pub fn violations(history: &History, meter: &mut Meter) -> Result<Vec<Violation>, Exhausted> {
    let causal = match order::sort(history, &[], meter)? {
        Ok(sorted) => sorted,
        Err(cycle) => return Ok(vec![Violation::CyclicOrder(cycle)]),
    };
    let mut constraints: Vec<Constraint> = Vec::new();
    let mut sorted = causal.clone();
    loop {
        let known = constraints.len();
        let broken = sweep(history, &causal, ranks(&sorted), &mut constraints, meter)?;
        if !broken.is_empty() {
            return Ok(broken);
        }
        if constraints.len() == known {
            return Ok(Vec::new());
        }
        constraints.sort_unstable();
        constraints.dedup_by_key(|constraint| (constraint.after, constraint.before));
        meter.step((constraints.len() * size_of::<Constraint>()) as u64)?;
        sorted = match order::sort(history, &constraints, meter)? {
            Ok(sorted) => sorted,
            Err(cycle) => return Ok(vec![Violation::CyclicConflicts(cycle)]),
        };
    }
}

/// Goes through the units in a causal order. The reads that no order helps; what the others ask for
/// that the order of `rank` does not have is added to `constraints`.
pub(super) fn sweep(
    history: &History,
    causal: &[UnitId],
    rank: Vec<u32>,
    constraints: &mut Vec<Constraint>,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let mut sweep = Sweep::new(history, causal, rank);
    let writes = |unit: &UnitId| !history.writes(*unit).is_empty();
    let writers: Vec<UnitId> = causal.iter().copied().filter(writes).collect();
    for followed in writers.chunks(FOLLOWED) {
        sweep.follow(followed, constraints, meter)?;
    }
    Ok(sweep.broken)
}

struct Sweep<'h> {
    history: &'h History,
    /// Units, those they read from first.
    causal: &'h [UnitId],
    /// By unit: its place in the order that is tried.
    rank: Vec<u32>,
    /// By unit: which of the followed writers it and its past are.
    known: Vec<u64>,
    /// By key: which of them write it.
    writing: Vec<u64>,
    broken: Vec<Violation>,
}

impl<'h> Sweep<'h> {
    fn new(history: &'h History, causal: &'h [UnitId], rank: Vec<u32>) -> Sweep<'h> {
        Sweep {
            history,
            causal,
            rank,
            known: vec![0; history.units()],
            writing: vec![0; history.keys()],
            broken: Vec::new(),
        }
    }

    /// Adds what must hold since units know of these writers.
    fn follow(
        &mut self,
        followed: &[UnitId],
        constraints: &mut Vec<Constraint>,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let history = self.history;
        self.known.fill(0);
        for (bit, writer) in followed.iter().enumerate() {
            self.known[*writer as usize] = 1 << bit;
            for write in history.writes(*writer) {
                self.writing[write.key as usize] |= 1 << bit;
            }
        }
        for unit in self.causal {
            meter.step(0)?;
            let reads = history.reads(*unit).iter();
            let sources = reads.clone().filter(|read| read.source != INIT);
            let past = sources.fold(0, |past, read| past | self.known[read.source as usize]);
            self.known[*unit as usize] |= past;
            if past == 0 {
                continue;
            }
            for read in reads {
                let mut newer = past & self.writing[read.key as usize];
                while newer != 0 {
                    let writer = followed[newer.trailing_zeros() as usize];
                    newer &= newer - 1;
                    if read.source == INIT {
                        self.broken.push(Violation::Overwritten(Overwritten {
                            unit: *unit,
                            key: read.key,
                            source: INIT,
                            newer: writer,
                        }));
                    } else if self.rank[writer as usize] > self.rank[read.source as usize] {
                        constraints.push(Constraint {
                            after: read.source,
                            before: writer,
                            because: *unit,
                            key: read.key,
                        });
                    }
                }
            }
        }
        for write in followed.iter().flat_map(|writer| history.writes(*writer)) {
            self.writing[write.key as usize] = 0;
        }
        Ok(())
    }
}
