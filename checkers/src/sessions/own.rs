//! Read your writes, monotonic reads and monotonic writes: what a session can tell by itself.
//!
//! Each guarantee says which writes a read must have seen. The read breaks it if it returns a value
//! that is older than one of them, as far as the session can tell: the older write came first in
//! its own session, or this session had read it before it wrote the newer one. Both orders hold in
//! every serialization that PRAM allows, so a history that is PRAM breaks none of the three.

use rustc_hash::FxHashMap;

use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::Overwritten;
use crate::causal::history::{History, INIT, Read, UnitId};

/// The reads that break each guarantee, in the order of the units; one newer write is told of each.
#[derive(Debug, Default)]
pub struct Broken {
    pub read_your_writes: Vec<Overwritten>,
    pub monotonic_reads: Vec<Overwritten>,
    /// Only those of sessions that keep the other two: the others cannot tell.
    pub monotonic_writes: Vec<Overwritten>,
}

/// What a session has done so far.
struct Seen<'a> {
    history: &'a History,
    session: u32,
    /// For each session how many of its units are known to come before: up to the last read from.
    known: Vec<u32>,
    /// The values `known` had, each with the session's own unit that raised it.
    raised: Vec<Vec<(UnitId, u32)>>,
    /// The session's last write of each key.
    own: FxHashMap<u32, UnitId>,
    /// The last unit of each session that a key was read from, by key and session.
    read: FxHashMap<(u32, u32), UnitId>,
    /// The first source of each key, and the last own write of it that was read.
    read_of_key: FxHashMap<u32, UnitId>,
    touched: Vec<u32>,
}

/// Finds every read that breaks a guarantee.
///
/// # Errors
/// The budget's end.
pub fn broken(history: &History, meter: &mut Meter) -> Result<Broken, Exhausted> {
    let sessions = history.sessions();
    let mut broken = Broken::default();
    let mut seen = Seen {
        history,
        session: 0,
        known: vec![0; sessions],
        raised: vec![Vec::new(); sessions],
        own: FxHashMap::default(),
        read: FxHashMap::default(),
        read_of_key: FxHashMap::default(),
        touched: Vec::new(),
    };
    for session in 0..sessions as u32 {
        seen.begin(session);
        for unit in history.session(session) {
            meter.step(0)?;
            for read in history.reads(unit) {
                seen.judge(unit, read, &mut broken, meter)?;
                seen.learn(unit, read);
            }
            for write in history.writes(unit) {
                seen.own.insert(write.key, unit);
            }
        }
    }
    let clueless = broken.sessions(history);
    broken.monotonic_writes.retain(|found| {
        let session = history.session_of(found.unit);
        clueless.binary_search(&session).is_err()
    });
    Ok(broken)
}

impl Broken {
    /// The sessions that do not see their own writes, or whose reads are not monotonic. Ascending.
    pub fn sessions(&self, history: &History) -> Vec<u32> {
        let found = self.read_your_writes.iter().chain(&self.monotonic_reads);
        let mut sessions: Vec<u32> = found.map(|found| history.session_of(found.unit)).collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions
    }
}

impl Seen<'_> {
    fn begin(&mut self, session: u32) {
        self.session = session;
        for other in self.touched.drain(..) {
            self.known[other as usize] = 0;
            self.raised[other as usize].clear();
        }
        self.own.clear();
        self.read.clear();
        self.read_of_key.clear();
    }

    fn judge(
        &self,
        unit: UnitId,
        read: &Read,
        broken: &mut Broken,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let found = |newer| Overwritten {
            unit,
            key: read.key,
            source: read.source,
            newer,
        };
        let unseen = self.own.get(&read.key).copied();
        let unseen = unseen.filter(|own| self.is_older(read.source, *own));
        broken.read_your_writes.extend(unseen.map(found));
        let forgotten = self.newer_read(read);
        broken.monotonic_reads.extend(forgotten.map(found));
        if unseen.is_none() && forgotten.is_none() {
            let skipped = self.newer_known(read, meter)?;
            broken.monotonic_writes.extend(skipped.map(found));
        }
        Ok(())
    }

    /// Whether a source is older than an own write for all the session knows.
    fn is_older(&self, source: UnitId, own: UnitId) -> bool {
        if source == INIT {
            return true;
        }
        let session = self.history.session_of(source);
        if session == self.session {
            return source < own;
        }
        let raised = &self.raised[session as usize];
        let then = raised.partition_point(|(by, _)| *by <= own);
        then > 0 && raised[then - 1].1 >= self.history.position(source)
    }

    /// A newer write that the session read before.
    fn newer_read(&self, read: &Read) -> Option<UnitId> {
        if read.source == INIT {
            return self.read_of_key.get(&read.key).copied();
        }
        let session = self.history.session_of(read.source);
        let of_session = self.read.get(&(read.key, session)).copied();
        let own = self.read.get(&(read.key, self.session)).copied();
        of_session
            .filter(|newer| *newer > read.source)
            .or_else(|| own.filter(|own| *own != read.source && self.is_older(read.source, *own)))
    }

    /// A newer write that comes before one that the session read from, in their session.
    fn newer_known(&self, read: &Read, meter: &mut Meter) -> Result<Option<UnitId>, Exhausted> {
        let writers = self.history.writers(read.key);
        let is_known = |writer: UnitId| {
            let session = self.history.session_of(writer);
            session != self.session && self.known[session as usize] >= self.history.position(writer)
        };
        if read.source != INIT {
            let session = self.history.session_of(read.source);
            let next = writers.partition_point(|writer| *writer <= read.source);
            let next = writers.get(next).copied();
            let next = next.filter(|writer| self.history.session_of(*writer) == session);
            return Ok(next.filter(|writer| is_known(*writer)));
        }
        for writer in writers {
            meter.step(0)?;
            if is_known(*writer) {
                return Ok(Some(*writer));
            }
        }
        Ok(None)
    }

    fn learn(&mut self, unit: UnitId, read: &Read) {
        if read.source == INIT {
            return;
        }
        let session = self.history.session_of(read.source);
        let newest = self.read.entry((read.key, session)).or_insert(read.source);
        *newest = (*newest).max(read.source);
        self.read_of_key.entry(read.key).or_insert(read.source);
        let position = self.history.position(read.source);
        let known = &mut self.known[session as usize];
        if session != self.session && *known < position {
            if *known == 0 {
                self.touched.push(session);
            }
            *known = position;
            self.raised[session as usize].push((unit, position));
        }
    }
}
