//! What a session knows of each key at each of its units: a sweep through its causal past.
//!
//! The past only grows along a session, so each session goes through the writes of all others once:
//! O(writes · sessions) in all. Of every key only the latest known write in a given topological
//! order is kept. If a read returns that one, no known write can be newer, whatever the order of
//! concurrent writes; only other reads need a closer look.

use super::history::{History, INIT, Read, UnitId};
use super::order::Clocks;
use crate::budget::{Exhausted, Meter};

/// What of its causal past a unit must have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Every write.
    Writes,
    /// Its session's own writes, and every write that was read by a unit of the past.
    ReadWrites,
}

/// A read that did not return the latest known write.
#[derive(Debug, Clone, Copy)]
pub struct Suspect<'a> {
    pub unit: UnitId,
    pub read: Read,
    /// How many units of each session are in the unit's past.
    pub past: &'a [u32],
}

/// Latest known writes, by key.
struct Latest {
    /// The session each entry is from: others are void.
    session: Vec<u32>,
    unit: Vec<UnitId>,
}

impl Latest {
    #[inline]
    fn see(&mut self, session: u32, key: u32, unit: UnitId, rank: &[u32]) {
        let key = key as usize;
        let known = self.session[key] == session;
        if !known || rank[self.unit[key] as usize] < rank[unit as usize] {
            self.session[key] = session;
            self.unit[key] = unit;
        }
    }
}

/// Hands every suspect to `suspect`, session by session.
///
/// `rank` is the place of each unit in a topological order of causality.
///
/// # Errors
/// The budget's end.
pub fn sweep(
    history: &History,
    clocks: &Clocks,
    rank: &[u32],
    sees: Sees,
    meter: &mut Meter,
    mut suspect: impl FnMut(Suspect<'_>),
) -> Result<(), Exhausted> {
    let mut latest = Latest {
        session: vec![u32::MAX; history.keys()],
        unit: vec![INIT; history.keys()],
    };
    let mut past = vec![0u32; history.sessions()];
    for session in 0..history.sessions() as u32 {
        past.fill(0);
        let mut last = None;
        for unit in history.session(session) {
            if let Some(own) = last.replace(unit) {
                past[session as usize] += 1;
                reveal(history, own, true, sees, &mut |key, unit| {
                    latest.see(session, key, unit, rank);
                });
            }
            for read in history.reads(unit) {
                if read.source == INIT || knows(history, &past, read.source) {
                    continue;
                }
                let their = history.session_of(read.source) as usize;
                let source_past = clocks.past(read.source);
                for other in 0..past.len() {
                    let target = if other == their {
                        history.position(read.source)
                    } else {
                        source_past[other]
                    };
                    let begin = history.session(other as u32).start;
                    for learned in begin + past[other]..begin + target.max(past[other]) {
                        meter.step(0)?;
                        reveal(history, learned, false, sees, &mut |key, unit| {
                            latest.see(session, key, unit, rank);
                        });
                    }
                    past[other] = past[other].max(target);
                }
            }
            meter.step(0)?;
            for read in history.reads(unit) {
                let key = read.key as usize;
                let newest = latest.unit[key];
                let is_known = latest.session[key] == session && newest != read.source;
                let is_older = |rank: &[u32]| {
                    read.source == INIT || rank[read.source as usize] < rank[newest as usize]
                };
                if is_known && newest != unit && is_older(rank) {
                    suspect(Suspect {
                        unit,
                        read: *read,
                        past: &past,
                    });
                }
            }
        }
    }
    Ok(())
}

/// Whether a past holds a unit.
#[inline]
pub fn knows(history: &History, past: &[u32], unit: UnitId) -> bool {
    past[history.session_of(unit) as usize] >= history.position(unit)
}

/// Shows the writes a session sees since it knows of `unit`.
#[inline]
fn reveal(
    history: &History,
    unit: UnitId,
    is_own: bool,
    sees: Sees,
    see: &mut impl FnMut(u32, UnitId),
) {
    if is_own || sees == Sees::Writes {
        for write in history.writes(unit) {
            see(write.key, unit);
        }
    }
    if sees == Sees::ReadWrites {
        for read in history.reads(unit) {
            if read.source != INIT {
                see(read.key, read.source);
            }
        }
    }
}
