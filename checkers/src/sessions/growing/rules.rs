//! What a read of a collection must show, and in which order.
//!
//! A read shows a set of adds: what the replica it reached held of its key. A guarantee says which
//! other adds that replica must have held; those of other keys are free, so a history keeps a
//! guarantee iff each read by itself is closed under it:
//!
//! - read your writes, monotonic reads: what its session added, or was shown, before;
//! - monotonic writes: with an add, those of its session before it;
//! - writes follow reads: with an add, what its session had been shown before it, and so on;
//! - PRAM: of each session as much as this one was ever shown, and all it added itself;
//! - causality: all of its causal past.
//!
//! A list must also show them in that order. An order of its own that each session sees (PRAM,
//! causal memory) only ever grows at the end; one order that all see (causal convergence) is not
//! cyclic with causality.

use rustc_hash::{FxHashMap, FxHashSet};

use super::clocks::{self, Clocks, Past, latest};
use super::history::{AddId, History, Read};
use super::own_order;
use crate::budget::{Exhausted, Meter};
use crate::graph::cycles::{Edge, shortest_of_any};
use crate::graph::{PROCESS, WR};
use crate::sessions::Guarantee;

/// What breaks a guarantee.
#[derive(Debug, Clone)]
pub(super) enum Violation {
    /// A read lacks an add that it must show.
    Missing { read: Read, add: AddId, why: Why },
    /// A list shows an add behind one that it must come before.
    Order {
        read: Read,
        early: AddId,
        late: AddId,
    },
    /// A session's list does not begin as it was shown before.
    Rewritten { read: Read, before: Read },
    /// Two lists do not begin alike, whoever read them.
    Forked { read: Read, before: Read },
    /// Units must each come before the next.
    Cycle(Vec<Edge>),
}

/// Why a read must show an add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its session added it.
    Own,
    /// Its session had been shown it.
    Seen,
    /// It shows a later add of the same session.
    SameSession,
    /// It shows an add whose session had been shown this one.
    ReadBefore,
    /// Its session knew of it.
    Known,
    /// A read that shows no more shows it.
    Shorter,
}

/// Adds of a key by session, as `(unit, add)`.
type BySession = FxHashMap<u32, Vec<(u32, AddId)>>;

/// What is looked up for every read.
struct Index {
    /// By key: what each session added, in order.
    added: Vec<BySession>,
    /// By key: what each session was shown first when.
    shown: Vec<BySession>,
}

impl Index {
    fn new(history: &History) -> Index {
        let keys = history.keys.len();
        let mut index = Index {
            added: vec![BySession::default(); keys],
            shown: vec![BySession::default(); keys],
        };
        for (number, add) in (0..).zip(&history.adds) {
            let session = history.session_of[add.unit as usize];
            let added = index.added[add.key as usize].entry(session).or_default();
            added.push((add.unit, number));
        }
        let mut seen_by = vec![u32::MAX; history.adds.len()];
        for read in &history.reads {
            let session = history.session_of[read.unit as usize];
            for add in history.shown(read) {
                if std::mem::replace(&mut seen_by[*add as usize], session) != session {
                    let shown = index.shown[read.key as usize].entry(session).or_default();
                    shown.push((read.unit, *add));
                }
            }
        }
        index
    }
}

pub(super) struct Rules<'h> {
    history: &'h History,
    guarantee: Guarantee,
    index: Index,
    clocks: Option<Clocks>,
    /// By add: the read that showed it last, by number.
    present: Vec<u32>,
    stamp: u32,
    /// Of each session, how many units the one at hand was shown.
    known: Vec<u32>,
    /// By key: the last read of the session at hand.
    last: FxHashMap<u32, Read>,
    pub found: Vec<Violation>,
}

