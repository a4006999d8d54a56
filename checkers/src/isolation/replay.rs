//! Runs transactions in an order and finds the reads and writes it does not explain.

use super::polygraph::{Choice, Form, INIT, NOTHING, Polygraph};
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;

/// Writers between what a read found and what it would find, looked at for each read: one is
/// enough to go on, and more save turns.
const BETWEEN_MAX: usize = 16;

/// A store that transactions are run on.
#[derive(Debug)]
pub(crate) struct Replay<'p, 'g> {
    polygraph: &'p Polygraph<'g>,
    /// By key: the number of the access that wrote it last.
    top: Vec<u32>,
    /// By access that wrote: the one that had written before. By one about to write: what it found
    /// at its snapshot.
    below: Vec<u32>,
}

/// Nobody has written yet.
const NO_ACCESS: u32 = u32::MAX;

impl<'p, 'g> Replay<'p, 'g> {
    pub fn new(polygraph: &'p Polygraph<'g>) -> Replay<'p, 'g> {
        let keys = polygraph
            .accesses
            .all()
            .last()
            .map_or(0, |last| last.key + 1);
        Replay {
            polygraph,
            top: vec![NO_ACCESS; keys as usize],
            below: vec![NO_ACCESS; polygraph.accesses.all().len()],
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        ((self.top.len() + self.below.len()) * size_of::<u32>()) as u64
    }

    /// The choices that this order leaves open and that break it, each with the side on which the
    /// order has it now.
    pub fn open(
        &mut self,
        order: &[Node],
        meter: &mut Meter,
    ) -> Result<Vec<(Choice, bool)>, Exhausted> {
        let mut open = Vec::new();
        self.top.fill(NO_ACCESS);
        let polygraph = self.polygraph;
        for event in order {
            meter.step(0)?;
            let Some((txn, commits)) = polygraph.txn_of(*event) else {
                continue;
            };
            let reads = polygraph.form == Form::Serial || !commits;
            for number in polygraph.accesses.of_txn(txn) {
                let access = &polygraph.accesses.all()[*number as usize];
                let top = self.top[access.key as usize];
                if reads {
                    if access.source != NOTHING && self.writer(top) != access.source {
                        self.between(access.key, top, access.source, &mut open);
                    }
                    self.below[*number as usize] = top;
                }
                if commits && access.writes {
                    let found = std::mem::replace(&mut self.below[*number as usize], top);
                    if found != top && polygraph.form == Form::Snapshot {
                        open.push(Choice::between(access.key, self.writer(top), txn));
                    }
                    self.top[access.key as usize] = *number;
                }
            }
        }
        open.sort_unstable();
        open.dedup();
        Ok(open)
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
