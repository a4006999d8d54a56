//! A store of a chosen isolation level and the history its clients see.

use std::collections::HashMap;

use crate::recording::Recording;
use crate::transactions::vocabulary::Vocabulary;
use crate::value::MicroF;
use crate::{OpType, Process, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    StrictSerializable,
    /// Transactions that only read may read the past, but no process goes back.
    SessionReads,
    /// Transactions that only read may read the past.
    StaleReads,
    SnapshotIsolation,
    /// Snapshots of two sites, each of which sees its own commits at once and those of the other
    /// later; writers of a key do not run at once.
    ParallelSnapshotIsolation,
    /// Each read sees the last commit; writers lock their keys.
    ReadCommitted,
    /// Each read sees everything; writers lock their keys.
    ReadUncommitted,
    /// Nothing is locked.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub level: Level,
    pub vocabulary: Vocabulary,
    pub txns: usize,
    pub processes: usize,
    pub keys: i64,
    pub mops_max: u64,
    /// Failed and indefinite ones, of 1000.
    pub failed_permille: u64,
    pub seed: u64,
}

/// The elements of each key in order; registers hold the last.
type Store = HashMap<i64, Vec<i64>>;

struct Running {
    mops: Vec<(i64, Option<i64>)>,
    done: Vec<Value>,
    snapshot: usize,
    site: usize,
    writes: Vec<(i64, i64)>,
    gives_up: bool,
}

struct Run {
    shape: Shape,
    random: u64,
    /// Every state there was, the last is the present.
    states: Vec<Store>,
    next: i64,
    recording: Recording,
    /// By process: the state it saw or made last.
    floors: HashMap<i64, usize>,
    /// Of each site: its present, and what it has not applied yet of the other.
    heads: [usize; SITES],
    queues: [Vec<Vec<(i64, i64)>>; SITES],
    /// Everything committed, of all sites.
    all: Store,
}

const SITES: usize = 2;

impl Run {
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn draw(&mut self) -> Vec<(i64, Option<i64>)> {
        let count = 1 + self.below(self.shape.mops_max);
        (0..count)
            .map(|_| {
                let key = self.below(self.shape.keys as u64) as i64;
                let write = self.below(2) == 0;
                self.next += i64::from(write);
                (key, write.then(|| self.written()))
            })
            .collect()
    }

    /// What the next write is of: unique values, or amounts of few kinds.
    fn written(&mut self) -> i64 {
        match (self.shape.vocabulary, self.shape.seed % 3) {
            (Vocabulary::Counters, 0) => 1,
            (Vocabulary::Counters, 1) => 1 + self.below(3) as i64,
            (Vocabulary::Counters, _) => 3 - self.below(6) as i64,
            _ => self.next,
        }
    }

    fn mop(&self, key: i64, write: Option<i64>, read: Value) -> Value {
        let f = write.map_or(MicroF::Read, |_| self.shape.vocabulary.write());
        let value = write.map_or(read, Value::Int);
        Value::List(vec![Value::keyword(f.name()), Value::Int(key), value])
    }

    fn seen(&self, elements: &[i64]) -> Value {
        match self.shape.vocabulary {
            _ if elements.is_empty() => Value::Nil,
            Vocabulary::Lists => crate::recording::ints(elements),
            Vocabulary::Counters => Value::Int(elements.iter().sum()),
            Vocabulary::Sets => Value::Set(elements.iter().rev().map(|n| Value::Int(*n)).collect()),
            Vocabulary::Registers => Value::Int(elements[elements.len() - 1]),
        }
    }

    /// Whether a transaction does all it does at its end.
    fn is_atomic(&self) -> bool {
        matches!(
            self.shape.level,
            Level::StrictSerializable | Level::SessionReads | Level::StaleReads
        )
    }

    fn is_dirty(&self) -> bool {
        matches!(self.shape.level, Level::ReadUncommitted | Level::Nothing)
    }

    fn present(&self) -> &Store {
        &self.states[self.states.len() - 1]
    }

    fn apply(&mut self, writes: &[(i64, i64)]) {
        self.apply_to(self.states.len() - 1, writes);
    }

    fn apply_to(&mut self, state: usize, writes: &[(i64, i64)]) {
        let mut store = self.states[state].clone();
        for (key, value) in writes {
            store.entry(*key).or_default().push(*value);
        }
        self.states.push(store);
    }

    /// Applies to a site's present what is queued for it, now and then.
    fn propagate(&mut self, site: usize) {
        if self.below(24) > 0 {
            return;
        }
        for writes in std::mem::take(&mut self.queues[site]) {
            self.apply_to(self.heads[site], &writes);
            self.heads[site] = self.states.len() - 1;
        }
    }

    fn commit_at(&mut self, site: usize, writes: &[(i64, i64)]) {
        self.apply_to(self.heads[site], writes);
        self.heads[site] = self.states.len() - 1;
        for (key, value) in writes {
            self.all.entry(*key).or_default().push(*value);
        }
        self.queues[SITES - 1 - site].push(writes.to_vec());
    }

    /// The state a transaction begins with.
    fn begin(&mut self, site: usize) -> usize {
        if self.shape.level != Level::ParallelSnapshotIsolation {
            return self.states.len() - 1;
        }
        self.propagate(site);
        self.heads[site]
    }

