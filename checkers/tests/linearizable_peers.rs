//! The verdicts of other projects on the histories they recorded: Porcupine, Knossos, elle-cli and
//! Jepsen's checkers.
//!
//! The folder is data beside the project: `FAULTBENCH_PEER_HISTORIES` names it, and where it is
//! absent the tests say so and prove nothing.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use faultbench_checkers::Value;
use faultbench_checkers::budget::{Budget, Workers};
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{self, ReadOptions};
use faultbench_checkers::report::{Report, Validity};

/// The folder, if it is there.
fn folder(name: &str) -> Option<PathBuf> {
    let all: PathBuf = match std::env::var_os("FAULTBENCH_PEER_HISTORIES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
    };
    let folder = all.join(name);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    println!("using {}", folder.display());
    Some(folder)
}

/// The rows of a table of verdicts, without its head.
fn rows(table: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(table).expect("a table of verdicts");
    let rows = text.lines().skip(1).filter(|line| !line.is_empty());
    rows.map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// Two threads of the test.
struct Two;

impl Workers for Two {
    fn count(&self) -> usize {
        2
    }

    fn run(&self, job: &(dyn Fn() + Sync)) {
        std::thread::scope(|scope| {
            scope.spawn(job);
            job();
        });
    }
}

fn check(path: &Path, model: &str, params: &Params) -> Report {
    let name = path.display().to_string();
    let input = BufReader::new(File::open(path).unwrap_or_else(|e| panic!("{name}: {e}")));
    let options = ReadOptions {
        lenient: params.lenient,
        ..ReadOptions::default()
    };
    let reader = formats::open(Box::new(input), &name, options).expect("a known format");
    let kind = model_named(model).expect("a model");
    let mut checker = kind.checker(params);
    for op in reader {
        let op = op.unwrap_or_else(|error| panic!("{error}"));
        checker.push(&op).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let budget = Budget {
        workers: &Two,
        ..Budget::unlimited()
    };
    let report = checker.finish(&budget);
    for finding in &report.findings {
        assert!(
            !finding.summary.is_empty() && !finding.ops.is_empty(),
            "{name}"
        );
    }
    if params.witness && report.validity == Validity::Valid {
        let keys = report.figures["keys"].as_u64();
        assert_eq!(Some(report.witness.len() as u64), keys, "{name}: witnesses");
    }
    report
}

/// Fails with every history judged otherwise.
fn all_agree(judged: Vec<(String, Validity, Validity)>) {
    let wrong: Vec<_> = judged
        .iter()
        .filter(|(_, ours, peer)| ours != peer)
        .collect();
    assert!(wrong.is_empty(), "(history, ours, theirs): {wrong:#?}");
    println!("{} verdicts agree", judged.len());
}

fn validity(name: &str) -> Validity {
    match name {
        "linearizable" | "valid" | "true" => Validity::Valid,
        "not-linearizable" | "invalid" | "false" => Validity::Invalid,
        _ => Validity::Unknown,
    }
}

#[test]
fn porcupine_etcd_logs() {
    let Some(folder) = folder("porcupine-jepsen") else {
        return;
    };
    let params = Params {
        failed_cas_informs: true,
        witness: true,
        ..Params::default()
    };
    let judge = |row: &Vec<String>| {
        let report = check(&folder.join(&row[0]), "cas-register", &params);
        (row[0].clone(), report.validity, validity(&row[1]))
    };
    all_agree(
        rows(&folder.join("expected.tsv"))
            .iter()
            .map(judge)
            .collect(),
    );
}

#[test]
fn porcupine_key_values() {
    let Some(folder) = folder("porcupine-kv") else {
        return;
    };
    let params = Params {
        witness: true,
        ..Params::default()
    };
    let judge = |row: &Vec<String>| {
        let report = check(&folder.join(&row[0]), "kv", &params);
        (row[0].clone(), report.validity, validity(&row[1]))
    };
    all_agree(
        rows(&folder.join("expected.tsv"))
            .iter()
            .map(judge)
            .collect(),
    );
}

/// What Knossos starts from: `0`, `nil`, `{:x 0 :y 0}` or nothing.
fn init(text: &str) -> Option<Value> {
    if text.starts_with('{') {
        let zero = |name| (Value::keyword(name), Value::Int(0));
        return Some(Value::Map(vec![zero("x"), zero("y")]));
    }
    text.parse().ok().map(Value::Int)
}

/// In Knossos a read of nil matches every value.
fn knossos(initial: &str) -> Params {
    Params {
        init: init(initial),
        nil_read_is_unknown: true,
        lenient: true,
        witness: true,
        ..Params::default()
    }
}

/// The verdict of a peer, but `unknown` where nothing succeeded: peers call such histories valid,
/// though nothing was tested by them.
fn unless_untested(report: &Report, verdict: &str) -> Validity {
    match report.figures["ok"] == 0 {
        true => Validity::Unknown,
        false => validity(verdict),
    }
}

/// Judges the rows that have these columns: the file, the model, what it starts from, the verdict.
fn judge_knossos(folder: &Path, [file, model, initial, verdict]: [usize; 4]) {
    let is_there = |row: &&Vec<String>| {
        let path = folder.join(&row[file]);
        if !path.is_file() {
            eprintln!("skipped: {} is not there", path.display());
        }
        path.is_file()
    };
    let judge = |row: &Vec<String>| {
        let report = check(
            &folder.join(&row[file]),
            &row[model],
            &knossos(&row[initial]),
        );
        let theirs = unless_untested(&report, &row[verdict]);
        (row[file].clone(), report.validity, theirs)
    };
    let rows = rows(&folder.join("expected.tsv"));
    all_agree(rows.iter().filter(is_there).map(judge).collect());
}

#[test]
fn knossos_data() {
    if let Some(folder) = folder("knossos") {
        judge_knossos(&folder, [0, 2, 3, 4]);
    }
}

#[test]
fn knossos_unit_tests() {
    if let Some(folder) = folder("peer-tests/knossos") {
        judge_knossos(&folder, [0, 1, 2, 4]);
    }
}

#[test]
fn elle_cli_registers_and_mutexes() {
    let Some(folder) = folder("elle-cli") else {
        return;
    };
    let is_ours = |row: &&Vec<String>| row[1] == "knossos" && folder.join(&row[0]).is_file();
    let judge = |row: &Vec<String>| {
        let report = check(&folder.join(&row[0]), &row[2], &knossos("nil"));
        (row[0].clone(), report.validity, validity(&row[3]))
    };
    let rows = rows(&folder.join("expected.tsv"));
    all_agree(rows.iter().filter(is_ours).map(judge).collect());
}

#[test]
fn jepsen_queues() {
    let Some(folder) = folder("peer-tests/jepsen-checkers") else {
        return;
    };
    let params = Params {
        lenient: true,
        ..Params::default()
    };
    let judge = |row: &Vec<String>| {
        let report = check(&folder.join(&row[0]), "unordered-queue", &params);
        let theirs = unless_untested(&report, &row[3]);
        (row[0].clone(), report.validity, theirs)
    };
    let rows = rows(&folder.join("expected.tsv"));
    let queues = rows.iter().filter(|row| row[1] == "queue");
    all_agree(queues.map(judge).collect());
}
