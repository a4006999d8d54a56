//! Causal consistency (CC) and causal convergence (CCv) by their bad patterns.
//!
//! Bouajjani, Enea, Guerraoui & Hamza, *On verifying causal consistency*, POPL 2017. With `co` the
//! causal order, a history is not CC if a unit reads `w'` while its past holds another write `w` of
//! the key with `w' co w` (WriteCORead), or reads the initial value while its past holds a write of
//! the key (WriteCOInitRead). It is not CCv if `co` with the conflicts `w → w'`, one for every read
//! of `w'` whose past holds `w`, is cyclic (CyclicCF). With transactions as units CCv is the causal
//! consistency of Biswas & Enea, *On the complexity of checking transactional consistency*,
//! OOPSLA 2019.
//!
//! The order of conflicting writes is guessed: some topological order of `co`. If every read
//! returns the last write of its past in that order, the order itself proves CCv. A read that does
//! not adds its conflicts, which hold in every order, and the guess is made anew; a read is wrong
//! once at most, since its conflicts settle it. On histories of real stores the first guess is
//! nearly right, and the check costs one sweep.

use super::history::{History, INIT, UnitId};
use super::known::{self, Suspect, knows};
use super::order::{self, Clocks, Constraint};
use super::path::Step;
use crate::budget::{Exhausted, Meter};

/// A pattern that no causally consistent store shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Session order and reads-from are cyclic (CyclicCO).
    CyclicOrder(Vec<Step>),
    /// A unit read an older write than one in its past, or none at all.
    Overwritten(Overwritten),
    /// Units must come before one another (CyclicCF, CyclicHB).
    CyclicConflicts(Vec<Step>),
}

/// `unit` read `key` from `source`, though it knew of `newer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overwritten {
    pub unit: UnitId,
    pub key: u32,
    /// The older write; [`INIT`] for the initial value.
    pub source: UnitId,
    pub newer: UnitId,
}

/// Causality worked out.
#[derive(Debug)]
pub struct Causality {
    pub sorted: Vec<UnitId>,
    pub clocks: Clocks,
}

impl Causality {
    /// Sorts the history by causality, unless that is cyclic.
    ///
    /// # Errors
    /// The budget's end.
    pub fn new(
        history: &History,
        meter: &mut Meter,
    ) -> Result<Result<Causality, Violation>, Exhausted> {
        let sorted = match order::sort(history, &[], meter)? {
            Ok(sorted) => sorted,
            Err(cycle) => return Ok(Err(Violation::CyclicOrder(cycle))),
        };
        let clocks = Clocks::new(history, &sorted, meter)?;
        Ok(Ok(Causality { sorted, clocks }))
    }
}

/// The place of each unit in an order.
pub fn ranks(sorted: &[UnitId]) -> Vec<u32> {
    let mut rank = vec![0; sorted.len()];
    for (at, unit) in sorted.iter().enumerate() {
        rank[*unit as usize] = at as u32;
    }
    rank
}

/// A newer write that a suspect knew of, if there is one for sure.
fn overwritten(
    history: &History,
    clocks: &Clocks,
    suspect: &Suspect,
    is_seen: impl Fn(UnitId) -> bool,
) -> Option<Overwritten> {
    let source = suspect.read.source;
    let mut writers = history.writers(suspect.read.key).iter();
    let newer = writers.find(|writer| {
        **writer != source
            && **writer != suspect.unit
            && (source == INIT || clocks.is_before(history, source, **writer))
            && is_seen(**writer)
    });
    newer.map(|newer| Overwritten {
        unit: suspect.unit,
        key: suspect.read.key,
        source,
        newer: *newer,
    })
}

/// Every read that breaks CC, in the order of the units.
///
/// # Errors
/// The budget's end.
pub fn overwritten_reads(
    history: &History,
    causality: &Causality,
    meter: &mut Meter,
) -> Result<Vec<Overwritten>, Exhausted> {
    let rank = ranks(&causality.sorted);
    let mut found = Vec::new();
    let clocks = &causality.clocks;
    known::sweep(history, clocks, &rank, meter, |suspect| {
        let is_seen = |writer| knows(history, suspect.past, writer);
        found.extend(overwritten(history, clocks, &suspect, is_seen));
    })?;
    Ok(found)
}

