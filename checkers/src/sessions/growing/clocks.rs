//! What the past of every unit holds: of each session, how many of its units.

use super::history::{History, Read};
use super::own_order;
use crate::budget::{Exhausted, Meter};
use crate::graph::components::components;
use crate::graph::cycles::{Edge, shortest_of_any};
use crate::graph::{GraphBuilder, Kinds, WR, WW};

/// What makes a unit part of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Past {
    /// Its session had read from it, or from one whose past holds it: writes follow reads.
    Read,
    /// That, or it came before in its session: causality.
    Causal,
}

/// The pasts of all units.
#[derive(Debug)]
pub(super) struct Clocks {
    sessions: usize,
    rows: Vec<u32>,
}

/// For each session that a read shows adds of: the last of their units.
pub(super) fn latest(history: &History, read: &Read) -> Vec<u32> {
    let mut units: Vec<u32> = history
        .shown(read)
        .iter()
        .map(|a| history.add(*a).unit)
        .collect();
    units.sort_unstable();
    let session = |unit: &u32| history.session_of[*unit as usize];
    let same = units.chunk_by(|a, b| session(a) == session(b));
    same.filter_map(|same| same.last().copied()).collect()
}

/// Edges from what comes before to what comes after by sessions and by reads.
pub(super) fn causality(history: &History) -> GraphBuilder {
    let mut builder = own_order::sessions(history);
    for read in &history.reads {
        for unit in latest(history, read) {
            builder.edge(unit, read.unit, WR);
        }
    }
    builder
}

/// A cycle of causality and the order of all lists, if there is one.
pub(super) fn with_lists(
    history: &History,
    meter: &mut Meter,
) -> Result<Option<Vec<Edge>>, Exhausted> {
    let mut builder = causality(history);
    for read in &history.reads {
        meter.step(builder.bytes())?;
        for pair in history.shown(read).windows(2) {
            builder.edge(history.add(pair[0]).unit, history.add(pair[1]).unit, WW);
        }
    }
    shortest_of_any(&builder.build(), history.units() as u32, meter)
}

impl Clocks {
    /// Of a history whose sessions and reads are not cyclic.
    pub fn new(history: &History, past: Past, meter: &mut Meter) -> Result<Clocks, Exhausted> {
        let sessions = history.sessions();
        let held = (history.units() * sessions * size_of::<u32>()) as u64;
        meter.step(held)?;
        let order = components(&causality(history).build(), Kinds::MAX, meter)?.order();
        let mut clocks = Clocks {
            sessions,
            rows: vec![0; history.units() * sessions],
        };
        for unit in order {
            meter.step(held)?;
            let session = history.session_of[unit as usize] as usize;
            let mut row = vec![0; sessions];
            if history.position(unit) > 1 {
                row.copy_from_slice(clocks.past(unit - 1));
                if past == Past::Causal {
                    row[session] = history.position(unit) - 1;
                }
            }
            for read in history.reads_of(unit) {
                for source in latest(history, read) {
                    clocks.learn(history, source, &mut row);
                }
            }
            let begin = unit as usize * sessions;
            clocks.rows[begin..begin + sessions].copy_from_slice(&row);
        }
        Ok(clocks)
    }

    /// Adds a unit and its past to a past.
    pub fn learn(&self, history: &History, unit: u32, past: &mut [u32]) {
        for (known, more) in past.iter_mut().zip(self.past(unit)) {
            *known = (*known).max(*more);
        }
        let known = &mut past[history.session_of[unit as usize] as usize];
        *known = (*known).max(history.position(unit));
    }

    pub fn past(&self, unit: u32) -> &[u32] {
        let begin = unit as usize * self.sessions;
        &self.rows[begin..begin + self.sessions]
    }
}
