//! Simulated replicated stores that keep every guarantee but one, for any object.
//!
//! Replicas hold sets of writes; a read shows those of its key that its replica holds, in the order
//! in which they were issued: a register the last, a collection all, a counter their sum. A causal
//! replica takes a write only together with the writes before it; each break drops one reason for
//! doing so.

use std::collections::BTreeSet;

use super::Guarantee::{self, *};
use crate::recording::{Recording, planted_seeds};
use crate::report::Validity;
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// Replicas hold the first of all writes.
    Nothing,
    /// Replicas hold any writes together with those before them.
    Prefix,
    /// Reads may miss what the session wrote, until a read shows it.
    OwnWrites,
    /// Reads of the observer, which goes from replica to replica, may miss what it read.
    OwnReads,
    /// A write arrives without those its session did before.
    WriteOrder,
    /// A write arrives without those its session had read.
    ReadDependencies,
}

/// What a read tells its session of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Last,
    All,
}

/// A call of a session with a key: the number of the write, or what a read shows, in order.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    process: i64,
    key: u64,
    done: Done,
}

#[derive(Debug, Clone)]
enum Done {
    Write(usize),
    Read(Vec<usize>),
}

/// What an object of some kind makes of a history: how a guarantee of it is judged.
pub(crate) struct Object<'a> {
    pub shows: Shows,
    pub judge: &'a dyn Fn(&[Call], Guarantee) -> Validity,
}

const SESSIONS: usize = 6;
/// A session that never writes.
const OBSERVER: usize = 0;
const KEYS: u64 = 3;
/// Calls of a store that keeps its promises, and of one that breaks one.
const CALLS: usize = 60;
const CALLS_BROKEN: usize = 1200;
/// Writes a read sees beside those it must, and what comes with them.
const OTHERS_SEEN: usize = 1;

struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// A write: its key and what must come with it.
struct Issued {
    key: u64,
    /// The writes of its session before it.
    own: BTreeSet<usize>,
    /// What its session had read.
    read: BTreeSet<usize>,
}

#[derive(Default, Clone)]
struct Session {
    own: BTreeSet<usize>,
    read: BTreeSet<usize>,
}

/// Adds writes with all they need.
fn with_dependencies(issued: &[Issued], broken: Break, of: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut open: Vec<usize> = of.iter().copied().collect();
    while let Some(write) = open.pop() {
        if all.insert(write) {
            if broken != Break::WriteOrder {
                open.extend(&issued[write].own);
            }
            if broken != Break::ReadDependencies {
                open.extend(&issued[write].read);
            }
        }
    }
    if broken == Break::Nothing {
        return (0..all.last().map_or(0, |last| last + 1)).collect();
    }
    all
}

fn simulate(broken: Break, shows: Shows, seed: u64) -> Vec<Call> {
    let count = match broken {
        Break::Nothing | Break::Prefix => CALLS,
        _ => CALLS_BROKEN,
    };
    // What was read before a write is missed by those who know little, and where all is shown
    // everybody soon knows everything: by new sessions.
    let life = match (broken, shows) {
        (Break::ReadDependencies, _) | (_, Shows::All) => CALLS,
        _ => count,
    };
    let mut random = Random::new(seed);
    let mut issued: Vec<Issued> = Vec::new();
    let mut sessions = vec![Session::default(); SESSIONS];
    let mut calls = Vec::new();
    for at in 0..count {
        if at % life == 0 {
            sessions.fill(Session::default());
        }
        let who = random.below(SESSIONS as u64) as usize;
        let key = random.below(KEYS);
        let session = &mut sessions[who];
        let done = if who != OBSERVER && random.below(2) == 0 {
            issued.push(Issued {
                key,
                own: session.own.clone(),
                read: session.read.clone(),
            });
            session.own.insert(issued.len() - 1);
            Done::Write(issued.len() - 1)
        } else {
            let mut must = BTreeSet::new();
            if broken != Break::OwnWrites {
                must.extend(&session.own);
            }
            if broken != Break::OwnReads || who != OBSERVER {
                must.extend(&session.read);
            }
            for _ in 0..OTHERS_SEEN.min(issued.len()) {
                must.insert(random.below(issued.len() as u64) as usize);
            }
            let mut seen = with_dependencies(&issued, broken, &must);
            seen.retain(|write| issued[*write].key == key);
            match shows {
                Shows::Last => session.read.extend(seen.last()),
                Shows::All => session.read.extend(&seen),
            }
            Done::Read(seen.into_iter().collect())
        };
        let process = (who + SESSIONS * (at / life)) as i64;
        calls.push(Call { process, key, done });
    }
    calls
}

