//! Transactions whose reads return whatever of their key others may have left: nothing keeps a promise
//! but by chance.

use crate::recording::Recording;
use crate::transactions::vocabulary::Vocabulary;
use crate::value::MicroF;
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

fn value(
    vocabulary: Vocabulary,
    mops: &[(i64, Option<i64>)],
    reads: impl Fn(usize) -> Value,
) -> Value {
    let mop = |(at, (key, write)): (usize, &(i64, Option<i64>))| {
        let (f, value) = match write {
            Some(value) => (vocabulary.write(), Value::Int(*value)),
            None => (MicroF::Read, reads(at)),
        };
        Value::List(vec![Value::keyword(f.name()), Value::Int(*key), value])
    };
    Value::List(mops.iter().enumerate().map(mop).collect())
}

/// A history of such transactions.
pub(super) fn arbitrary(size: Size, vocabulary: Vocabulary, seed: u64) -> Recording {
    let mut random = Random(seed);
    let mut next = 0;
    let txns: Vec<Mops> = (0..size.txns)
        .map(|_| {
            let count = 1 + random.below(size.mops_max);
            let mop = |_| {
                let key = random.below(size.keys) as i64;
                next += 1;
                let written = match (vocabulary, seed % 3) {
                    (Vocabulary::Counters, 0) => 1,
                    (Vocabulary::Counters, 1) => 1 + next % 3,
                    (Vocabulary::Counters, _) => 2 - next % 5,
                    _ => next,
                };
                (key, (random.below(2) == 0).then_some(written))
            };
            (0..count).map(mop).collect()
        })
        .collect();
    // The order in which lists show who appended to them.
    let mut order: Vec<usize> = (0..txns.len()).collect();
    let mut shuffle = Random(!seed);
    for at in (1..order.len()).rev() {
        order.swap(at, shuffle.below(at as u64 + 1) as usize);
    }
    let mut recording = Recording::default();
    let mut running: Vec<Option<usize>> = vec![None; size.processes as usize];
    let mut begun = 0;
    while begun < txns.len() || running.iter().any(Option::is_some) {
        let process = random.below(size.processes) as usize;
        let client = Process::Client(process as i64);
        let Some(txn) = running[process].take() else {
            if begun < txns.len() {
                let asked = value(vocabulary, &txns[begun], |_| Value::Nil);
                recording.event(client, OpType::Invoke, "txn", asked);
                running[process] = Some(begun);
                begun += 1;
            }
            continue;
        };
        let reads = match vocabulary {
            Vocabulary::Registers => registers(&txns, txn, &mut random),
            Vocabulary::Lists => lists(&txns, &order, txn, &mut random),
            _ => collections(vocabulary, &txns, txn, &mut random),
        };
        let done = value(vocabulary, &txns[txn], |at| reads[at].clone());
        recording.event(client, OpType::Ok, "txn", done);
    }
    recording
}

/// What a transaction on registers reads and writes, by micro-operation.
fn registers(txns: &[Mops], txn: usize, random: &mut Random) -> Vec<Value> {
    let left = |mops: &Mops, key: i64| {
        let mut writes = mops.iter().rev().filter(|(k, _)| *k == key);
        writes.find_map(|(_, write)| *write)
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
    reads
}

/// The same of sets and counters: of each key a few of the others are seen, mostly as wholes.
fn collections(
    vocabulary: Vocabulary,
    txns: &[Mops],
    txn: usize,
    random: &mut Random,
) -> Vec<Value> {
    let mut seen: Vec<(i64, Vec<i64>)> = Vec::new();
    let mut reads = Vec::new();
    for (key, write) in &txns[txn] {
        let at = seen.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
            let mut here = Vec::new();
            for (other, mops) in txns.iter().enumerate() {
                let is_seen = other != txn && random.below(2) == 0;
                let writes = mops.iter().filter(|(k, _)| k == key);
                for amount in writes.filter_map(|(_, write)| *write) {
                    here.extend((is_seen && random.below(16) > 0).then_some(amount));
                }
            }
            seen.push((*key, here));
            seen.len() - 1
        });
        let here = &mut seen[at].1;
        here.extend(write);
        reads.push(match vocabulary {
            Vocabulary::Counters => Value::Int(here.iter().sum()),
            _ => Value::Set(here.iter().map(|n| Value::Int(*n)).collect()),
        });
    }
    reads
}

/// The same of lists: each read shows a beginning of one order of all appends, mostly as it was
/// before the transaction itself and whole transactions of it, and its own appends so far.
fn lists(txns: &[Mops], order: &[usize], txn: usize, random: &mut Random) -> Vec<Value> {
    let mut own: Vec<i64> = Vec::new();
    let mut seen: Vec<(i64, usize)> = Vec::new();
    let mut reads = Vec::new();
    for (key, write) in &txns[txn] {
        if let Some(element) = write {
            own.push(*element);
            seen.retain(|(k, _)| k != key);
            reads.push(Value::Int(*element));
            continue;
        }
        let appends = order.iter().flat_map(|other| {
            let own = txns[*other].iter().filter(|(k, _)| k == key);
            own.filter_map(|(_, write)| Some((*other, (*write)?)))
        });
        let appends: Vec<(usize, i64)> = appends.collect();
        let ends = |at: usize| at == 0 || at == appends.len() || appends[at - 1].0 != appends[at].0;
        let is_own = |(_, element): &(usize, i64)| own.contains(element);
        let known = seen.iter().find(|(k, _)| k == key).map(|(_, at)| *at);
        let at = match (appends.iter().rposition(is_own), known) {
            (Some(last), _) => last + 1,
            (None, Some(known)) if random.below(4) > 0 => known,
            _ => {
                let first = appends.iter().position(|(other, _)| *other == txn);
                let end = first
                    .filter(|_| random.below(8) > 0)
                    .unwrap_or(appends.len());
                let all = random.below(16) == 0;
                let choices: Vec<usize> = (0..=end).filter(|at| all || ends(*at)).collect();
                choices[random.below(choices.len() as u64) as usize]
            }
        };
        seen.push((*key, at));
        let shown: Vec<i64> = appends[..at].iter().map(|(_, element)| *element).collect();
        reads.push(match shown.is_empty() {
            true => Value::Nil,
            false => crate::recording::ints(&shown),
        });
    }
    reads
}
