//! A first order of the events: run what can be run.
//!
//! Of the events that nothing known keeps back, one is taken whose reads find what they found, and
//! whose writes replace what nobody still has to read, and no version that has to come first is
//! missing. Among several the most urgent goes first: by the latest time it can have happened at.
//! Only where nothing can run is something run that should not, and left to the search. On the
//! history of a store that keeps its promise this comes close to what happened, at the cost of a
//! sort.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::polygraph::{Form, Polygraph};
use super::versions::{NOBODY, Version, Versions};
use super::windows::Windows;
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;
use crate::graph::topology::{Choose, Topology};

/// Events woken at once that wait for the same key: those with more time than these hardly go
/// first.
const WOKEN_MAX: usize = 8;

/// Runs events as they become ready.
#[derive(Debug)]
pub(super) struct Guess<'p, 'g> {
    polygraph: &'p Polygraph<'g>,
    /// By event: when it has to have happened.
    deadlines: Vec<u32>,
    versions: Versions,
    /// By version: how many have not read it yet that will.
    left: Vec<u32>,
    /// By key: the version there now, who began and will replace it, and how many of its versions,
    /// by the ends of their zones, are surely written.
    top: Vec<Version>,
    holder: Vec<u32>,
    written: Vec<u32>,
    /// By key: events that wait until its version may be replaced.
    parked: Vec<Queue>,
    /// Events that may be able to run.
    awake: Queue,
    /// Events that wait, whatever for.
    ready: Queue,
    state: Vec<State>,
}

/// Events by deadline.
type Queue = BinaryHeap<Reverse<(u32, Node)>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Early,
    Ready,
    Done,
}

/// What keeps an event back.
enum Blocked {
    /// The key's version may not be replaced yet, or not by this.
    Key(u32),
    /// What it read is gone.
    Lost,
}

impl<'p, 'g> Guess<'p, 'g> {
    /// `windows` are those of the events before anything but their own ends is known.
    pub fn new(
        polygraph: &'p Polygraph<'g>,
        mut windows: Windows,
        topology: &Topology,
        meter: &mut Meter,
    ) -> Result<Guess<'p, 'g>, Exhausted> {
        let mut versions = Versions::new(polygraph, meter)?;
        windows.narrow(polygraph, &mut versions, topology, meter)?;
        let keys = polygraph.accesses.keys() as usize;
        let accesses = polygraph.accesses.all().len();
        let mut left = vec![0; accesses + keys];
        for found in versions.found.iter().filter(|found| **found != NOBODY) {
            left[*found as usize] += 1;
        }
        Ok(Guess {
            polygraph,
            versions,
            left,
            top: (accesses as u32..).take(keys).collect(),
            holder: vec![NOBODY; keys],
            written: vec![0; keys],
            parked: vec![Queue::new(); keys],
            awake: Queue::new(),
            ready: Queue::new(),
            state: vec![State::Early; windows.latest.len()],
            deadlines: windows.latest,
        })
    }

    fn parts(&self, event: Node) -> Option<(u32, bool, bool)> {
        let (txn, commits) = self.polygraph.txn_of(event)?;
        let reads = self.polygraph.form == Form::Serial || !commits;
        Some((txn, reads, commits))
    }

    /// What keeps the event from running now, if anything does.
    fn blocked(&self, event: Node) -> Option<Blocked> {
        let (txn, reads, commits) = self.parts(event)?;
        let holds = self.polygraph.form == Form::Snapshot;
        for number in self.polygraph.accesses.of_txn(txn) {
            let access = &self.polygraph.accesses.all()[*number as usize];
            let key = access.key as usize;
            let found = self.versions.found[*number as usize];
            if reads && found != NOBODY && found != self.top[key] {
                return Some(Blocked::Lost);
            }
            if !access.writes || !(commits || holds) {
                continue;
            }
            let own = u32::from(self.polygraph.form == Form::Serial && found != NOBODY);
            let is_read = commits && self.left[self.top[key] as usize] > own;
            let is_held = ![NOBODY, txn].contains(&self.holder[key]);
            if is_read || is_held || self.is_early(access.key, *number) {
                return Some(Blocked::Key(access.key));
            }
        }
        None
    }

    /// Whether a version of the key that must come before this one is not written yet.
    fn is_early(&self, key: u32, number: u32) -> bool {
        let first = self
            .versions
            .finishing(key)
            .get(self.written[key as usize] as usize);
        let start = self.versions.zones[number as usize].start;
        let zone = |other: &u32| self.versions.zones[*other as usize];
        first.is_some_and(|other| *other != number && zone(other).finish < start)
    }

    fn run(&mut self, event: Node) {
        self.state[event as usize] = State::Done;
        let Some((txn, reads, commits)) = self.parts(event) else {
            return;
        };
        let polygraph = self.polygraph;
        for number in polygraph.accesses.of_txn(txn) {
            let access = &polygraph.accesses.all()[*number as usize];
            let key = access.key as usize;
            let found = self.versions.found[*number as usize];
            if reads && found != NOBODY {
                self.left[found as usize] -= 1;
            }
            if commits && access.writes {
                self.top[key] = *number;
                self.holder[key] = NOBODY;
                self.count_written(access.key);
            } else if reads && access.writes && polygraph.form == Form::Snapshot {
                self.holder[key] = txn;
            }
            self.wake(access.key);
        }
    }

    fn count_written(&mut self, key: u32) {
        let written = &mut self.written[key as usize];
        let rest = &self.versions.finishing(key)[*written as usize..];
        let is_written = |number: &&u32| {
            let access = &self.polygraph.accesses.all()[**number as usize];
            let [_, commit] = self.polygraph.events_of(access.txn);
            self.state[commit as usize] == State::Done
        };
        *written += rest.iter().take_while(is_written).count() as u32;
    }

    /// Wakes who may replace the version of the key now.
    fn wake(&mut self, key: u32) {
        let top = self.top[key as usize];
        match self.left[top as usize] {
            0 => {
                for _ in 0..WOKEN_MAX {
                    let Some(entry) = self.parked[key as usize].pop() else {
                        break;
                    };
                    self.awake.push(entry);
                }
            }
            // The only one that has not read it yet may be about to replace it.
            1 => {
                let update = self.versions.updates[top as usize];
                if update != NOBODY {
                    let txn = self.polygraph.accesses.all()[update as usize].txn;
                    let [_, commit] = self.polygraph.events_of(txn);
                    self.stir(commit);
                }
            }
            _ => {}
        }
    }

    fn stir(&mut self, event: Node) {
        if self.state[event as usize] == State::Ready {
            self.awake
                .push(Reverse((self.deadlines[event as usize], event)));
        }
    }
}

impl Choose for Guess<'_, '_> {
    fn ready(&mut self, event: Node) {
        self.state[event as usize] = State::Ready;
        self.ready
            .push(Reverse((self.deadlines[event as usize], event)));
        self.stir(event);
    }

    fn next(&mut self) -> Option<Node> {
        while let Some(Reverse((deadline, event))) = self.awake.pop() {
            if self.state[event as usize] != State::Ready {
                continue;
            }
            match self.blocked(event) {
                None => {
                    self.run(event);
                    return Some(event);
                }
                Some(Blocked::Lost) => {}
                Some(Blocked::Key(key)) => {
                    self.parked[key as usize].push(Reverse((deadline, event)));
                }
            }
        }
        while let Some(Reverse((_, event))) = self.ready.pop() {
            if self.state[event as usize] == State::Ready {
                self.run(event);
                return Some(event);
            }
        }
        None
    }
}
