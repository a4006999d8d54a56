//! The polynomial decision for registers whose every value is written once.
//!
//! Gibbons & Korach, *Testing Shared Memories* (SIAM J. Computing 26, 1997), §4: the operations of
//! one value, its writer and its readers, form a *cluster* and must follow each other directly. A
//! cluster has a *zone* between its earliest finish and its latest start: *forward* if the finish
//! comes first, *backward* otherwise. A linearization exists if and only if no two forward zones
//! overlap and no backward zone lies within a forward one.
//!
//! A compare-and-set from v to w reads v last and writes w, which pins the cluster of w directly
//! behind that of v: clusters join to *blocks*, which have zones likewise. Within a block the order
//! is given, so it is only checked that no operation finished before an earlier one started.
//!
//! Takes O(n log n) for the sort of the zones, O(n) for the rest.

use rustc_hash::FxHashMap;

use crate::intern::ValueId;
use crate::linearizable::model::{Decision, Interval};
use crate::linearizable::register::RegisterOp;

type Op = Interval<RegisterOp>;

/// Why operations on a register have no order: positions into the operations given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Finds a value that nothing writes.
    Unwritten { op: u32 },
    /// Two compare-and-sets that found the same value, though the first replaced it.
    Replaced { first: u32, second: u32 },
    /// Compare-and-sets that each need another of them to come first; this is one.
    Circular { op: u32 },
    /// `earlier` must come before `later` by what they found and wrote, but `later` finished
    /// before `earlier` began.
    Early { earlier: u32, later: u32 },
    /// All of one block comes before all of another. `a_end` finished before `b_begin` began, so
    /// the block of the first comes before that of the second; but `b_end`, of the second, finished
    /// before `a_begin`, of the first, began. `a_end` is `None` for the block of the initial value.
    Crossed {
        a_end: Option<u32>,
        b_begin: u32,
        b_end: u32,
        a_begin: u32,
    },
}

/// An operation and the time it starts or finishes.
type At = (u32, u32);

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Cluster {
    /// `NONE` for the initial value.
    writer: u32,
    reads_finish: At,
    reads_start: At,
    /// The compare-and-set that found the value.
    consumer: u32,
    block: u32,
    /// Position in its block.
    place: u32,
}

impl Cluster {
    fn written_by(writer: u32) -> Cluster {
        Cluster {
            writer,
            reads_finish: (u32::MAX, NONE),
            reads_start: (0, NONE),
            consumer: NONE,
            block: NONE,
            place: 0,
        }
    }
}

struct Zone {
    finish: At,
    start: At,
}

/// The clusters and blocks of one register's operations.
pub struct Zones<'a> {
    ops: &'a [Op],
    clusters: Vec<Cluster>,
    by_value: FxHashMap<ValueId, u32>,
    zones: Vec<Zone>,
}

/// The initial value's cluster.
const INITIAL: usize = 0;

impl<'a> Zones<'a> {
    /// Memory for an operation, at the most: its cluster, its place in the map and its zone.
    pub const BYTES_PER_OP: u64 =
        (size_of::<Cluster>() + 2 * size_of::<(ValueId, u32)>() + 2 * size_of::<Zone>()) as u64;

