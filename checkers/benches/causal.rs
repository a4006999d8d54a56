//! Seconds to decide weak isolation and causality: `cargo bench -p faultbench-checkers --bench
//! causal`.
//!
//! The history is serializable: 100 sessions of 1000 transactions of 20 operations on 10,000 keys,
//! four of five operations reads. "check" is everything after the operations were taken in:
//! finding the writer of each read, and deciding.

use std::time::Instant;

use faultbench_checkers::Value;
use faultbench_checkers::budget::Budget;
use faultbench_checkers::causal::history::{Access, Outcome, Recorder, Span};
use faultbench_checkers::isolation::{self, Level};
use faultbench_checkers::sessions::{self, Guarantee};

const SESSIONS: u64 = 100;
const KEYS: u64 = 10_000;
const SEED: u64 = 17;

/// xorshift64 (Marsaglia, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Units of a serial execution, with the sessions taking random turns.
fn record(units: u64, accesses: usize) -> Recorder {
    let mut random = Random(SEED);
    let mut recorder = Recorder::new(&Value::Int(0));
    let mut current = vec![0i64; KEYS as usize];
    let mut lowered: Vec<Access> = Vec::new();
    let mut written = 0;
    for at in 0..units {
        lowered.clear();
        for _ in 0..accesses {
            let key = random.below(KEYS);
            let slot = &mut current[key as usize];
            let key = Value::Int(key as i64);
            if random.below(5) > 0 {
                lowered.push(recorder.read(&key, &Value::Int(*slot)));
            } else {
                written += 1;
                *slot = written;
                lowered.push(recorder.write(&key, &Value::Int(written)));
            }
        }
        let span = Span {
            invoked: at,
            completed: at,
            time: None,
        };
        let session = random.below(SESSIONS) as i64;
        recorder.unit(session, span, Outcome::Committed, &lowered);
    }
    recorder
}

fn main() {
    let budget = Budget::unlimited();
    for (level, name) in Level::NAMES {
        let begin = Instant::now();
        let recorder = record(100_000, 20);
        let lowered = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let history = recorder.finish();
        let resolved = begin.elapsed().as_secs_f64();
        let found = isolation::violations(&history, level, &mut budget.meter());
        println!(
            "100k transactions, 2M operations, {name}: {} in {:.3} s (writers {resolved:.3} s); \
             made and taken in {lowered:.3} s",
            found.map_or("unknown", |found| if found.is_empty() {
                "valid"
            } else {
                "invalid"
            }),
            begin.elapsed().as_secs_f64()
        );
    }
    for (guarantee, name) in Guarantee::NAMES {
        if [Guarantee::ConsistentPrefix, Guarantee::CausalMemory].contains(&guarantee) {
            continue;
        }
        let history = record(200_000, 1).finish();
        let begin = Instant::now();
        let report = sessions::judge(&history, guarantee, 1, &budget);
        println!(
            "200k operations, {name}: {} in {:.3} s",
            report.validity.name(),
            begin.elapsed().as_secs_f64()
        );
    }
}
