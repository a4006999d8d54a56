//! Causal order: the union of session order and reads-from, closed.
//!
//! Units are sorted topologically, by the time of their completion where causality leaves a choice,
//! since stores mostly take effect in that order, and all sessions evenly where there are no times.
//! A vector clock (Fidge 1988, Mattern 1989) for each unit that writes says how many units of each
//! session are in its causal past: the past of a session's unit is a prefix of every other session.
//! O(units · sessions) time, O(writing units · sessions) memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::history::{History, INIT, UnitId};
use super::path::{self, Step};
use crate::budget::{Exhausted, Meter};

const NO_ROW: u32 = u32::MAX;

/// Steps of a cycle through which shorter ones are looked for.
const CYCLE_STEPS_TRIED_MAX: usize = 32;

/// One unit must come before another although causality does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    pub after: UnitId,
    pub before: UnitId,
    /// The unit whose read of `key` from `after` says so: it knew of `before`.
    pub because: UnitId,
    pub key: u32,
}

/// Sorts all units so that each comes after those before it in its session, those it reads from,
/// and those that `constraints` (sorted) put before it.
///
/// Where that is impossible the answer is a cycle instead.
///
/// # Errors
/// The budget's end.
pub fn sort(
    history: &History,
    constraints: &[Constraint],
    meter: &mut Meter,
) -> Result<Result<Vec<UnitId>, Vec<Step>>, Exhausted> {
    let mut sorting = Sorting {
        history,
        constraints,
        is_done: vec![false; history.units()],
        waiting: Vec::new(),
        first_waiting: vec![NO_ROW; history.units()],
        ready: BinaryHeap::new(),
    };
    let mut sorted = Vec::with_capacity(history.units());
    for session in 0..history.sessions() as u32 {
        let units = history.session(session);
        if !units.is_empty() {
            sorting.place(units.start);
        }
    }
    while let Some(Reverse((_, unit))) = sorting.ready.pop() {
        meter.step(0)?;
        sorted.push(unit);
        sorting.finish(unit);
    }
    if sorted.len() == history.units() {
        return Ok(Ok(sorted));
    }
    Ok(Err(sorting.cycle()))
}

struct Sorting<'a> {
    history: &'a History,
    constraints: &'a [Constraint],
    is_done: Vec<bool>,
    /// Units that wait for another, in linked lists from `first_waiting` of that other.
    waiting: Vec<(UnitId, u32)>,
    first_waiting: Vec<u32>,
    ready: BinaryHeap<Reverse<(u64, UnitId)>>,
}

impl Sorting<'_> {
    /// Makes a unit, whose session has come to it, ready or waiting.
    fn place(&mut self, unit: UnitId) {
        let open = self.blocker(unit).map(|step| step.source);
        match open {
            Some(other) => {
                let first = &mut self.first_waiting[other as usize];
                self.waiting.push((unit, *first));
                *first = self.waiting.len() as u32 - 1;
            }
            None => {
                self.ready.push(Reverse((self.history.turn(unit), unit)));
            }
        }
    }

    /// What the unit still waits for.
    fn blocker(&self, unit: UnitId) -> Option<Step> {
        let reads = self.history.reads(unit).iter().map(|read| Step {
            source: read.source,
            reader: unit,
            key: read.key,
            because: None,
        });
        let forced = constraints_on(self.constraints, unit);
        reads
            .chain(forced.iter().map(Step::from))
            .find(|step| step.source != INIT && !self.is_done[step.source as usize])
    }

    /// A short cycle among the units that wait for each other: following what each waits for leads
    /// onto one, and of the shortest cycles through its steps the shortest is told.
    fn cycle(&self) -> Vec<Step> {
        let history = self.history;
        let next_of = |session: u32| {
            let mut units = history.session(session);
            units.find(|unit| !self.is_done[*unit as usize])
        };
        let mut seen = vec![NO_ROW; history.sessions()];
        let mut walk: Vec<Step> = Vec::new();
        let mut at = (0..history.sessions() as u32).find_map(next_of);
        while let Some(step) = at.and_then(|unit| self.blocker(unit)) {
            let session = history.session_of(step.reader) as usize;
            if seen[session] != NO_ROW {
                walk.drain(..seen[session] as usize);
                break;
            }
            seen[session] = walk.len() as u32;
            walk.push(step);
            at = next_of(history.session_of(step.source));
        }
        walk.truncate(CYCLE_STEPS_TRIED_MAX);
        let cycles = walk
            .iter()
            .filter_map(|step| path::cycle(history, self.constraints, *step));
        cycles.min_by_key(Vec::len).unwrap_or_default()
    }

    fn finish(&mut self, unit: UnitId) {
        self.is_done[unit as usize] = true;
        let session = self.history.session(self.history.session_of(unit));
        if unit + 1 < session.end {
            self.place(unit + 1);
        }
        let mut at = self.first_waiting[unit as usize];
        while at != NO_ROW {
            let (waiter, next) = self.waiting[at as usize];
            self.place(waiter);
            at = next;
        }
    }
}

