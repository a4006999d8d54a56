//! Runs transactions in an order and finds the reads and writes it does not explain.
//!
//! Each key by itself: where events moved since, only the keys they touch are run again.

use super::polygraph::{Choice, Form, INIT, NOTHING, Polygraph};
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;
use crate::graph::topology::Topology;

/// Writers between what a read found and what it would find, looked at for each read: one is
/// enough to go on, and more save turns.
const BETWEEN_MAX: usize = 16;

/// A store that transactions are run on.
#[derive(Debug)]
pub(crate) struct Replay<'p, 'g> {
    polygraph: &'p Polygraph<'g>,
    /// By key: whether it has to be run again.
    is_stale: Vec<bool>,
    /// By access that wrote: the one that had written before. By one about to write: what it found
    /// at its snapshot.
    below: Vec<u32>,
    /// What happens to the key at hand, by place: an access, and whether it commits.
    happens: Vec<(u32, u32, bool)>,
}

/// Nobody has written yet.
const NO_ACCESS: u32 = u32::MAX;

impl<'p, 'g> Replay<'p, 'g> {
    pub fn new(polygraph: &'p Polygraph<'g>) -> Replay<'p, 'g> {
        Replay {
            polygraph,
            is_stale: vec![true; polygraph.accesses.keys() as usize],
            below: vec![NO_ACCESS; polygraph.accesses.all().len()],
            happens: Vec::new(),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        (self.is_stale.len() + self.below.len() * size_of::<u32>()) as u64
    }

    /// All events have a new place.
    pub fn renew(&mut self) {
        self.is_stale.fill(true);
    }

    /// The event has a new place.
    pub fn moved(&mut self, event: Node) {
        if let Some((txn, _)) = self.polygraph.txn_of(event) {
            for number in self.polygraph.accesses.of_txn(txn) {
                let access = &self.polygraph.accesses.all()[*number as usize];
                self.is_stale[access.key as usize] = true;
            }
        }
    }

    /// The choices that this order leaves open and that break it, each with the side on which the
    /// order has it now.
    pub fn open(
        &mut self,
        order: &Topology,
        meter: &mut Meter,
    ) -> Result<Vec<(Choice, bool)>, Exhausted> {
        let mut open = Vec::new();
        for key in 0..self.is_stale.len() as u32 {
            if self.is_stale[key as usize] {
                let before = open.len();
                self.run(key, order, &mut open, meter)?;
                self.is_stale[key as usize] = open.len() > before;
            }
        }
        open.sort_unstable();
        open.dedup();
        Ok(open)
    }

    fn run(
        &mut self,
        key: u32,
        order: &Topology,
        open: &mut Vec<(Choice, bool)>,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let polygraph = self.polygraph;
        let is_serial = polygraph.form == Form::Serial;
        self.happens.clear();
        for number in polygraph.accesses.of_key(key) {
            let access = &polygraph.accesses.all()[number as usize];
            let [snapshot, commit] = polygraph.events_of(access.txn);
            if !is_serial {
                self.happens.push((order.place(snapshot), number, false));
            }
            if is_serial || access.writes {
                self.happens.push((order.place(commit), number, true));
            }
        }
        self.happens.sort_unstable();
        let mut top = NO_ACCESS;
        for at in 0..self.happens.len() {
            meter.step(0)?;
            let (_, number, commits) = self.happens[at];
            let access = &polygraph.accesses.all()[number as usize];
            if is_serial || !commits {
                if access.source != NOTHING && self.writer(top) != access.source {
                    self.between(key, top, access.source, open);
                }
                self.below[number as usize] = top;
            }
            if commits && access.writes {
                let found = std::mem::replace(&mut self.below[number as usize], top);
                if found != top && polygraph.form == Form::Snapshot {
                    open.push(Choice::between(key, self.writer(top), access.txn));
                }
                top = number;
            }
        }
        Ok(())
    }

    fn writer(&self, number: u32) -> u32 {
        match number {
            NO_ACCESS => INIT,
            number => self.polygraph.accesses.all()[number as usize].txn,
        }
    }

    /// The writers that came after `source`, the last first.
    fn between(&self, key: u32, top: u32, source: u32, open: &mut Vec<(Choice, bool)>) {
        let mut at = top;
        for _ in 0..BETWEEN_MAX {
            let writer = self.writer(at);
            if writer == source || at == NO_ACCESS {
                break;
            }
            open.push(Choice::between(key, source, writer));
            at = self.below[at as usize];
        }
    }
}
