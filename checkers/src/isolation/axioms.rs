//! The constraints of read committed and read atomic on the commit order.
//!
//! Both ask, for pairs of transactions one of which the other saw, which keys the first wrote and
//! the second read. The smaller side is gone through, so that the whole takes O(n^1.5) for n
//! operations (AWDIT, §4).

use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::Overwritten;
use crate::causal::history::{History, INIT, Read, UnitId};
use crate::causal::order::Constraint;

/// What an axiom asks of the commit order.
#[derive(Debug, Default)]
pub struct Demands {
    /// Sorted.
    pub constraints: Vec<Constraint>,
    /// Reads of the initial value by transactions that had seen a write of the key: no order helps.
    pub impossible: Vec<Overwritten>,
}

/// What one transaction reads, by key.
struct Reading {
    /// The transaction that each key's entry is of: others are void.
    unit: Vec<UnitId>,
    /// The first and last read of the key.
    first: Vec<u32>,
    last: Vec<u32>,
}

impl Reading {
    fn new(history: &History) -> Reading {
        Reading {
            unit: vec![INIT; history.keys()],
            first: vec![0; history.keys()],
            last: vec![0; history.keys()],
        }
    }

    fn begin(&mut self, unit: UnitId, reads: &[Read]) {
        for (at, read) in reads.iter().enumerate() {
            let key = read.key as usize;
            if self.unit[key] != unit {
                self.unit[key] = unit;
                self.first[key] = at as u32;
            }
            self.last[key] = at as u32;
        }
    }
}

impl Demands {
    /// Asks that `before` comes before the writer that `unit` read from.
    #[inline]
    fn add(&mut self, unit: UnitId, read: &Read, before: UnitId) {
        if read.source == INIT {
            self.impossible.push(Overwritten {
                unit,
                key: read.key,
                source: INIT,
                newer: before,
            });
        } else if read.source != before {
            self.constraints.push(Constraint {
                after: read.source,
                before,
                because: unit,
                key: read.key,
            });
        }
    }

    fn sorted(mut self) -> Demands {
        self.constraints.sort_unstable();
        self.constraints
            .dedup_by_key(|constraint| (constraint.after, constraint.before));
        self
    }
}

/// Every writer that `unit` read from before it read a key that the writer wrote comes before the
/// writer it read that key from.
///
/// # Errors
/// The budget's end.
pub fn read_committed(history: &History, meter: &mut Meter) -> Result<Demands, Exhausted> {
    constraints(history, meter, Axiom::ReadCommitted)
}

/// Every writer that `unit` read from, or that comes before it in its session, comes before the
/// writer it read a key from that the first wrote too.
///
/// # Errors
/// The budget's end.
pub fn read_atomic(history: &History, meter: &mut Meter) -> Result<Demands, Exhausted> {
    constraints(history, meter, Axiom::ReadAtomic)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axiom {
    ReadCommitted,
    ReadAtomic,
}

fn constraints(history: &History, meter: &mut Meter, axiom: Axiom) -> Result<Demands, Exhausted> {
    let mut reading = Reading::new(history);
    let mut found = Demands::default();
    // The session's last writer of each key.
    let mut own: Vec<(u32, UnitId)> = vec![(INIT, INIT); history.keys()];
    let mut sources: Vec<(UnitId, u32)> = Vec::new();
    for unit in 0..history.units() as UnitId {
        meter.step((found.constraints.len() * size_of::<Constraint>()) as u64)?;
        let session = history.session_of(unit);
        let reads = history.reads(unit);
        reading.begin(unit, reads);
        sources.clear();
        let all = reads.iter().zip(0u32..);
        sources.extend(
            all.map(|(read, at)| (read.source, at))
                .filter(|(s, _)| *s != INIT),
        );
        sources.sort_unstable();
        sources.dedup_by_key(|(source, _)| *source);
        for (source, at) in &sources {
            meter.step(0)?;
            let since = if axiom == Axiom::ReadCommitted {
                at + 1
            } else {
                0
            };
            overlap(history, &reading, unit, *source, since, &mut found);
        }
        if axiom == Axiom::ReadAtomic {
            for read in reads {
                let (of, before) = own[read.key as usize];
                if of == session {
                    found.add(unit, read, before);
                }
            }
            for write in history.writes(unit) {
                own[write.key as usize] = (session, unit);
            }
        }
    }
    Ok(found.sorted())
}

/// For each key that `writer` wrote, adds what the reads of `unit` from the `since`-th on say.
fn overlap(
    history: &History,
    reading: &Reading,
    unit: UnitId,
    writer: UnitId,
    since: u32,
    found: &mut Demands,
) {
    let reads = history.reads(unit);
    let writes = history.writes(writer);
    let mut add_key = |key: u32| {
        let at = key as usize;
        if reading.unit[at] != unit || reading.last[at] < since {
            return;
        }
        let range = reading.first[at].max(since)..=reading.last[at];
        for read in &reads[*range.start() as usize..=*range.end() as usize] {
            if read.key == key {
                found.add(unit, read, writer);
            }
        }
    };
    if writes.len() <= reads.len() {
        writes.iter().for_each(|write| add_key(write.key));
        return;
    }
    for (read, at) in reads.iter().zip(0u32..) {
        let key = read.key;
        let is_first = reading.first[key as usize] == at;
        if is_first && history.writers(key).binary_search(&writer).is_ok() {
            add_key(key);
        }
    }
}
