//! Transactions on registers whose reads return any value of their key that a transaction was left
//! with: nothing keeps a promise but by chance.

use crate::recording::Recording;
use crate::{OpType, Process, Value};

pub(super) struct Random(pub u64);

impl Random {
    /// SplitMix64 (Steele, Lea & Flood, 2014).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// How many transactions of how many processes on how many keys, of so many micro-operations at
/// the most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub txns: u64,
    pub processes: u64,
    pub keys: u64,
    pub mops_max: u64,
}

type Mops = Vec<(i64, Option<i64>)>;

fn value(mops: &[(i64, Option<i64>)], reads: impl Fn(usize) -> Value) -> Value {
    let mop = |(at, (key, write)): (usize, &(i64, Option<i64>))| {
        let (name, value) = match write {
            Some(value) => ("w", Value::Int(*value)),
            None => ("r", reads(at)),
        };
        Value::List(vec![Value::keyword(name), Value::Int(*key), value])
    };
    Value::List(mops.iter().enumerate().map(mop).collect())
}

/// A history of such transactions.
pub(super) fn arbitrary(size: Size, seed: u64) -> Recording {
    let mut random = Random(seed);
    let mut next = 0;
    let txns: Vec<Mops> = (0..size.txns)
        .map(|_| {
            let count = 1 + random.below(size.mops_max);
            let mop = |_| {
                let key = random.below(size.keys) as i64;
                next += 1;
                (key, (random.below(2) == 0).then_some(next))
            };
            (0..count).map(mop).collect()
        })
        .collect();
    let left = |mops: &Mops, key: i64| {
        let mut writes = mops.iter().rev().filter(|(k, _)| *k == key);
        writes.find_map(|(_, write)| *write)
    };
    let mut recording = Recording::default();
    let mut running: Vec<Option<usize>> = vec![None; size.processes as usize];
    let mut begun = 0;
    while begun < txns.len() || running.iter().any(Option::is_some) {
        let process = random.below(size.processes) as usize;
        let client = Process::Client(process as i64);
        let Some(txn) = running[process].take() else {
            if begun < txns.len() {
                let asked = value(&txns[begun], |_| Value::Nil);
                recording.event(client, OpType::Invoke, "txn", asked);
                running[process] = Some(begun);
                begun += 1;
            }
            continue;
        };
        let mut seen: Vec<(i64, Value)> = Vec::new();
        let mut reads = Vec::new();
        for (key, write) in &txns[txn] {
            let known = seen.iter().position(|(k, _)| k == key);
            let shown = match (known, write) {
                (Some(at), None) => seen[at].1.clone(),
                (_, Some(write)) => Value::Int(*write),
                (None, None) => {
                    let others = txns.iter().enumerate().filter(|(other, _)| *other != txn);
                    let values = others.filter_map(|(_, mops)| left(mops, *key));
                    let values: Vec<i64> = values.collect();
                    let choice = random.below(values.len() as u64 + 1) as usize;
                    values.get(choice).map_or(Value::Nil, |v| Value::Int(*v))
                }
            };
            seen.retain(|(k, _)| k != key);
            seen.push((*key, shown.clone()));
            reads.push(shown);
        }
        let done = value(&txns[txn], |at| reads[at].clone());
        recording.event(client, OpType::Ok, "txn", done);
    }
    recording
}
