//! What a session knows of each key at each of its units: a sweep through its causal past.
//!
//! The past only grows along a session. If a read returns the latest known write in a given
//! topological order, no known write can be newer, whatever the order of concurrent writes; only
//! other reads need a closer look.

use super::history::{History, INIT, Read, UnitId};
use super::order::Clocks;
use crate::budget::{Exhausted, Meter};

/// A read that did not return the latest known write.
#[derive(Debug, Clone, Copy)]
pub struct Suspect<'a> {
    pub unit: UnitId,
    pub read: Read,
    /// How many units of each session are in the unit's past.
    pub past: &'a [u32],
}

/// Whether a past holds a unit.
#[inline]
pub fn knows(history: &History, past: &[u32], unit: UnitId) -> bool {
    past[history.session_of(unit) as usize] >= history.position(unit)
}

/// Adds what a unit reads from, and the pasts of that, to its past. `learn` is shown what is new.
#[inline]
fn extend(
    history: &History,
    clocks: &Clocks,
    unit: UnitId,
    past: &mut [u32],
    mut learn: impl FnMut(u32, std::ops::Range<u32>),
) {
    for read in history.reads(unit) {
        if read.source == INIT || knows(history, past, read.source) {
            continue;
        }
        let their = history.session_of(read.source) as usize;
        let source_past = clocks.past(read.source);
        for other in 0..past.len() {
            let target = match other == their {
                true => history.position(read.source),
                false => source_past[other],
            };
            if past[other] < target {
                learn(other as u32, past[other]..target);
                past[other] = target;
            }
        }
    }
}

/// Hands every read to `suspect` that is not of the latest write in its past, session by session.
///
/// `rank` is the place of each unit in a topological order of causality. The writers of a key are
/// looked through from the reader back to the source. Where many of them are not in the past, the
/// last of each session that is are compared instead.
///
/// # Errors
/// The budget's end.
pub fn sweep(
    history: &History,
    clocks: &Clocks,
    rank: &[u32],
    meter: &mut Meter,
    mut suspect: impl FnMut(Suspect<'_>),
) -> Result<(), Exhausted> {
    let latest = Latest::new(history, rank);
    let mut past = vec![0u32; history.sessions()];
    for session in 0..history.sessions() as u32 {
        past.fill(0);
        for unit in history.session(session) {
            past[session as usize] = history.position(unit) - 1;
            extend(history, clocks, unit, &mut past, |_, _| {});
            for read in history.reads(unit) {
                meter.step(0)?;
                if latest.is_newer(unit, read, &past) {
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

/// The writers of each key in an order.
struct Latest<'a> {
    history: &'a History,
    rank: &'a [u32],
    by_key: Vec<Vec<UnitId>>,
    looked_through_max: usize,
}

impl<'a> Latest<'a> {
    fn new(history: &'a History, rank: &'a [u32]) -> Latest<'a> {
        let sorted = |key: u32| {
            let mut writers = history.writers(key).to_vec();
            writers.sort_unstable_by_key(|unit| rank[*unit as usize]);
            writers
        };
        Latest {
            history,
            rank,
            by_key: (0..history.keys() as u32).map(sorted).collect(),
            // As many as comparing the sessions would take.
            looked_through_max: history.sessions(),
        }
    }

    /// Whether a write in the unit's past comes after what it read.
    fn is_newer(&self, unit: UnitId, read: &Read, past: &[u32]) -> bool {
        let writers = &self.by_key[read.key as usize];
        let place = |unit: UnitId| self.rank[unit as usize];
        let before = writers.partition_point(|writer| place(*writer) < place(unit));
        let back = writers[..before].iter().rev();
        for writer in back.take(self.looked_through_max) {
            if *writer == read.source {
                return false;
            }
            if knows(self.history, past, *writer) {
                return true;
            }
        }
        before > self.looked_through_max && self.is_newer_of_any(unit, read, past)
    }

    /// The same, by the last known writer of each session.
    fn is_newer_of_any(&self, unit: UnitId, read: &Read, past: &[u32]) -> bool {
        let writers = self.history.writers(read.key);
        let sessions = (0..past.len() as u32).filter(|session| past[*session as usize] > 0);
        let mut last = sessions.filter_map(|session| {
            let begin = self.history.session(session).start;
            let known = begin..begin + past[session as usize];
            let end = writers.partition_point(|writer| *writer < known.end);
            writers[..end]
                .last()
                .copied()
                .filter(|writer| known.contains(writer))
        });
        last.any(|writer| {
            let is_after = || self.rank[writer as usize] > self.rank[read.source as usize];
            writer != unit && writer != read.source && (read.source == INIT || is_after())
        })
    }
}

/// Latest known reads, by key.
struct Seen {
    /// The session each entry is from: others are void.
    session: Vec<u32>,
    unit: Vec<UnitId>,
}

impl Seen {
    #[inline]
    fn see(&mut self, session: u32, key: u32, unit: UnitId, rank: &[u32]) {
        let key = key as usize;
        let known = self.session[key] == session;
        if !known || rank[self.unit[key] as usize] < rank[unit as usize] {
            self.session[key] = session;
            self.unit[key] = unit;
        }
    }

    /// Sees what a unit read, and of one's own what it wrote.
    #[inline]
    fn reveal(&mut self, history: &History, session: u32, unit: UnitId, rank: &[u32]) {
        if history.session_of(unit) == session {
            for write in history.writes(unit) {
                self.see(session, write.key, unit, rank);
            }
        }
        for read in history.reads(unit) {
            if read.source != INIT {
                self.see(session, read.key, read.source, rank);
            }
        }
    }
}

/// Hands every read to `suspect` that is not of the latest write its session wrote or a unit of its
/// past read, session by session: each goes through the reads of all others once, O(reads ·
/// sessions) in all.
///
/// # Errors
/// The budget's end.
pub fn sweep_reads(
    history: &History,
    clocks: &Clocks,
    rank: &[u32],
    meter: &mut Meter,
    mut suspect: impl FnMut(Suspect<'_>),
) -> Result<(), Exhausted> {
    let mut latest = Seen {
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
                latest.reveal(history, session, own, rank);
            }
            let mut learned = 0u64;
            extend(history, clocks, unit, &mut past, |other, places| {
                let begin = history.session(other).start;
                learned += u64::from(places.end - places.start);
                for place in places {
                    latest.reveal(history, session, begin + place, rank);
                }
            });
            for _ in 0..=learned {
                meter.step(0)?;
            }
            for read in history.reads(unit) {
                let key = read.key as usize;
                let newest = latest.unit[key];
                let is_known = latest.session[key] == session && newest != read.source;
                let is_older =
                    || read.source == INIT || rank[read.source as usize] < rank[newest as usize];
                if is_known && newest != unit && is_older() {
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