/// The constraints that put others before `unit`.
pub fn constraints_on(constraints: &[Constraint], unit: UnitId) -> &[Constraint] {
    let begin = constraints.partition_point(|constraint| constraint.after < unit);
    let length = constraints[begin..].partition_point(|constraint| constraint.after == unit);
    &constraints[begin..begin + length]
}

/// The causal past of every writing unit.
#[derive(Debug)]
pub struct Clocks {
    sessions: usize,
    row_of: Vec<u32>,
    rows: Vec<u32>,
}

impl Clocks {
    /// Goes through the units in a topological order.
    ///
    /// # Errors
    /// The budget's end: of its bytes at once.
    pub fn new(
        history: &History,
        sorted: &[UnitId],
        meter: &mut Meter,
    ) -> Result<Clocks, Exhausted> {
        let sessions = history.sessions();
        let writing = |unit: &&UnitId| !history.writes(**unit).is_empty();
        let rows = sorted.iter().filter(writing).count();
        meter.step((rows + sessions) as u64 * history.clock_bytes())?;
        let mut clocks = Clocks {
            sessions,
            row_of: vec![NO_ROW; history.units()],
            rows: Vec::with_capacity(rows * sessions),
        };
        let mut current = vec![0u32; sessions * sessions];
        for unit in sorted {
            meter.step(0)?;
            let session = history.session_of(*unit) as usize;
            let clock = &mut current[session * sessions..(session + 1) * sessions];
            clock[session] = history.position(*unit) - 1;
            for read in history.reads(*unit) {
                clocks.learn(history, read.source, clock);
            }
            if !history.writes(*unit).is_empty() {
                clocks.row_of[*unit as usize] = (clocks.rows.len() / sessions) as u32;
                clocks.rows.extend_from_slice(clock);
            }
        }
        Ok(clocks)
    }

    /// Adds a source and its past to a clock.
    #[inline]
    fn learn(&self, history: &History, source: UnitId, clock: &mut [u32]) {
        if source == INIT {
            return;
        }
        let session = history.session_of(source) as usize;
        let position = history.position(source);
        if clock[session] >= position {
            return;
        }
        for (known, past) in clock.iter_mut().zip(self.past(source)) {
            *known = (*known).max(*past);
        }
        clock[session] = position;
    }

    /// How many units of each session are in the past of a writing unit.
    #[inline]
    pub fn past(&self, unit: UnitId) -> &[u32] {
        let row = self.row_of[unit as usize] as usize;
        &self.rows[row * self.sessions..(row + 1) * self.sessions]
    }

    /// Whether `before` is in the causal past of `unit`, which writes.
    #[inline]
    pub fn is_before(&self, history: &History, before: UnitId, unit: UnitId) -> bool {
        let session = history.session_of(before) as usize;
        self.past(unit)[session] >= history.position(before)
    }
}