    /// Does the next micro-operation of a transaction.
    fn step(&mut self, txn: &mut Running) {
        let (key, write) = txn.mops[txn.done.len()];
        let mut read = Value::Nil;
        match write {
            Some(value) if self.is_dirty() => self.apply(&[(key, value)]),
            Some(_) => {}
            None => {
                let state = match self.shape.level {
                    Level::ReadCommitted | Level::ReadUncommitted | Level::Nothing => {
                        self.present()
                    }
                    _ => &self.states[txn.snapshot],
                };
                let mut seen = state.get(&key).cloned().unwrap_or_default();
                if !self.is_dirty() {
                    let own = txn.writes.iter().filter(|(k, _)| *k == key);
                    seen.extend(own.map(|(_, value)| *value));
                }
                read = self.seen(&seen);
            }
        }
        txn.writes.extend(write.map(|value| (key, value)));
        txn.done.push(self.mop(key, write, read));
    }

    /// Whether another committed to a key this one writes since it began.
    fn conflicts(&self, txn: &Running) -> bool {
        let count = |store: &Store, key: i64| store.get(&key).map_or(0, Vec::len);
        let before = &self.states[txn.snapshot];
        let now = match self.shape.level {
            Level::ParallelSnapshotIsolation => &self.all,
            _ => self.present(),
        };
        let mut keys = txn.writes.iter().map(|(key, _)| *key);
        keys.any(|key| count(before, key) != count(now, key))
    }

    fn end(&mut self, txn: &mut Running, process: i64) -> OpType {
        let chance = self.below(1000);
        let fails = chance < self.shape.failed_permille;
        let fails = fails || txn.gives_up;
        let unknown = !fails && chance < self.shape.failed_permille * 2;
        if self.is_atomic() {
            let reads_only = txn.mops.iter().all(|(_, write)| write.is_none());
            let now = self.states.len() - 1;
            let oldest = match self.shape.level {
                Level::StaleReads if reads_only => 0,
                Level::SessionReads if reads_only => {
                    self.floors.get(&process).copied().unwrap_or(0)
                }
                _ => now,
            };
            txn.snapshot = oldest + self.below((now - oldest) as u64 + 1) as usize;
            while txn.done.len() < txn.mops.len() {
                self.step(txn);
            }
        }
        let compares = matches!(
            self.shape.level,
            Level::SnapshotIsolation | Level::ParallelSnapshotIsolation
        );
        let aborted = fails || compares && self.conflicts(txn);
        if aborted && self.is_dirty() {
            let mut store = self.present().clone();
            for (key, value) in &txn.writes {
                let list = store.entry(*key).or_default();
                if let Some(at) = list.iter().rposition(|element| element == value) {
                    list.remove(at);
                }
            }
            self.states.push(store);
        }
        let is_lost = aborted || unknown && self.below(2) == 0;
        if !is_lost && !self.is_dirty() {
            let writes = txn.writes.clone();
            match self.shape.level {
                Level::ParallelSnapshotIsolation => self.commit_at(txn.site, &writes),
                _ => self.apply(&writes),
            }
        }
        let seen = match txn.writes.is_empty() {
            true => txn.snapshot,
            false => self.states.len() - 1,
        };
        self.floors.insert(process, seen);
        let kind = match (aborted, unknown) {
            (true, _) => OpType::Fail,
            (_, true) => OpType::Info,
            _ => OpType::Ok,
        };
        let done = Value::List(std::mem::take(&mut txn.done));
        self.recording
            .event(Process::Client(process), kind, "txn", done);
        kind
    }
}

/// The history of clients that run transactions at this level.
pub(super) fn simulate(shape: Shape) -> Recording {
    let mut run = Run {
        shape,
        random: shape.seed,
        states: vec![Store::new()],
        next: 0,
        recording: Recording::default(),
        floors: HashMap::new(),
        heads: [0; SITES],
        queues: Default::default(),
        all: Store::new(),
    };
    let mut slots: Vec<(i64, Option<Running>)> = (0..shape.processes as i64)
        .map(|process| (process, None))
        .collect();
    let (mut left, mut fresh) = (shape.txns, shape.processes as i64);
    while left > 0 || slots.iter().any(|(_, txn)| txn.is_some()) {
        let at = run.below(slots.len() as u64) as usize;
        let process = slots[at].0;
        let Some(mut txn) = slots[at].1.take() else {
            if left == 0 {
                continue;
            }
            left -= 1;
            let mops = run.draw();
            let asked = mops
                .iter()
                .map(|(key, write)| run.mop(*key, *write, Value::Nil));
            let asked = Value::List(asked.collect());
            run.recording.invoke(process, "txn", asked);
            let site = at % SITES;
            slots[at].1 = Some(Running {
                mops,
                done: Vec::new(),
                snapshot: run.begin(site),
                site,
                writes: Vec::new(),
                gives_up: false,
            });
            continue;
        };
        let atomic = run.is_atomic();
        let next = txn.mops.get(txn.done.len()).filter(|_| !atomic).copied();
        if let Some((key, write)) = next {
            let others = slots.iter().filter_map(|(_, other)| other.as_ref());
            let mut locks = others.flat_map(|other| other.writes.iter());
            let locking = matches!(shape.level, Level::ReadCommitted | Level::ReadUncommitted);
            let locked = locking && write.is_some() && locks.any(|(locked, _)| *locked == key);
            if !locked {
                run.step(&mut txn);
                slots[at].1 = Some(txn);
                continue;
            }
            // A writer that finds its key locked rolls back.
            txn.gives_up = true;
        }
        if run.end(&mut txn, process) == OpType::Info {
            slots[at].0 = fresh;
            fresh += 1;
        }
    }
    run.recording
}