/// Everything that breaks the guarantee, in the order of the units; of each read one thing.
///
/// # Errors
/// The budget's end.
pub(super) fn violations(
    history: &History,
    guarantee: Guarantee,
    is_ordered: bool,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    use Guarantee::*;
    let is_causal = matches!(guarantee, Causal | CausalConvergence | CausalMemory);
    let units = history.units() as u32;
    if (is_causal || guarantee == WritesFollowReads)
        && let Some(cycle) = shortest_of_any(&clocks::causality(history).build(), units, meter)?
    {
        return Ok(vec![Violation::Cycle(cycle)]);
    }
    if guarantee == ConsistentPrefix {
        return super::prefix::violations(history, is_ordered, meter);
    }
    let past = match guarantee {
        WritesFollowReads => Some(Past::Read),
        _ => is_causal.then_some(Past::Causal),
    };
    let clocks = past.map(|past| Clocks::new(history, past, meter));
    let mut rules = Rules {
        history,
        guarantee,
        index: Index::new(history),
        clocks: clocks.transpose()?,
        present: vec![0; history.adds.len()],
        stamp: 0,
        known: vec![0; history.sessions()],
        last: FxHashMap::default(),
        found: Vec::new(),
    };
    for session in 0..history.sessions() as u32 {
        rules.known.fill(0);
        rules.last.clear();
        for unit in history.session(session) {
            for read in history.reads_of(unit) {
                let shown = history.shown(read);
                rules.stamp += 1;
                for add in shown {
                    meter.step(0)?;
                    rules.present[*add as usize] = rules.stamp;
                }
                let found = match rules.missing(session, read, meter)? {
                    None if is_ordered => rules.misplaced(read, meter)?,
                    found => found,
                };
                rules.found.extend(found);
                rules.last.insert(read.key, *read);
            }
        }
    }
    if is_ordered && rules.found.is_empty() {
        let cycles = together(history, guarantee, meter)?;
        rules.found.extend(cycles.into_iter().map(Violation::Cycle));
    }
    Ok(rules.found)
}