/// A causal memory: each session applies the writes of others in an order of its own, each after
/// those its writer had applied. `is_causal` is whether it waits for all of those, as a causal
/// memory does, or only for those of the writer's session, as PRAM does.
fn simulate_memory(is_causal: bool, seed: u64) -> Vec<Call> {
    let mut random = Random::new(seed);
    // The session and key of each write, and what must be applied before it.
    let mut issued: Vec<(usize, u64, BTreeSet<usize>)> = Vec::new();
    let mut applied = vec![BTreeSet::new(); SESSIONS];
    let mut shown: Vec<[Vec<usize>; KEYS as usize]> = vec![Default::default(); SESSIONS];
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        let who = random.below(SESSIONS as u64) as usize;
        let key = random.below(KEYS);
        for (write, (_, key, needs)) in issued.iter().enumerate() {
            let fits = !applied[who].contains(&write) && needs.is_subset(&applied[who]);
            if fits && random.below(4) == 0 {
                applied[who].insert(write);
                shown[who][*key as usize].push(write);
            }
        }
        let done = if random.below(2) == 0 {
            let mut needs: BTreeSet<usize> = applied[who].clone();
            needs.retain(|write| is_causal || issued[*write].0 == who);
            let write = issued.len();
            issued.push((who, key, needs));
            applied[who].insert(write);
            shown[who][key as usize].push(write);
            Done::Write(write)
        } else {
            Done::Read(shown[who][key as usize].clone())
        };
        let process = who as i64;
        calls.push(Call { process, key, done });
    }
    calls
}

/// The calls, one after another, as an object has them: what a write is called and carries, and
/// what a read of some writes returns.
pub(crate) fn recorded(
    calls: &[Call],
    write: &'static str,
    carries: impl Fn(usize) -> Value,
    returns: impl Fn(&[usize]) -> Value,
) -> Recording {
    let mut recording = Recording::default();
    for call in calls {
        match &call.done {
            Done::Write(number) => recording.call(call.process, write, carries(*number)),
            Done::Read(shown) => recording.call(call.process, "read", returns(shown)),
        }
        for op in recording.ops.iter_mut().rev().take(2) {
            op.key = Some(Value::Int(call.key as i64));
        }
    }
    recording
}

/// A store whose histories may show what it does not promise, but nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// Reads show beginnings of one order.
    Beginnings,
    /// Reads show parts of one order that are closed under causality.
    Convergent,
    /// Each session sees an order of its own that keeps causality.
    Memory,
    /// Each session sees an order of its own that keeps those of the others.
    Pram,
}

impl Object<'_> {
    fn breaks(&self, calls: &[Call], guarantee: Guarantee) -> bool {
        (self.judge)(calls, guarantee) == Validity::Invalid
    }

    /// No history of the store breaks any but these. Answers how many break the first of them.
    pub fn is_flagged_only_for(&self, store: Store, broken: &[Guarantee]) -> u64 {
        let mut told = 0;
        for seed in 1..=planted_seeds(200) {
            let calls = match store {
                Store::Beginnings => simulate(Break::Nothing, self.shows, seed),
                Store::Convergent => simulate(Break::Prefix, self.shows, seed),
                Store::Memory => simulate_memory(true, seed),
                Store::Pram => simulate_memory(false, seed),
            };
            for (guarantee, name) in Guarantee::NAMES {
                let is_flagged = self.breaks(&calls, guarantee);
                let is_promised = !broken.contains(&guarantee);
                assert!(!is_promised || !is_flagged, "{store:?} {name} {seed}");
                told += u64::from(is_flagged && broken.first() == Some(&guarantee));
            }
        }
        told
    }

    /// Every history of a store that breaks one of the four guarantees is found to break that one
    /// and no other, where it is one that the object can `tell`.
    pub fn is_caught_at_each_of(&self, tell: &[Guarantee]) {
        let breaks = [
            (Break::OwnWrites, ReadYourWrites),
            (Break::OwnReads, MonotonicReads),
            (Break::WriteOrder, MonotonicWrites),
            (Break::ReadDependencies, WritesFollowReads),
        ];
        for (broken, of) in breaks {
            for seed in 1..=planted_seeds(5) {
                let calls = simulate(broken, self.shows, seed);
                for (_, guarantee) in breaks {
                    let is_expected = guarantee == of && tell.contains(&guarantee);
                    let is_flagged = self.breaks(&calls, guarantee);
                    assert_eq!(is_flagged, is_expected, "{broken:?} {guarantee:?} {seed}");
                }
            }
        }
    }
}
