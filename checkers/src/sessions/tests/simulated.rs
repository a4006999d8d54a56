//! Simulated replicated stores that keep every guarantee but one.
//!
//! Replicas hold sets of writes; a key shows the last of those it holds, by the order in which they
//! were issued. A causal replica takes a write only together with the writes before it; each break
//! drops one reason for doing so.

use std::collections::BTreeSet;

use super::*;
use crate::causal::history::{Access, Outcome, Recorder, Span};
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Nothing,
    /// Reads may miss what the session wrote, until a read shows it.
    OwnWrites,
    /// Reads of the observer, which goes from replica to replica, may miss what it read.
    OwnReads,
    /// A write arrives without those its session did before.
    WriteOrder,
    /// A write arrives without those its session had read.
    ReadDependencies,
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
    all
}

fn simulate(broken: Break, seed: u64) -> History {
    let calls = match broken {
        Break::Nothing => CALLS,
        _ => CALLS_BROKEN,
    };
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut recorder = Recorder::new(&Value::Nil);
    let mut issued: Vec<Issued> = Vec::new();
    let mut sessions = vec![Session::default(); SESSIONS];
    // What was read before a write is missed by those who know little: by new sessions.
    let life = match broken {
        Break::ReadDependencies => CALLS,
        _ => calls,
    };
    for at in 0..calls {
        if at % life == 0 {
            sessions.fill(Session::default());
        }
        let who = random.below(SESSIONS as u64) as usize;
        let key = random.below(KEYS);
        let name = Value::Int(key as i64);
        let session = &mut sessions[who];
        let access: Access = if who != OBSERVER && random.below(2) == 0 {
            issued.push(Issued {
                key,
                own: session.own.clone(),
                read: session.read.clone(),
            });
            session.own.insert(issued.len() - 1);
            recorder.write(&name, &Value::Int(issued.len() as i64))
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
            let seen = with_dependencies(&issued, broken, &must);
            let shown = seen.iter().rev().find(|write| issued[**write].key == key);
            session.read.extend(shown);
            let value = shown.map_or(Value::Nil, |write| Value::Int(*write as i64 + 1));
            recorder.read(&name, &value)
        };
        let span = Span {
            invoked: at as u64,
            completed: at as u64,
            time: None,
        };
        let process = (who + SESSIONS * (at / life)) as i64;
        recorder.unit(process, span, Outcome::Committed, &[access]);
    }
    recorder.finish()
}

/// In how many of the seeds each of the four guarantees is found broken.
fn found(broken: Break, seeds: u64) -> [u64; 4] {
    let mut counts = [0; 4];
    for seed in 1..=seeds {
        let history = simulate(broken, seed);
        let guarantees = [
            ReadYourWrites,
            MonotonicReads,
            MonotonicWrites,
            WritesFollowReads,
        ];
        for (count, guarantee) in counts.iter_mut().zip(guarantees) {
            *count += u64::from(!holds(&history, guarantee));
        }
    }
    counts
}

#[test]
fn convergent_stores_are_never_flagged() {
    for seed in 1..=1000 {
        let history = simulate(Break::Nothing, seed);
        for (guarantee, name) in Guarantee::NAMES {
            let is_promised = ![Pram, CausalMemory].contains(&guarantee);
            assert!(
                !is_promised || holds(&history, guarantee),
                "{name} with seed {seed}"
            );
        }
    }
}

/// A causal memory: each session applies the writes of others in an order of its own, each after
/// those its writer had applied. `is_causal` is whether it waits for all of those, as a causal
/// memory does, or only for those of the writer's session, as PRAM does.
fn simulate_memory(is_causal: bool, seed: u64) -> History {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut recorder = Recorder::new(&Value::Nil);
    // The session and key of each write, and what must be applied before it.
    let mut issued: Vec<(usize, u64, BTreeSet<usize>)> = Vec::new();
    let mut applied = vec![BTreeSet::new(); SESSIONS];
    let mut shown = vec![[None; KEYS as usize]; SESSIONS];
    for at in 0..CALLS {
        let who = random.below(SESSIONS as u64) as usize;
        let key = random.below(KEYS);
        let name = Value::Int(key as i64);
        for (write, (_, key, needs)) in issued.iter().enumerate() {
            let fits = !applied[who].contains(&write) && needs.is_subset(&applied[who]);
            if fits && random.below(4) == 0 {
                applied[who].insert(write);
                shown[who][*key as usize] = Some(write);
            }
        }
        let access = if random.below(2) == 0 {
            let mut needs: BTreeSet<usize> = applied[who].clone();
            needs.retain(|write| is_causal || issued[*write].0 == who);
            let write = issued.len();
            issued.push((who, key, needs));
            applied[who].insert(write);
            shown[who][key as usize] = Some(write);
            recorder.write(&name, &Value::Int(write as i64 + 1))
        } else {
            let value = shown[who][key as usize];
            recorder.read(
                &name,
                &value.map_or(Value::Nil, |w| Value::Int(w as i64 + 1)),
            )
        };
        let span = Span {
            invoked: at as u64,
            completed: at as u64,
            time: None,
        };
        recorder.unit(who as i64, span, Outcome::Committed, &[access]);
    }
    recorder.finish()
}

#[test]
fn memories_are_never_flagged() {
    let mut diverged = 0;
    let mut without_causes = 0;
    for seed in 1..=1000 {
        let history = simulate_memory(true, seed);
        for (guarantee, name) in Guarantee::NAMES {
            let is_promised = guarantee != CausalConvergence;
            assert!(
                !is_promised || holds(&history, guarantee),
                "{name} with seed {seed}"
            );
        }
        diverged += u64::from(!holds(&history, CausalConvergence));
        let history = simulate_memory(false, seed);
        assert!(holds(&history, Pram), "pram with seed {seed}");
        for implied in Pram.implied() {
            assert!(
                holds(&history, *implied),
                "{} with seed {seed}",
                implied.name()
            );
        }
        without_causes += u64::from(!holds(&history, Causal));
    }
    assert!(
        diverged > 20,
        "{diverged} histories show that memories diverge"
    );
    assert!(
        without_causes > 20,
        "{without_causes} histories break causality"
    );
}

#[test]
fn each_break_is_caught_at_its_guarantee() {
    const SEEDS: u64 = 10;
    for (at, broken) in [
        Break::OwnWrites,
        Break::OwnReads,
        Break::WriteOrder,
        Break::ReadDependencies,
    ]
    .into_iter()
    .enumerate()
    {
        let counts = found(broken, SEEDS);
        for (guarantee, count) in counts.into_iter().enumerate() {
            let expected = if guarantee == at { SEEDS } else { 0 };
            assert_eq!(count, expected, "{broken:?}: {counts:?}");
        }
    }
}
