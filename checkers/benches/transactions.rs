//! Seconds to judge recorded transactions, lowering and deciding told apart from reading:
//! `cargo bench -p faultbench-checkers --bench transactions -- list-append HISTORY …`.
//!
//! The operations are read into memory a batch at a time, so that lists of a million transactions
//! need not be held whole, and only the checker's share of the time is counted as such.

use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, Instant};

use faultbench_checkers::Op;
use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{ReadOptions, open};

/// Operations read before the checker takes them.
const BATCH_OPS: usize = 4096;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    for pair in args.chunks(2) {
        match pair {
            [model, file] => measure(model, file),
            _ => println!("pass a model and a history, again and again"),
        }
    }
}

fn measure(model: &str, file: &str) {
    let Some(kind) = model_named(model) else {
        println!("{model} is no model");
        return;
    };
    let begin = Instant::now();
    let input = match File::open(file) {
        Ok(file) => Box::new(BufReader::new(file)),
        Err(error) => return println!("{file}: {error}"),
    };
    let mut reader = match open(input, file, ReadOptions::default()) {
        Ok(reader) => reader,
        Err(error) => return println!("{error}"),
    };
    let mut checker = kind.checker(&Params::default());
    let mut lowering = Duration::ZERO;
    loop {
        let batch: Result<Vec<Op>, _> = reader.by_ref().take(BATCH_OPS).collect();
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return println!("{error}"),
        };
        if batch.is_empty() {
            break;
        }
        let taken = Instant::now();
        for op in &batch {
            if let Err(error) = checker.push(op) {
                return println!("{file}: {error}");
            }
        }
        lowering += taken.elapsed();
    }
    let deciding = Instant::now();
    let report = checker.finish(&Budget::unlimited());
    let deciding = deciding.elapsed();
    println!(
        "{file}: {} in {:.3} s: read {:.3}, lower {:.3}, decide {:.3}; {} dependencies",
        report.validity.name(),
        begin.elapsed().as_secs_f64(),
        (begin.elapsed() - lowering - deciding).as_secs_f64(),
        lowering.as_secs_f64(),
        deciding.as_secs_f64(),
        report.figures["dependencies"],
    );
}
