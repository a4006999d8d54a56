//! A first order of the events: run what can be run.
//!
//! Of the events that nothing known keeps back, one is taken whose reads find what they found, and
//! whose writes replace what nobody still has to read. Among several the most urgent goes first: by
//! the earliest end among all that must follow it. Only where nothing can run is something run that
//! should not, and left to the search. On the history of a store that keeps its promise this comes
//! close to what happened, at the cost of a sort.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::polygraph::{Access, Form, INIT, NOTHING, Polygraph};
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;
use crate::graph::topology::Choose;

/// A version: the access that wrote it, or the number of all accesses and the key it is the initial
/// version of.
type Version = u32;

const NOBODY: u32 = u32::MAX;

/// Runs events as they become ready.
#[derive(Debug)]
pub(super) struct Guess<'p, 'g> {
    polygraph: &'p Polygraph<'g>,
    /// By event: when it has to have happened.
    deadlines: Vec<u32>,
    /// By access: the version it found.
    found: Vec<Version>,
    /// By version: how many have not read it yet that will.
    left: Vec<u32>,
    /// By key: the version there now, and who began and will replace it.
    top: Vec<Version>,
    holder: Vec<u32>,
    /// By key: events that wait until its version may be replaced; those that are to read it
    /// themselves apart.
    parked: Vec<BinaryHeap<Reverse<(u32, Node)>>>,
    updates: Vec<Vec<Node>>,
    /// Events that may be able to run, with the key they waited for.
    awake: BinaryHeap<Reverse<(u32, Node, u32)>>,
    /// Events that wait, whatever for.
    ready: BinaryHeap<Reverse<(u32, Node)>>,
    is_done: Vec<bool>,
}

/// What keeps an event back.
enum Blocked {
    /// Its own or another's read of the key's version.
    Key(u32),
    /// What it read is gone.
    Lost,
}

impl<'p, 'g> Guess<'p, 'g> {
    /// `deadlines` are those of the events.
    pub fn new(
        polygraph: &'p Polygraph<'g>,
        deadlines: Vec<u32>,
        meter: &mut Meter,
    ) -> Result<Guess<'p, 'g>, Exhausted> {
        let accesses = polygraph.accesses;
        let all = accesses.all();
        let keys = all.last().map_or(0, |last| last.key + 1) as usize;
        let mut guess = Guess {
            polygraph,
            found: vec![NOBODY; all.len()],
            left: vec![0; all.len() + keys],
            top: (0..keys as u32).map(|key| all.len() as u32 + key).collect(),
            holder: vec![NOBODY; keys],
            parked: (0..keys).map(|_| BinaryHeap::new()).collect(),
            updates: vec![Vec::new(); keys],
            awake: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            is_done: vec![false; deadlines.len()],
            deadlines,
        };
        let mut number = 0;
        for same in all.chunk_by(|a, b| (a.key, a.source) == (b.key, b.source)) {
            let version = match same[0].source {
                NOTHING => NOBODY,
                INIT => all.len() as u32 + same[0].key,
                source => {
                    let own = accesses.of_txn(source).iter().copied();
                    let wrote = |access: &Access| access.key == same[0].key && access.writes;
                    let mut own = own.filter(|number| wrote(&all[*number as usize]));
                    own.next().unwrap_or(NOBODY)
                }
            };
            if version != NOBODY {
                guess.left[version as usize] = same.len() as u32;
            }
            for _ in same {
                meter.step(0)?;
                guess.found[number] = version;
                number += 1;
            }
        }
        Ok(guess)
    }

    fn parts(&self, event: Node) -> Option<(u32, bool, bool)> {
        let (txn, commits) = self.polygraph.txn_of(event)?;
        let reads = self.polygraph.form == Form::Serial || !commits;
        Some((txn, reads, commits))
    }

    /// What keeps the event from running now, if anything does.
    fn blocked(&self, event: Node) -> Option<Blocked> {
        let (txn, reads, commits) = self.parts(event)?;
        for number in self.polygraph.accesses.of_txn(txn) {
            let access = &self.polygraph.accesses.all()[*number as usize];
            let key = access.key as usize;
            let found = self.found[*number as usize];
            if reads && found != NOBODY && found != self.top[key] {
                return Some(Blocked::Lost);
            }
            if !access.writes {
                continue;
            }
            let own = u32::from(self.polygraph.form == Form::Serial && found != NOBODY);
            let is_read = commits && self.left[self.top[key] as usize] > own;
            if is_read || ![NOBODY, txn].contains(&self.holder[key]) {
                return Some(Blocked::Key(access.key));
            }
        }
        None
    }

    fn run(&mut self, event: Node) {
        self.is_done[event as usize] = true;
        let Some((txn, reads, commits)) = self.parts(event) else {
            return;
        };
        let polygraph = self.polygraph;
        for number in polygraph.accesses.of_txn(txn) {
            let access = &polygraph.accesses.all()[*number as usize];
            let key = access.key as usize;
            let found = self.found[*number as usize];
            if reads && found != NOBODY {
                self.left[found as usize] -= 1;
            }
            if commits && access.writes {
                self.top[key] = *number;
                self.holder[key] = NOBODY;
                self.updates[key].clear();
            } else if reads && access.writes && polygraph.form == Form::Snapshot {
                self.holder[key] = txn;
            }
            self.wake(access.key);
        }
    }

    /// Wakes who may replace the version of the key now.
    fn wake(&mut self, key: u32) {
        match self.left[self.top[key as usize] as usize] {
            0 => {
                if let Some(Reverse((deadline, event))) = self.parked[key as usize].pop() {
                    self.awake.push(Reverse((deadline, event, key)));
                }
            }
            1 => {
                for event in self.updates[key as usize].drain(..) {
                    let deadline = self.deadlines[event as usize];
                    self.awake.push(Reverse((deadline, event, key)));
                }
            }
            _ => {}
        }
    }

    /// Lets an event wait for a key.
    fn park(&mut self, event: Node, key: u32) {
        let is_update = self.polygraph.form == Form::Serial
            && self.parts(event).is_some_and(|(txn, ..)| {
                let mut own = self.polygraph.accesses.of_txn(txn).iter();
                own.any(|number| self.found[*number as usize] == self.top[key as usize])
            });
        if is_update {
            self.updates[key as usize].push(event);
        } else {
            let entry = Reverse((self.deadlines[event as usize], event));
            self.parked[key as usize].push(entry);
        }
    }
}

impl Choose for Guess<'_, '_> {
    fn ready(&mut self, event: Node) {
        let deadline = self.deadlines[event as usize];
        self.awake.push(Reverse((deadline, event, NOBODY)));
        self.ready.push(Reverse((deadline, event)));
    }

    fn next(&mut self) -> Option<Node> {
        while let Some(Reverse((_, event, key))) = self.awake.pop() {
            if self.is_done[event as usize] {
                if key != NOBODY {
                    self.wake(key);
                }
                continue;
            }
            match self.blocked(event) {
                None => {
                    self.run(event);
                    return Some(event);
                }
                Some(Blocked::Lost) => {}
                Some(Blocked::Key(other)) => {
                    self.park(event, other);
                    if key != NOBODY && key != other {
                        self.wake(key);
                    }
                }
            }
        }
        while let Some(Reverse((_, event))) = self.ready.pop() {
            if !self.is_done[event as usize] {
                self.run(event);
                return Some(event);
            }
        }
        None
    }
}
