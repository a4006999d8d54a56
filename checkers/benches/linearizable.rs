//! Seconds to decide register histories made up from seeds: `cargo bench -p faultbench-checkers`.
//!
//! "lower" is the time to take the events in, "decide" that to answer. The events are made before,
//! in memory, so that reading a file is not part of it.

use std::time::Instant;

use faultbench_checkers::Op;
use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::linearizable::model::{Decision, Interval};
use faultbench_checkers::linearizable::register::{Register, RegisterOp};
use faultbench_checkers::linearizable::search::Search;
use faultbench_checkers::linearizable::zones::Zones;
use faultbench_checkers::synthetic::RegisterLoad;

const LOADS: [(&str, RegisterLoad); 4] = [
    (
        "1M calls, 1000 keys, 10 processes, 5 values",
        RegisterLoad {
            processes: 10,
            calls: 1_000_000,
            keys: 1000,
            values: Some(5),
            failed_permille: 20,
            indefinite_permille: 0,
            seed: 7,
        },
    ),
    (
        "1M calls, 1 key, 30 processes, distinct values",
        RegisterLoad {
            processes: 30,
            calls: 1_000_000,
            keys: 1,
            values: None,
            failed_permille: 20,
            indefinite_permille: 0,
            seed: 3,
        },
    ),
    (
        "2000 calls, 1 key, 20 processes, 5 values",
        RegisterLoad {
            processes: 20,
            calls: 2000,
            keys: 1,
            values: Some(5),
            failed_permille: 0,
            indefinite_permille: 0,
            seed: 4,
        },
    ),
    (
        "5000 calls, 1 key, 40 processes, 3 values, 20 % indefinite",
        RegisterLoad {
            processes: 40,
            calls: 5000,
            keys: 1,
            values: Some(3),
            failed_permille: 0,
            indefinite_permille: 200,
            seed: 5,
        },
    ),
];

fn main() {
    for (name, load) in LOADS {
        let history = load.history();
        check(name, &history);
    }
    compare_methods(&RegisterLoad {
        calls: 200_000,
        ..LOADS[1].1
    });
}

fn check(name: &str, history: &[Op]) {
    let Some(kind) = model_named("cas-register") else {
        return;
    };
    let begin = Instant::now();
    let mut checker = kind.checker(&Params::default());
    for op in history {
        if let Err(error) = checker.push(op) {
            println!("{name}: {error}");
            return;
        }
    }
    let lowered = begin.elapsed();
    let clock = || begin.elapsed();
    let budget = Budget {
        wall: std::time::Duration::from_secs(60),
        bytes: 1 << 30,
        clock: &clock,
        ..Budget::unlimited()
    };
    let report = checker.finish(&budget);
    println!(
        "{name}: {} in {:.3} s (lower {:.3} s, decide {:.3} s); {} configurations",
        report.validity.name(),
        begin.elapsed().as_secs_f64(),
        lowered.as_secs_f64(),
        (begin.elapsed() - lowered).as_secs_f64(),
        report.figures["configurations"],
    );
    if let Some(reason) = report.unknown {
        println!("    {reason}: {}", report.figures["unknown_keys"]);
    }
}

/// Runs both methods on one key of distinct values.
fn compare_methods(load: &RegisterLoad) {
    let ops = intervals(load);
    let begin = Instant::now();
    let zones = Zones::new(&ops, 0).map(|mut zones| zones.decide() == Decision::Linearizable);
    let by_zones = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let clock = || begin.elapsed();
    let budget = Budget {
        wall: std::time::Duration::from_secs(20),
        clock: &clock,
        ..Budget::unlimited()
    };
    let model = Register { init: 0 };
    let searched = Search::new(&model, &ops)
        .run(&mut budget.meter())
        .map(|decision| decision == Decision::Linearizable);
    let by_search = begin.elapsed().as_secs_f64();
    println!(
        "{} operations with distinct values: zones {by_zones:.3} s ({zones:?}), search \
         {by_search:.3} s ({searched:?}), ratio {:.1}",
        ops.len(),
        by_search / by_zones
    );
}

/// The operations of a load of one key, whose values are positive numbers: 0 stands for nil.
fn intervals(load: &RegisterLoad) -> Vec<Interval<RegisterOp>> {
    use faultbench_checkers::{OpType, Value};
    let number = |value: &Value| value.as_int().unwrap_or(0) as u32;
    let mut open = vec![0u32; load.processes as usize];
    let mut ops = Vec::new();
    for (position, op) in (1u32..).zip(load.history()) {
        let process = op.process.client().unwrap_or(0) as usize;
        match op.kind {
            OpType::Invoke => open[process] = position,
            OpType::Ok => {
                let lowered = match (op.f.as_ref(), op.value.as_items()) {
                    ("read", _) => RegisterOp::Read(number(&op.value)),
                    (_, Some([old, new])) => RegisterOp::Cas {
                        old: number(old),
                        new: number(new),
                    },
                    _ => RegisterOp::Write(number(&op.value)),
                };
                ops.push(Interval {
                    op: lowered,
                    start: open[process],
                    finish: position,
                });
            }
            OpType::Fail | OpType::Info => {}
        }
    }
    ops.sort_by_key(|op| op.start);
    ops
}
