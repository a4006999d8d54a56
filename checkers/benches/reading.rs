//! Throughput of reading and writing histories, against serde_json's `Value` on the same bytes.
//!
//! `cargo bench -p faultbench-checkers --bench reading`. Inputs are made in memory from a fixed
//! seed; each figure is the best of [`ROUNDS`], in CPU time where the system tells it (Linux), so
//! that a busy machine does not blur it. With `-- FILE…` these files are read instead, once each
//! and with transactions packed, as a profiler wants it.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use faultbench_checkers::formats::{self, ReadOptions};
use faultbench_checkers::{Op, OpType, Process, Value};

const ROUNDS: usize = 5;
const OPS: u64 = 400_000;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

fn main() {
    // Cargo passes `--bench` along.
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for file in &files {
        measure_file(file);
    }
    if !files.is_empty() {
        return;
    }
    for (name, ops) in [
        ("registers", registers()),
        ("bank reads", bank()),
        ("list-append transactions", list_append()),
    ] {
        measure(name, &ops);
    }
}

fn measure(name: &str, ops: &[Op]) {
    println!("{name}: {} ops", ops.len());
    let mut edn = Vec::new();
    ops.iter().for_each(|op| formats::edn::write(op, &mut edn));
    let edn: &[u8] = edn.leak();
    let mut json = Vec::new();
    ops.iter()
        .for_each(|op| formats::json_lines::write(op, &mut json));
    let json: &[u8] = json.leak();
    let writing = best(|| {
        let mut out = Vec::with_capacity(json.len());
        ops.iter()
            .for_each(|op| formats::json_lines::write(op, &mut out));
        black_box(out.len());
    });
    let nanos = writing.as_nanos() as f64 / ops.len() as f64;
    println!(
        "  json-lines write   {:7.0} MB/s  {nanos:5.0} ns/op",
        rate(json, writing)
    );
    let read_edn = best(|| assert_eq!(read(Box::new(edn), false), ops.len()));
    println!("  edn read           {:7.0} MB/s", rate(edn, read_edn));
    let read_json = best(|| assert_eq!(read(Box::new(json), false), ops.len()));
    println!("  json-lines read    {:7.0} MB/s", rate(json, read_json));
    if ops.iter().any(|op| op.f == "txn") {
        let read_edn = best(|| assert_eq!(read(Box::new(edn), true), ops.len()));
        println!("  edn packed         {:7.0} MB/s", rate(edn, read_edn));
        let read_json = best(|| assert_eq!(read(Box::new(json), true), ops.len()));
        println!("  json-lines packed  {:7.0} MB/s", rate(json, read_json));
    }
    let dom = best(|| {
        for line in json
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let value: serde_json::Value = serde_json::from_slice(line).expect("our own JSON");
            black_box(&value);
        }
    });
    let ratio = dom.as_secs_f64() / read_json.as_secs_f64();
    println!(
        "  serde_json's Value {:7.0} MB/s  (json-lines read: {ratio:.2} x)",
        rate(json, dom)
    );
}

fn measure_file(path: &str) {
    let file = File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let bytes = file.metadata().map_or(0, |about| about.len());
    let start = cpu_time().unwrap_or_default();
    let ops = read(Box::new(BufReader::with_capacity(1 << 18, file)), true);
    let time = cpu_time().unwrap_or_default() - start;
    println!(
        "{path}: {ops} ops, {:.0} MB/s, {:.0} ns/op",
        bytes as f64 / 1e6 / time.as_secs_f64(),
        time.as_nanos() as f64 / ops as f64
    );
}

/// Reads a history, with transactions packed or not, and counts its operations.
fn read(input: Box<dyn BufRead>, packs: bool) -> usize {
    let mut reader = formats::open(input, "bench", ReadOptions::default()).expect("a history");
    if packs {
        reader.pack_transactions();
    }
    let mut op = Op::default();
    let mut ops = 0;
    while reader.next_into(&mut op).expect("a history") {
        black_box(&op);
        ops += 1;
    }
    ops
}

fn best(mut work: impl FnMut()) -> Duration {
    let round = |_| {
        let (start, cpu_start) = (Instant::now(), cpu_time());
        work();
        let cpu = cpu_time().zip(cpu_start).map(|(end, start)| end - start);
        cpu.unwrap_or_else(|| start.elapsed())
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

/// Time this thread has run, from the first field of its `schedstat`, nanoseconds.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

/// Megabytes (10^6) a second.
fn rate(bytes: &[u8], time: Duration) -> f64 {
    bytes.len() as f64 / 1e6 / time.as_secs_f64()
}

/// Marsaglia's xorshift: enough for inputs, and needs no crate.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Pairs of invocation and `ok`, with values from `call`.
fn history(f: &'static str, mut call: impl FnMut(&mut Random) -> (Value, Value)) -> Vec<Op> {
    let mut random = Random(SEED);
    let mut ops = Vec::new();
    for pair in 0..OPS / 2 {
        let (argument, result) = call(&mut random);
        for (kind, value) in [(OpType::Invoke, argument), (OpType::Ok, result)] {
            ops.push(Op {
                index: ops.len() as u64,
                time: Some((pair * 50_000 + random.below(40_000)) as i64),
                kind,
                process: Process::Client((pair % 20) as i64),
                f: f.into(),
                value,
                key: None,
                node: None,
                error: None,
            });
        }
    }
    ops
}

fn int(random: &mut Random, bound: u64) -> Value {
    Value::Int(random.below(bound) as i64)
}

fn registers() -> Vec<Op> {
    history("cas", |random| {
        let pair = Value::List(vec![int(random, 5), int(random, 5)]);
        (pair.clone(), pair)
    })
}

fn bank() -> Vec<Op> {
    history("read", |random| {
        let balances = (0..8)
            .map(|account| (Value::Int(account), int(random, 100)))
            .collect();
        (Value::Nil, Value::Map(balances))
    })
}

fn list_append() -> Vec<Op> {
    let micro_op =
        |f: &str, key: Value, value: Value| Value::List(vec![Value::keyword(f), key, value]);
    history("txn", |random| {
        let (read_key, append_key) = (int(random, 500), int(random, 500));
        let append = micro_op("append", append_key, int(random, 100_000));
        let seen = (0..random.below(30))
            .map(|_| int(random, 100_000))
            .collect();
        let argument = vec![micro_op("r", read_key.clone(), Value::Nil), append.clone()];
        let result = vec![micro_op("r", read_key, Value::List(seen)), append];
        (Value::List(argument), Value::List(result))
    })
}