    /// Finds the writer of every value; `None` where the method does not apply: a value is written
    /// twice, or an operation tells what was not found. Unobserved indefinite operations must have
    /// been left out ([`super::register::drop_unobserved`]).
    pub fn new(ops: &'a [Op], init: ValueId) -> Option<Zones<'a>> {
        let mut by_value = FxHashMap::default();
        by_value.insert(init, INITIAL as u32);
        let mut clusters = vec![Cluster::written_by(NONE)];
        for (i, op) in ops.iter().enumerate() {
            if matches!(op.op, RegisterOp::Differs(_)) {
                return None;
            }
            if let Some(value) = op.op.written() {
                if by_value.insert(value, clusters.len() as u32).is_some() {
                    return None;
                }
                clusters.push(Cluster::written_by(i as u32));
            }
        }
        Some(Zones {
            ops,
            clusters,
            by_value,
            zones: Vec::new(),
        })
    }

    pub fn decide(&mut self) -> Decision<Conflict> {
        let conflict = self
            .assign_readers()
            .and_then(|()| self.form_blocks())
            .and_then(|()| self.compare_zones());
        match conflict {
            Ok(()) => Decision::Linearizable,
            Err(conflict) => Decision::Impossible(conflict),
        }
    }

    fn assign_readers(&mut self) -> Result<(), Conflict> {
        for (i, op) in self.ops.iter().enumerate() {
            let i = i as u32;
            let Some(found) = op.op.found() else { continue };
            let Some(&cluster) = self.by_value.get(&found) else {
                return Err(Conflict::Unwritten { op: i });
            };
            let cluster = &mut self.clusters[cluster as usize];
            if op.op.written().is_none() {
                cluster.reads_finish = cluster.reads_finish.min((op.finish, i));
                if cluster.reads_start.1 == NONE || op.start > cluster.reads_start.0 {
                    cluster.reads_start = (op.start, i);
                }
            } else if cluster.consumer == NONE {
                cluster.consumer = i;
            } else {
                return Err(Conflict::Replaced {
                    first: cluster.consumer,
                    second: i,
                });
            }
        }
        Ok(())
    }

    /// Chains clusters to blocks from every value that was not written by a compare-and-set.
    fn form_blocks(&mut self) -> Result<(), Conflict> {
        for head in 0..self.clusters.len() {
            let writer = self.clusters[head].writer;
            if writer == NONE || self.ops[writer as usize].op.found().is_none() {
                self.form_block(head)?;
            }
        }
        match self.clusters.iter().find(|cluster| cluster.block == NONE) {
            Some(cluster) => Err(Conflict::Circular { op: cluster.writer }),
            None => Ok(()),
        }
    }

    fn form_block(&mut self, head: usize) -> Result<(), Conflict> {
        let mut zone = Zone {
            finish: (u32::MAX, NONE),
            start: (0, NONE),
        };
        if head == INITIAL {
            zone.finish = (0, NONE);
        }
        let (mut next, mut place) = (head, 0);
        loop {
            let cluster = &mut self.clusters[next];
            cluster.block = self.zones.len() as u32;
            cluster.place = place;
            place += 1;
            let cluster = *cluster;
            if cluster.writer != NONE {
                let writer = &self.ops[cluster.writer as usize];
                zone.extend(
                    (writer.finish, cluster.writer),
                    (writer.start, cluster.writer),
                )?;
            }
            if cluster.reads_start.1 != NONE {
                zone.extend(cluster.reads_finish, cluster.reads_start)?;
            }
            if cluster.consumer == NONE {
                break;
            }
            let written = self.ops[cluster.consumer as usize].op.written();
            match written.and_then(|value| self.by_value.get(&value)) {
                Some(&cluster) => next = cluster as usize,
                None => break,
            }
        }
        self.zones.push(zone);
        Ok(())
    }

    fn compare_zones(&self) -> Result<(), Conflict> {
        let forward = self.forward();
        for pair in forward.windows(2) {
            let (a, b) = (&self.zones[pair[0] as usize], &self.zones[pair[1] as usize]);
            if b.finish.0 < a.start.0 {
                return Err(crossed(a, b));
            }
        }
        for b in self
            .zones
            .iter()
            .filter(|zone| !zone.is_forward() && zone.start.1 != NONE)
        {
            let after = forward.partition_point(|&a| self.zones[a as usize].finish.0 < b.start.0);
            if let Some(&a) = after.checked_sub(1).and_then(|at| forward.get(at)) {
                let a = &self.zones[a as usize];
                if b.finish.0 < a.start.0 {
                    return Err(crossed(a, b));
                }
            }
        }
        Ok(())
    }

    /// The blocks with a forward zone, by its begin.
    fn forward(&self) -> Vec<u32> {
        let mut forward: Vec<u32> = (0..self.zones.len() as u32)
            .filter(|&zone| self.zones[zone as usize].is_forward())
            .collect();
        forward.sort_unstable_by_key(|&zone| self.zones[zone as usize].finish.0);
        forward
    }

    /// A linearization, as positions into the operations; only after [`Zones::decide`] found that
    /// there is one.
    ///
    /// A block with a forward zone goes where that begins; one with a backward zone where its own
    /// begins, or behind the forward zone it begins in.
    pub fn linearization(&self) -> Vec<u32> {
        let forward = self.forward();
        let rank: Vec<(u32, bool)> = self
            .zones
            .iter()
            .map(|zone| {
                if zone.is_forward() {
                    return (zone.finish.0, false);
                }
                let begin = zone.start.0;
                let after = forward.partition_point(|&f| self.zones[f as usize].finish.0 < begin);
                match after
                    .checked_sub(1)
                    .map(|at| &self.zones[forward[at] as usize])
                {
                    Some(around) if begin < around.start.0 => (around.start.0, true),
                    _ => (begin, true),
                }
            })
            .collect();
        let mut order: Vec<u32> = (0..self.ops.len() as u32).collect();
        order.sort_by_cached_key(|&i| {
            let op = &self.ops[i as usize];
            // A compare-and-set goes with the value it writes.
            let value = op.op.written().or(op.op.found()).unwrap_or_default();
            let cluster = &self.clusters[self.by_value[&value] as usize];
            let is_read = op.op.written().is_none();
            let block = cluster.block;
            (
                rank[block as usize],
                block,
                cluster.place,
                is_read,
                op.start,
            )
        });
        order
    }
}

impl Zone {
    /// Adds operations that come after all so far: the earliest finish and latest start of them.
    fn extend(&mut self, finish: At, start: At) -> Result<(), Conflict> {
        if self.start.1 != NONE && finish.0 < self.start.0 {
            return Err(Conflict::Early {
                earlier: self.start.1,
                later: finish.1,
            });
        }
        self.finish = self.finish.min(finish);
        if self.start.1 == NONE || start.0 > self.start.0 {
            self.start = start;
        }
        Ok(())
    }

    fn is_forward(&self) -> bool {
        self.start.1 != NONE && self.finish.0 < self.start.0
    }
}

fn crossed(a: &Zone, b: &Zone) -> Conflict {
    Conflict::Crossed {
        a_end: (a.finish.1 != NONE).then_some(a.finish.1),
        b_begin: b.start.1,
        b_end: b.finish.1,
        a_begin: a.start.1,
    }
}