/// Every read that is older than a write which a unit of its past had read, in the order of the
/// units. What the reader's own session wrote or read does not count: that is for other guarantees.
///
/// # Errors
/// The budget's end.
pub fn forgotten_reads(
    history: &History,
    causality: &Causality,
    meter: &mut Meter,
) -> Result<Vec<Overwritten>, Exhausted> {
    let rank = ranks(&causality.sorted);
    let readers = Readers::new(history);
    let mut found = Vec::new();
    let clocks = &causality.clocks;
    known::sweep_reads(history, clocks, &rank, meter, |suspect| {
        let own = history.session_of(suspect.unit);
        let is_own = |unit: UnitId| history.session_of(unit) == own && unit < suspect.unit;
        let is_seen = |writer| {
            let readers = readers.of(writer);
            let is_past =
                |reader: &UnitId| *reader != suspect.unit && knows(history, suspect.past, *reader);
            !is_own(writer)
                && !readers.iter().any(|reader| is_own(*reader))
                && readers.iter().any(is_past)
        };
        found.extend(overwritten(history, clocks, &suspect, is_seen));
    })?;
    Ok(found)
}

/// The units that read from each unit.
struct Readers {
    starts: Vec<u32>,
    readers: Vec<UnitId>,
}

impl Readers {
    fn new(history: &History) -> Readers {
        let mut starts = vec![0u32; history.units() + 1];
        let units = 0..history.units() as UnitId;
        let pairs = |unit: UnitId| {
            let sources = history.reads(unit).iter().map(|read| read.source);
            sources.filter(|source| *source != INIT)
        };
        for source in units.clone().flat_map(pairs) {
            starts[source as usize + 1] += 1;
        }
        for unit in 0..history.units() {
            starts[unit + 1] += starts[unit];
        }
        let mut next = starts.clone();
        let mut readers = vec![0; *starts.last().unwrap_or(&0) as usize];
        for unit in units {
            for source in pairs(unit) {
                readers[next[source as usize] as usize] = unit;
                next[source as usize] += 1;
            }
        }
        Readers { starts, readers }
    }

    fn of(&self, unit: UnitId) -> &[UnitId] {
        let at = unit as usize;
        &self.readers[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Decides CCv: an order that proves it, or what breaks it: the reads that break CC already, or a
/// cycle of conflicts.
///
/// # Errors
/// The budget's end.
pub fn arbitrate(
    history: &History,
    causality: &Causality,
    meter: &mut Meter,
) -> Result<Result<Vec<UnitId>, Vec<Violation>>, Exhausted> {
    let mut constraints: Vec<Constraint> = Vec::new();
    let mut sorted = causality.sorted.clone();
    loop {
        let rank = ranks(&sorted);
        let known_before = constraints.len();
        let clocks = &causality.clocks;
        let mut broken = Vec::new();
        known::sweep(history, clocks, &rank, meter, |suspect| {
            let is_seen = |writer| knows(history, suspect.past, writer);
            let found = overwritten(history, clocks, &suspect, is_seen);
            broken.extend(found.map(Violation::Overwritten));
            conflicts(history, &suspect, &mut constraints);
        })?;
        if !broken.is_empty() {
            return Ok(Err(broken));
        }
        if constraints.len() == known_before {
            return Ok(Ok(sorted));
        }
        constraints.sort_unstable();
        constraints.dedup_by_key(|constraint| (constraint.after, constraint.before));
        meter.step((constraints.len() * size_of::<Constraint>()) as u64)?;
        sorted = match order::sort(history, &constraints, meter)? {
            Ok(sorted) => sorted,
            Err(cycle) => return Ok(Err(vec![Violation::CyclicConflicts(cycle)])),
        };
    }
}

/// The last write of each session that the suspect knew of comes before the one it read.
fn conflicts(history: &History, suspect: &Suspect, constraints: &mut Vec<Constraint>) {
    if suspect.read.source == INIT {
        return;
    }
    let writers = history.writers(suspect.read.key).iter().copied();
    let known = writers.filter(|writer| {
        *writer != suspect.read.source
            && *writer != suspect.unit
            && knows(history, suspect.past, *writer)
    });
    let last = history.last_of_each_session(known);
    constraints.extend(last.into_iter().map(|before| Constraint {
        after: suspect.read.source,
        before,
        because: suspect.unit,
        key: suspect.read.key,
    }));
}
