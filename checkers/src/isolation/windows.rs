//! When each event can have happened: after what it follows, before what follows it, and that goes
//! on from key to key through the zones of versions.

use super::polygraph::Polygraph;
use super::versions::{NOBODY, Versions};
use crate::budget::{Exhausted, Meter};
use crate::graph::topology::Topology;

/// Rounds of narrowing at the most.
const ROUNDS_MAX: usize = 8;

/// Another round is worth its time where the last narrowed one window for so many accesses.
const NARROWED_SHARE: usize = 64;

/// The earliest and the latest time, by event.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    pub earliest: Vec<u32>,
    pub latest: Vec<u32>,
}

impl Windows {
    /// Narrows the windows by what is known of the order and by the zones of versions, which are
    /// measured anew.
    pub fn narrow(
        &mut self,
        polygraph: &Polygraph,
        versions: &mut Versions,
        topology: &Topology,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        for _ in 0..ROUNDS_MAX {
            topology.greatest(&mut self.earliest);
            topology.least(&mut self.latest);
            versions.measure(polygraph, self);
            let narrowed = self.apply(polygraph, versions, meter)?;
            if narrowed * NARROWED_SHARE < versions.found.len() {
                break;
            }
        }
        Ok(())
    }

    /// Narrows them by the zones of versions. How many narrowed.
    ///
    /// Where a version comes before another, all who touch it come before the writer of that.
    fn apply(
        &mut self,
        polygraph: &Polygraph,
        versions: &Versions,
        meter: &mut Meter,
    ) -> Result<usize, Exhausted> {
        let all = polygraph.accesses.all();
        let commit = |number: u32| polygraph.events_of(all[number as usize].txn)[1] as usize;
        let mut narrowed = 0;
        // By access that writes: by when everyone must be through with its version.
        let mut through = vec![u32::MAX; all.len()];
        let mut starting = Vec::new();
        for key in 0..polygraph.accesses.keys() {
            let finishing = versions.finishing(key);
            starting.clear();
            starting.extend_from_slice(finishing);
            starting.sort_unstable_by_key(|number| versions.zones[*number as usize].start);
            let mut before = Best::new(0, u32::gt);
            let mut finished = finishing.iter().peekable();
            for number in &starting {
                meter.step(0)?;
                let start = versions.zones[*number as usize].start;
                let is_before = |other: &&u32| versions.zones[**other as usize].finish < start;
                while let Some(other) = finished.next_if(is_before) {
                    before.take(*other, versions.zones[*other as usize].start);
                }
                let earliest = &mut self.earliest[commit(*number)];
                narrowed += usize::from(*earliest < before.but(*number));
                *earliest = before.but(*number).max(*earliest);
            }
            let mut after = Best::new(u32::MAX, u32::lt);
            let mut started = starting.iter().rev().peekable();
            for number in finishing.iter().rev() {
                let finish = versions.zones[*number as usize].finish;
                let is_after = |other: &&u32| versions.zones[**other as usize].start > finish;
                while let Some(other) = started.next_if(is_after) {
                    after.take(*other, self.latest[commit(*other)]);
                }
                through[*number as usize] = after.but(*number);
            }
        }
        for (number, access) in all.iter().enumerate() {
            let [snapshot, commit] = polygraph.events_of(access.txn);
            let found = through.get(versions.found[number] as usize);
            for (event, bound) in [(snapshot, found), (commit, Some(&through[number]))] {
                let latest = &mut self.latest[event as usize];
                let bound = bound.map_or(*latest, |bound| *bound.min(latest));
                narrowed += usize::from(bound < *latest);
                *latest = bound;
            }
        }
        Ok(narrowed)
    }
}

/// The best of some values, and the best but for whose that is.
struct Best {
    is_better: fn(&u32, &u32) -> bool,
    whose: u32,
    first: u32,
    second: u32,
}

impl Best {
    fn new(worst: u32, is_better: fn(&u32, &u32) -> bool) -> Best {
        Best {
            is_better,
            whose: NOBODY,
            first: worst,
            second: worst,
        }
    }

    fn take(&mut self, whose: u32, value: u32) {
        if (self.is_better)(&value, &self.first) {
            (self.whose, self.second, self.first) = (whose, self.first, value);
        } else if (self.is_better)(&value, &self.second) {
            self.second = value;
        }
    }

    /// The best that is not this one's.
    fn but(&self, whose: u32) -> u32 {
        match whose == self.whose {
            true => self.second,
            false => self.first,
        }
    }
}
