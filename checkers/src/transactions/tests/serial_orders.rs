//! The oracle: every serial order of a few transactions, tried.

use std::collections::HashMap;

use crate::recording::Recording;
use crate::{OpType, Value};

struct Txn {
    begin: usize,
    end: usize,
    /// Must have happened; else it may have.
    is_sure: bool,
    /// Key, element written or what was read; `None` for a read nobody knows.
    mops: Vec<(i64, Result<i64, Option<Value>>)>,
}

fn txns(recording: &Recording) -> Vec<Txn> {
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

/// Whether some serial order explains every read; in real time's order if `strict`.
pub(super) fn is_serializable(recording: &Recording, lists: bool, strict: bool) -> bool {
    let txns = txns(recording);
    place(&txns, 0, &HashMap::new(), lists, strict)
}

type Store = HashMap<i64, Vec<i64>>;

fn place(txns: &[Txn], placed: u32, store: &Store, lists: bool, strict: bool) -> bool {
    let is_placed = |at: usize| placed >> at & 1 == 1;
    if (0..txns.len()).all(|at| is_placed(at) || !txns[at].is_sure) {
        return true;
    }
    (0..txns.len()).filter(|at| !is_placed(*at)).any(|at| {
        let txn = &txns[at];
        let after = |other: usize| txns[other].is_sure && txns[other].end < txn.begin;
        if strict && (0..txns.len()).any(|other| !is_placed(other) && after(other)) {
            return false;
        }
        let mut store = store.clone();
        run(txn, &mut store, lists) && place(txns, placed | 1 << at, &store, lists, strict)
    })
}

/// Runs a transaction; false if it did not read what is there.
fn run(txn: &Txn, store: &mut Store, lists: bool) -> bool {
    txn.mops.iter().all(|(key, mop)| {
        let list = store.entry(*key).or_default();
        match mop {
            Ok(element) => {
                list.push(*element);
                true
            }
            Err(None) => true,
            Err(Some(Value::Nil)) => list.is_empty(),
            Err(Some(Value::List(seen))) if lists => {
                let there: Vec<Value> = list.iter().map(|n| Value::Int(*n)).collect();
                *seen == there
            }
            Err(Some(seen)) => list.last().map(|n| Value::Int(*n)).as_ref() == Some(seen),
        }
    })
}