/// Cycles among the lists of several keys, each of which fits.
fn together(
    history: &History,
    guarantee: Guarantee,
    meter: &mut Meter,
) -> Result<Vec<Vec<Edge>>, Exhausted> {
    use Guarantee::*;
    let before = match guarantee {
        CausalConvergence => {
            return Ok(clocks::with_lists(history, meter)?.into_iter().collect());
        }
        CausalMemory => clocks::causality(history),
        Pram => own_order::sessions(history),
        _ => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for session in 0..history.sessions() as u32 {
        found.extend(own_order::cycle(history, session, before.clone(), meter)?);
    }
    Ok(found)
}

impl Rules<'_> {
    /// An add the read must show and does not.
    fn missing(
        &mut self,
        session: u32,
        read: &Read,
        meter: &mut Meter,
    ) -> Result<Option<Violation>, Exhausted> {
        use Guarantee::*;
        let history = self.history;
        let why = match self.guarantee {
            ReadYourWrites => Why::Own,
            MonotonicReads => Why::Seen,
            MonotonicWrites => Why::SameSession,
            WritesFollowReads => Why::ReadBefore,
            _ => Why::Known,
        };
        if let Some(add) = self.own_later(session, read) {
            return Ok(Some(add));
        }
        let must = self.must(session, read);
        let by_session = match self.guarantee {
            MonotonicReads | WritesFollowReads => &self.index.shown[read.key as usize],
            _ => &self.index.added[read.key as usize],
        };
        // In the order of sessions, so that the answer is the same every time.
        let mut sessions: Vec<u32> = by_session.keys().copied().collect();
        sessions.sort_unstable();
        for other in sessions {
            let until = history.starts[other as usize] + must[other as usize];
            for (unit, add) in &by_session[&other] {
                meter.step(0)?;
                if *unit >= until {
                    break;
                }
                let is_own = history.add(*add).unit == read.unit;
                if !is_own && self.present[*add as usize] != self.stamp {
                    return Ok(Some(Violation::Missing {
                        read: *read,
                        add: *add,
                        why,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Of each session, how many units the read must show what they added, or were shown, of.
    fn must(&mut self, session: u32, read: &Read) -> Vec<u32> {
        use Guarantee::*;
        let history = self.history;
        let mut must = vec![0; history.sessions()];
        match self.guarantee {
            ReadYourWrites | MonotonicReads => {
                must[session as usize] = history.position(read.unit) - 1;
            }
            MonotonicWrites => {
                for unit in latest(history, read) {
                    must[history.session_of[unit as usize] as usize] = history.position(unit) - 1;
                }
            }
            Pram => {
                for unit in latest(history, read) {
                    let known = &mut self.known[history.session_of[unit as usize] as usize];
                    *known = (*known).max(history.position(unit));
                }
                must.copy_from_slice(&self.known);
                must[session as usize] = history.position(read.unit) - 1;
            }
            WritesFollowReads => {
                if let Some(clocks) = &self.clocks {
                    for unit in latest(history, read) {
                        clocks.learn(history, unit, &mut must);
                    }
                }
            }
            _ => {
                if let Some(clocks) = &self.clocks {
                    must.copy_from_slice(clocks.past(read.unit));
                }
            }
        }
        must
    }

    /// What its own session added only later, in the order that a session has for itself.
    fn own_later(&self, session: u32, read: &Read) -> Option<Violation> {
        let history = self.history;
        if self.guarantee != Guarantee::Pram {
            return None;
        }
        let mut units = history.shown(read).iter().map(|add| history.add(*add).unit);
        let later = |unit: &u32| history.session_of[*unit as usize] == session && *unit > read.unit;
        units.find(later).map(|later| {
            let edge = |from, to, kind| Edge { from, to, kind };
            Violation::Cycle(vec![
                edge(later, read.unit, WR),
                edge(read.unit, later, PROCESS),
            ])
        })
    }

    /// Two elements of a list in the wrong order, or a list that is not what it was.
    fn misplaced(&self, read: &Read, meter: &mut Meter) -> Result<Option<Violation>, Exhausted> {
        use Guarantee::*;
        let history = self.history;
        let shown = history.shown(read);
        if matches!(self.guarantee, Pram | CausalMemory)
            && let Some(before) = self.last.get(&read.key)
            && !shown.starts_with(history.shown(before))
        {
            return Ok(Some(Violation::Rewritten {
                read: *read,
                before: *before,
            }));
        }
        match &self.clocks {
            Some(clocks) if self.guarantee == WritesFollowReads => {
                self.read_before(read, clocks, meter)
            }
            clocks => self.past_before(read, clocks.as_ref(), meter),
        }
    }

    /// An element of a list that is in the past of one before it: its causal past, or its session.
    fn past_before(
        &self,
        read: &Read,
        clocks: Option<&Clocks>,
        meter: &mut Meter,
    ) -> Result<Option<Violation>, Exhausted> {
        let history = self.history;
        if clocks.is_none()
            && !matches!(self.guarantee, Guarantee::MonotonicWrites | Guarantee::Pram)
        {
            return Ok(None);
        }
        let shown = history.shown(read);
        // Of each session, how many units must not come any more.
        let mut past = vec![0; history.sessions()];
        for (at, add) in shown.iter().enumerate() {
            meter.step(0)?;
            let unit = history.add(*add).unit;
            let session = history.session_of[unit as usize] as usize;
            let position = history.position(unit);
            if past[session] >= position {
                let is_later = |early: &AddId| {
                    let other = history.add(*early).unit;
                    let own = history.session_of[other as usize] as usize == session;
                    own && other > unit
                        || clocks.is_some_and(|c| c.past(other)[session] >= position)
                };
                let early = shown[..at].iter().copied().find(is_later);
                return Ok(early.map(|early| Violation::Order {
                    read: *read,
                    early,
                    late: *add,
                }));
            }
            if let Some(clocks) = clocks {
                for (known, more) in past.iter_mut().zip(clocks.past(unit)) {
                    *known = (*known).max(*more);
                }
            }
            past[session] = past[session].max(position - 1);
        }
        Ok(None)
    }

    /// An element of a list that the session of one before it had been shown, or one it follows.
    fn read_before(
        &self,
        read: &Read,
        clocks: &Clocks,
        meter: &mut Meter,
    ) -> Result<Option<Violation>, Exhausted> {
        let history = self.history;
        let mut past = vec![0; history.sessions()];
        let shown_to = &self.index.shown[read.key as usize];
        let mut looked_at: FxHashMap<u32, usize> = FxHashMap::default();
        let mut listed: FxHashSet<AddId> = FxHashSet::default();
        for add in history.shown(read) {
            clocks.learn(history, history.add(*add).unit, &mut past);
            for (session, shown) in shown_to {
                let next = looked_at.entry(*session).or_default();
                let until = history.starts[*session as usize] + past[*session as usize];
                while let Some((unit, before)) = shown.get(*next)
                    && *unit < until
                {
                    meter.step(0)?;
                    let is_own = history.add(*before).unit == history.add(*add).unit;
                    if !is_own && !listed.contains(before) {
                        return Ok(Some(Violation::Order {
                            read: *read,
                            early: *add,
                            late: *before,
                        }));
                    }
                    *next += 1;
                }
            }
            listed.insert(*add);
        }
        Ok(None)
    }
}
