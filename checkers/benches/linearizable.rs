//! Seconds to decide histories made up from seeds: `cargo bench -p faultbench-checkers --bench
//! linearizable`.
//!
//! "read" is the time to read the events as JSON lines from memory, "lower" that to take them in
//! besides, "decide" that to answer. With `-- --write DIR` the histories are written there instead,
//! for other tools and for the command line.

use std::path::Path;
use std::time::{Duration, Instant};

use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{self, ReadOptions};
use faultbench_checkers::linearizable::model::{Decision, Interval};
use faultbench_checkers::linearizable::register::{Register, RegisterOp};
use faultbench_checkers::linearizable::search::Search;
use faultbench_checkers::linearizable::zones::Zones;
use faultbench_checkers::synthetic::{Container, ContainerLoad, RegisterLoad};
use faultbench_checkers::{Op, OpType, Process, Value};

/// Memory of the searches.
const BYTES_MAX: u64 = 1 << 30;
/// Time of a check.
const WALL_MAX: Duration = Duration::from_secs(10);

const SINGLE_KEY: RegisterLoad = RegisterLoad {
    processes: 30,
    calls: 1_000_000,
    keys: 1,
    values: None,
    failed_permille: 20,
    indefinite_permille: 0,
    seed: 3,
};

const REGISTERS: [(&str, RegisterLoad); 5] = [
    (
        "register-1m-1000-keys-5-values",
        RegisterLoad {
            processes: 10,
            keys: 1000,
            values: Some(5),
            seed: 7,
            ..SINGLE_KEY
        },
    ),
    ("register-1m-1-key-distinct", SINGLE_KEY),
    (
        "register-1m-1-key-distinct-indefinite",
        RegisterLoad {
            indefinite_permille: 20,
            ..SINGLE_KEY
        },
    ),
    (
        "register-2k-1-key-20-processes-5-values",
        RegisterLoad {
            processes: 20,
            calls: 2000,
            values: Some(5),
            failed_permille: 0,
            seed: 4,
            ..SINGLE_KEY
        },
    ),
    (
        "register-5k-40-processes-3-values-indefinite",
        RegisterLoad {
            processes: 40,
            calls: 5000,
            values: Some(3),
            failed_permille: 0,
            indefinite_permille: 200,
            seed: 5,
            ..SINGLE_KEY
        },
    ),
];

const CONTAINERS: [Container; 4] = [
    Container::Queue,
    Container::Stack,
    Container::PriorityQueue,
    Container::Set,
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let write = arguments.iter().position(|argument| argument == "--write");
    let folder = write.and_then(|at| arguments.get(at + 1)).map(Path::new);
    for (name, load) in REGISTERS {
        measure(name, "cas-register", &load.history(), folder);
    }
    let (name, load) = REGISTERS[REGISTERS.len() - 1];
    let name = format!("{name}-wrong");
    measure(&name, "cas-register", &exhausting(&load), folder);
    for container in CONTAINERS {
        let load = ContainerLoad {
            container,
            processes: 30,
            calls: 1_000_000,
            indefinite_puts_permille: 1,
            seed: 9,
        };
        let name = format!("{}-1m-distinct", container.model());
        measure(&name, container.model(), &load.history(), folder);
    }
    if folder.is_none() {
        compare_methods(&RegisterLoad {
            calls: 200_000,
            ..SINGLE_KEY
        });
    }
}

/// Reads at the end of a history, by one process, that nothing overlaps.
const LAST_READS: i64 = 2000;

/// The history with reads of all values in turn after it: more than its indefinite writes can
/// explain, in however many ways.
fn exhausting(load: &RegisterLoad) -> Vec<Op> {
    let mut history = load.history();
    let values = i64::from(load.values.unwrap_or(1));
    for read in 0..LAST_READS {
        for kind in [OpType::Invoke, OpType::Ok] {
            let index = history.len() as u64;
            history.push(Op {
                index,
                time: Some(index as i64 * 1000),
                kind,
                process: Process::Client(1 << 20),
                f: "read".into(),
                value: match kind {
                    OpType::Ok => Value::Int(read % values),
                    _ => Value::Nil,
                },
                key: Some(Value::Int(0)),
                node: None,
                error: None,
            });
        }
    }
    history
}

/// Judges the history, or writes it to the folder.
fn measure(name: &str, model: &str, history: &[Op], folder: Option<&Path>) {
    let mut json = Vec::new();
    history
        .iter()
        .for_each(|op| formats::json_lines::write(op, &mut json));
    let Some(folder) = folder else {
        return check(name, model, json.leak());
    };
    let path = folder.join(name).with_extension("jsonl");
    match std::fs::write(&path, json) {
        Ok(()) => println!("wrote {}", path.display()),
        Err(error) => println!("cannot write {}: {error}", path.display()),
    }
}

fn check(name: &str, model: &str, json: &'static [u8]) {
    let begin = Instant::now();
    if let Err(error) = read(name, json, |_| Ok(())) {
        println!("{name}: {error}");
        return;
    }
    let reading = begin.elapsed();
    let Some(kind) = model_named(model) else {
        return;
    };
    let begin = Instant::now();
    let mut checker = kind.checker(&Params::default());
    let pushed = read(name, json, |op| {
        checker.push(op).map_err(|error| error.to_string())
    });
    if let Err(error) = pushed {
        println!("{name}: {error}");
        return;
    }
    let lowered = begin.elapsed();
    let clock = || begin.elapsed();
    let budget = Budget {
        wall: WALL_MAX,
        bytes: BYTES_MAX,
        clock: &clock,
        ..Budget::unlimited()
    };
    let report = checker.finish(&budget);
    let all = begin.elapsed();
    println!(
        "{name}: {} in {:.3} s (read {:.3} s, lower {:.3} s, decide {:.3} s); {} configurations",
        report.validity.name(),
        all.as_secs_f64(),
        reading.as_secs_f64(),
        lowered.saturating_sub(reading).as_secs_f64(),
        (all - lowered).as_secs_f64(),
        report.figures["configurations"],
    );
    if let Some(reason) = report.unknown {
        println!("    {reason}: {}", report.figures["unknown_keys"]);
    }
}

fn read(
    name: &str,
    json: &'static [u8],
    mut take: impl FnMut(&Op) -> Result<(), String>,
) -> Result<(), String> {
    let mut reader = formats::open(Box::new(json), name, ReadOptions::default())
        .map_err(|error| error.to_string())?;
    let mut op = Op::default();
    while reader
        .next_into(&mut op)
        .map_err(|error| error.to_string())?
    {
        take(&op)?;
    }
    Ok(())
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
