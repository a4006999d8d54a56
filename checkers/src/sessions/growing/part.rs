//! Parts of a history, each a history of its own.
//!
//! A collection without an element is one that it was never added to: what a read shows of a part
//! is what the part adds.

use super::clocks;
use super::history::{AddId, Done, History, Lowering, Read};
use super::rules::{Violation, Why};
use crate::budget::{Exhausted, Meter};
use crate::causal::history::{Outcome, Span};
use crate::checker::Params;
use crate::graph::cycles::{Edge, shortest_of_any};
use crate::graph::{THROUGH, WW};
use crate::sessions::minimal::{Mark, Whole};
use crate::value::Value;

/// The units on a shortest path by sessions and reads: on a cycle with the way back. Where these
/// are cyclic by themselves, it may be one of those, which shows nothing and does no harm.
fn path(history: &History, from: u32, to: u32, meter: &mut Meter) -> Result<Vec<u32>, Exhausted> {
    if history.session_of[from as usize] == history.session_of[to as usize] {
        return Ok(Vec::new());
    }
    let mut builder = clocks::causality(history);
    builder.edge(to, from, THROUGH);
    meter.step(builder.bytes_to_build())?;
    let cycle = shortest_of_any(&builder.build(), history.units() as u32, meter)?;
    Ok(cycle.into_iter().flatten().map(|edge| edge.from).collect())
}

impl History {
    /// A unit that is shown in a list what `edge` has one after the other.
    fn reader_of(&self, edge: &Edge, meter: &mut Meter) -> Result<Option<u32>, Exhausted> {
        for read in &self.reads {
            meter.step(0)?;
            let mut pairs = self.shown(read).windows(2);
            if pairs.any(|pair| {
                let [from, to] = [pair[0], pair[1]].map(|add| self.add(add).unit);
                from == edge.from && to == edge.to
            }) {
                return Ok(Some(read.unit));
            }
        }
        Ok(None)
    }

    /// A unit whose read shows `add` and no more than `read` does, and who added what only that one
    /// shows.
    fn apart(&self, read: &Read, add: AddId, meter: &mut Meter) -> Result<Vec<u32>, Exhausted> {
        let long = self.shown(read);
        for other in self.reads.iter().filter(|other| other.key == read.key) {
            meter.step(0)?;
            let short = self.shown(other);
            if short.len() <= long.len() && short.contains(&add) {
                let lacks = long.iter().find(|add| !short.contains(add));
                let adder = lacks.map(|add| self.add(*add).unit);
                return Ok(adder.into_iter().chain([other.unit]).collect());
            }
        }
        Ok(Vec::new())
    }
}

impl Whole for History {
    type Violation = Violation;

    fn units(&self) -> usize {
        self.units()
    }

    fn span(&self, unit: u32) -> Span {
        self.spans[unit as usize]
    }

    fn touched(&self, unit: u32) -> Vec<u32> {
        let read = self.reads_of(unit).iter().map(|read| read.key);
        let added = self.adds_of(unit).iter().map(|add| add.key);
        read.chain(added).collect()
    }

    fn sources(&self, _unit: u32, _keys: &[u32]) -> Vec<u32> {
        Vec::new()
    }

    /// How a reader knew of what it lacks, or who else was shown it; how the late one of two
    /// elements came before the early one, or which differ; which reads show the order of lists in
    /// a cycle.
    fn between(&self, violation: &Violation, meter: &mut Meter) -> Result<Vec<u32>, Exhausted> {
        match violation {
            Violation::Missing { read, add, why } => match why {
                Why::Own | Why::Seen | Why::SameSession => Ok(Vec::new()),
                Why::Shorter => self.apart(read, *add, meter),
                Why::Known | Why::ReadBefore => path(self, self.add(*add).unit, read.unit, meter),
            },
            Violation::Order { early, late, .. } => {
                path(self, self.add(*late).unit, self.add(*early).unit, meter)
            }
            Violation::Rewritten { read, before } | Violation::Forked { read, before } => {
                let [shorter, longer] = [self.shown(read), self.shown(before)];
                let pair = shorter.iter().zip(longer).find(|(a, b)| a != b);
                let ends = [shorter, longer].map(|shown| shown.last());
                let adds = pair.map_or(ends, |(a, b)| [Some(a), Some(b)]);
                let adds = adds.into_iter().flatten();
                Ok(adds.map(|add| self.add(*add).unit).collect())
            }
            Violation::Cycle(cycle) => {
                let mut readers = Vec::new();
                for edge in cycle.iter().filter(|edge| edge.kind == WW) {
                    readers.extend(self.reader_of(edge, meter)?);
                }
                Ok(readers)
            }
        }
    }

    fn key(&self, key: u32) -> &Value {
        self.keys.value(key)
    }

    fn part(&self, units: &[u32], keys: &[u32]) -> Option<History> {
        let mut lowering = Lowering::new(&Params::default());
        let is_kept = |key: &u32| keys.binary_search(key).is_ok();
        for unit in units {
            let mut done = Done::default();
            // Reads first: what is shown of its own adds was not added before.
            for read in self.reads_of(*unit).iter().filter(|r| is_kept(&r.key)) {
                let is_added = |add: &&AddId| units.binary_search(&self.add(**add).unit).is_ok();
                let shown = self.shown(read).iter().filter(is_added);
                let shown = shown.map(|add| self.elements.value(self.add(*add).element));
                lowering.shown(self.key(read.key), shown, &mut done);
            }
            for add in self.adds_of(*unit).iter().filter(|add| is_kept(&add.key)) {
                let element = self.elements.value(add.element);
                lowering.add(self.key(add.key), element, &mut done);
            }
            // Sessions of one process stay apart.
            let session = i64::from(self.session_of[*unit as usize]);
            lowering.unit(session, self.span(*unit), Outcome::Committed, done);
        }
        Some(lowering.finish())
    }

    fn mark(&self, violation: &Violation) -> Mark {
        match violation {
            // Which of two reads is told to be wrong, the elements decide that they do not share.
            Violation::Forked { .. }
            | Violation::Missing {
                why: Why::Shorter, ..
            } => Mark::Sort("fork"),
            Violation::Missing { read, .. }
            | Violation::Order { read, .. }
            | Violation::Rewritten { read, .. } => Mark::Reader(self.span(read.unit).invoked),
            Violation::Cycle(_) => Mark::Sort("cycle"),
        }
    }
}
