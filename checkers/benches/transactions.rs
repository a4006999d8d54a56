//! What it takes to judge transactions, reading and lowering told apart from deciding:
//! `cargo bench -p faultbench-checkers --bench transactions -- list-append HISTORY …`.
//!
//! In the place of a file, a number of transactions makes that many up: a strict-serializable
//! history of lists, as text that streams and is never whole. Times are the thread's CPU time; the
//! memory is the highest of the process, so each input wants a process of its own.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use faultbench_checkers::Op;
use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{ReadOptions, open};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    for pair in args.chunks(2) {
        match pair {
            [model, input] => measure(model, input).unwrap_or_else(|error| println!("{error}")),
            _ => println!("pass a model and a history or a number, again and again"),
        }
    }
}

fn measure(model: &str, input: &str) -> Result<(), String> {
    let kind = model_named(model).ok_or_else(|| format!("{model} is no model"))?;
    let text: Box<dyn BufRead> = match input.parse() {
        Ok(count) => Box::new(BufReader::new(Lists::new(count))),
        Err(_) => {
            let file = File::open(input).map_err(|error| format!("{input}: {error}"))?;
            Box::new(BufReader::with_capacity(1 << 18, file))
        }
    };
    let begin = cpu_time();
    let reader = open(text, input, ReadOptions::default());
    let mut reader = reader.map_err(|error| error.to_string())?;
    let mut checker = kind.checker(&Params::default());
    if checker.takes_packed() {
        reader.pack_transactions();
    }
    let mut op = Op::default();
    while reader.next_into(&mut op).map_err(|e| e.to_string())? {
        checker.push(&op).map_err(|error| error.to_string())?;
    }
    let read = cpu_time() - begin;
    let report = checker.finish(&Budget::unlimited());
    let decided = cpu_time() - begin - read;
    println!(
        "{input}: {}; {:.3} s CPU to read and lower, {:.3} s to decide; {} dependencies, {} MB",
        report.validity.name(),
        read.as_secs_f64(),
        decided.as_secs_f64(),
        report.figures["dependencies"],
        peak_bytes() / 1_000_000,
    );
    Ok(())
}

/// Time this thread has run; zero where the system does not tell (it does on Linux).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// The most memory this process ever held.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const PROCESSES: u64 = 20;
/// Keys used at a time, and appends after which a key makes room for another.
const KEYS: u64 = 10;
const APPENDS_A_KEY: u64 = 100;
const MICRO_OPS_MAX: u64 = 6;

/// Transactions of lists as Jepsen's EDN, each in effect at once when it is invoked.
struct Lists {
    left: u64,
    random: u64,
    index: u64,
    next_key: u64,
    /// Key, appends so far, and the list as text.
    keys: Vec<(u64, u64, String)>,
    /// By process: the transaction that runs, as it will complete.
    running: Vec<Option<String>>,
    text: Vec<u8>,
    given: usize,
}

impl Lists {
    fn new(left: u64) -> Lists {
        Lists {
            left,
            random: SEED,
            index: 0,
            next_key: KEYS,
            keys: (0..KEYS).map(|key| (key, 0, String::new())).collect(),
            running: vec![None; PROCESSES as usize],
            text: Vec::new(),
            given: 0,
        }
    }

    /// Marsaglia's xorshift.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    /// Writes the next event; false at the end.
    fn event(&mut self) -> bool {
        if self.left == 0 && self.running.iter().all(Option::is_none) {
            return false;
        }
        let process = self.below(PROCESSES) as usize;
        let (kind, value) = match self.running[process].take() {
            Some(done) => ("ok", done),
            None if self.left == 0 => return true,
            None => {
                let (asked, done) = self.transaction();
                self.running[process] = Some(done);
                self.left -= 1;
                ("invoke", asked)
            }
        };
        let (index, time) = (self.index, self.index * 1000);
        let line = format!(
            "{{:index {index}, :time {time}, :type :{kind}, :process {process}, :f :txn, \
             :value [{value}]}}\n"
        );
        self.text.extend_from_slice(line.as_bytes());
        self.index += 1;
        true
    }

    /// A transaction as it is invoked and as it completes.
    fn transaction(&mut self) -> (String, String) {
        let (mut asked, mut done) = (String::new(), String::new());
        for number in 0..=self.below(MICRO_OPS_MAX) {
            let blank = if number == 0 { "" } else { " " };
            let at = self.below(KEYS) as usize;
            let reads = self.below(2) == 0;
            let next_key = self.next_key;
            let (key, appends, list) = &mut self.keys[at];
            if reads {
                write!(asked, "{blank}[:r {key} nil]").expect("a String takes every write");
                write!(done, "{blank}[:r {key} [{list}]]").expect("a String takes every write");
                continue;
            }
            *appends += 1;
            let append = format!("{blank}[:append {key} {appends}]");
            asked.push_str(&append);
            done.push_str(&append);
            let blank = if list.is_empty() { "" } else { " " };
            write!(list, "{blank}{appends}").expect("a String takes every write");
            if *appends == APPENDS_A_KEY {
                self.keys[at] = (next_key, 0, String::new());
                self.next_key += 1;
            }
        }
        (asked, done)
    }
}

impl Read for Lists {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.text.clear();
            self.given = 0;
            while self.text.len() < buffer.len() && self.event() {}
        }
        let count = buffer.len().min(self.text.len() - self.given);
        buffer[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
