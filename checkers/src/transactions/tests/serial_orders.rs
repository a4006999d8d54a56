//! The oracle: every order of a few transactions, or of their snapshots and commits, tried.

use std::collections::HashMap;

use crate::isolation::polygraph::Form;
use crate::recording::Recording;
use crate::transactions::vocabulary::Vocabulary;
use crate::{OpType, Value};

/// The order that is kept between transactions beside what they read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Nothing,
    Sessions,
    RealTime,
}

pub(super) struct Txn {
    pub process: i64,
    begin: usize,
    end: usize,
    /// Must have happened; else it may have.
    pub is_sure: bool,
    /// Key, element written or what was read; `None` for a read nobody knows.
    pub mops: Vec<(i64, Result<i64, Option<Value>>)>,
}

pub(super) fn txns(recording: &Recording) -> Vec<Txn> {
    let mut open: HashMap<i64, usize> = HashMap::new();
    let mut txns: Vec<Txn> = Vec::new();
    for (at, op) in recording.ops.iter().enumerate() {
        let process = op.process.client().expect("a client");
        let mops = |known: bool| {
            let items = op.value.as_items().expect("micro-operations");
            let lowered = items.iter().map(|item| {
                let parts = item.as_items().expect("a micro-operation");
                let key = parts[1].as_int().expect("a key");
                match parts[0].as_name() {
                    Some("r") => (key, Err(known.then(|| parts[2].clone()))),
                    _ => (key, Ok(parts[2].as_int().expect("an element"))),
                }
            });
            lowered.collect()
        };
        match op.kind {
            OpType::Invoke => {
                open.insert(process, txns.len());
                txns.push(Txn {
                    process,
                    begin: at,
                    end: usize::MAX,
                    is_sure: false,
                    mops: mops(false),
                });
            }
            OpType::Ok => {
                let txn = &mut txns[open[&process]];
                (txn.end, txn.is_sure, txn.mops) = (at, true, mops(true));
            }
            // It wrote nothing and saw nothing.
            OpType::Fail => txns[open[&process]].mops.clear(),
            OpType::Info => {}
        }
    }
    txns
}

type Store = HashMap<i64, Vec<i64>>;

/// Where the transactions are, and what is stored.
#[derive(Clone)]
struct State {
    /// By transaction: the store as it saw it.
    began: Vec<Option<Store>>,
    ended: Vec<bool>,
    store: Store,
}

struct Oracle {
    txns: Vec<Txn>,
    form: Form,
    keeps: Keeps,
    vocabulary: Vocabulary,
}

/// Whether some order explains every read.
pub(super) fn is_explained(
    recording: &Recording,
    vocabulary: Vocabulary,
    form: Form,
    keeps: Keeps,
) -> bool {
    let txns = txns(recording);
    let state = State {
        began: vec![None; txns.len()],
        ended: vec![false; txns.len()],
        store: Store::new(),
    };
    let oracle = Oracle {
        txns,
        form,
        keeps,
        vocabulary,
    };
    oracle.place(&state)
}

impl Oracle {
    fn place(&self, state: &State) -> bool {
        let all = 0..self.txns.len();
        if all
            .clone()
            .all(|at| state.ended[at] || !self.txns[at].is_sure)
        {
            return true;
        }
        all.clone().any(|at| {
            if state.ended[at] {
                return false;
            }
            let mut next = state.clone();
            let began = state.began[at].is_some() || self.begin(at, &mut next);
            let ends = state.began[at].is_some() || self.form == Form::Serial;
            began && (!ends || self.end(at, &mut next)) && self.place(&next)
        })
    }

    fn begin(&self, at: usize, state: &mut State) -> bool {
        let txn = &self.txns[at];
        let before = |other: &Txn| match self.keeps {
            Keeps::Nothing => false,
            Keeps::Sessions => other.process == txn.process && other.end < txn.begin,
            Keeps::RealTime => other.end < txn.begin,
        };
        let mut others = self.txns.iter().zip(&state.ended);
        if others.any(|(other, ended)| other.is_sure && !ended && before(other)) {
            return false;
        }
        let mut store = state.store.clone();
        let runs = run(txn, &mut store, self.vocabulary);
        state.began[at] = Some(state.store.clone());
        runs
    }

    fn end(&self, at: usize, state: &mut State) -> bool {
        let Some(before) = state.began[at].clone() else {
            return false;
        };
        let mops = self.txns[at].mops.iter();
        let written = mops.filter_map(|(key, mop)| Some((*key, *mop.as_ref().ok()?)));
        let clash = |(key, _)| before.get(&key) != state.store.get(&key);
        if self.form == Form::Snapshot && written.clone().any(clash) {
            return false;
        }
        for (key, element) in written {
            state.store.entry(key).or_default().push(element);
        }
        state.ended[at] = true;
        true
    }
}

/// Runs a transaction; false if it did not read what is there.
fn run(txn: &Txn, store: &mut Store, vocabulary: Vocabulary) -> bool {
    txn.mops.iter().all(|(key, mop)| {
        let list = store.entry(*key).or_default();
        match mop {
            Ok(element) => {
                list.push(*element);
                true
            }
            Err(None) => true,
            Err(Some(seen)) => shows(list, seen, vocabulary),
        }
    })
}

/// Whether a read of what was written in this order returns that.
fn shows(written: &[i64], seen: &Value, vocabulary: Vocabulary) -> bool {
    let mut there: Vec<Value> = written.iter().map(|n| Value::Int(*n)).collect();
    match (vocabulary, seen) {
        (Vocabulary::Counters, seen) => written.iter().sum::<i64>() == seen.as_int().unwrap_or(0),
        (_, Value::Nil) => there.is_empty(),
        (Vocabulary::Lists, Value::List(seen)) => *seen == there,
        (Vocabulary::Sets, Value::Set(seen)) => {
            let by_number = |value: &Value| value.as_int();
            let mut seen = seen.clone();
            seen.sort_by_key(by_number);
            there.sort_by_key(by_number);
            seen == there
        }
        _ => there.last() == Some(seen),
    }
}
