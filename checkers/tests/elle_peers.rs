//! Verdicts of Elle and elle-cli on recorded histories and on the cases of Elle's own unit tests.
//!
//! Every asserted verdict, anomaly and ruled-out model must be ours as well, but for the
//! differences argued in `docs/elle-differences.md`, listed in [`DIFFERENCES`]. Which cycle
//! witnesses an anomaly is free. The folder is data beside the project: `FAULTBENCH_PEER_HISTORIES` names it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{ReadOptions, open};
use faultbench_checkers::lattice::{Anomaly, AnomalySet, Model};
use faultbench_checkers::report::{Report, Validity};
use faultbench_checkers::value::Value;

fn folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("FAULTBENCH_PEER_HISTORIES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

/// The report on a file, or why it is refused.
fn check(path: &Path, model: &str, params: &Params) -> Result<Report, String> {
    let kind = model_named(model).expect("a model of the table");
    let mut checker = kind.checker(params);
    let options = ReadOptions {
        lenient: true,
        ..ReadOptions::default()
    };
    let input = Box::new(BufReader::new(File::open(path).expect("a readable file")));
    let reader = open(input, &path.display().to_string(), options).expect("a history");
    for op in reader {
        checker
            .push(&op.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())?;
    }
    Ok(checker.finish(&Budget::unlimited()))
}

fn strings(report: &Report, figure: &str) -> BTreeSet<String> {
    let array = report.figures[figure].as_array().expect("an array");
    array
        .iter()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

/// A row of `expected.tsv`.
struct Row {
    file: String,
    checker: String,
    options: String,
    valid: String,
    anomalies: String,
    not: String,
}

fn rows(path: &Path) -> Vec<Row> {
    let text = fs::read_to_string(path).expect("a readable table");
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Row {
                file: cells[0].to_owned(),
                checker: cells[1].to_owned(),
                options: cells[2].to_owned(),
                valid: cells[3].to_owned(),
                anomalies: cells[4].to_owned(),
                not: cells[5].to_owned(),
            }
        })
        .collect()
}

/// The keywords of an EDN text, colons left off.
fn keywords(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || "[]{}#,".contains(c))
        .filter_map(|word| word.strip_prefix(':'))
        .collect()
}

fn params_of(row: &Row) -> Params {
    let models = row.options.split(":consistency-models").nth(1);
    let models = models.and_then(|rest| rest.trim_start().strip_prefix('['));
    let models = models.and_then(|rest| rest.split(']').next()).unwrap_or("");
    let mut params = Params {
        lenient: true,
        consistency: keywords(models)
            .into_iter()
            .map(|name| Model::from_name(name).unwrap_or_else(|| panic!("a model {name}")))
            .collect(),
        init: INITIAL
            .iter()
            .find(|(file, _)| row.file == *file)
            .map(|(_, value)| Value::Int(*value)),
        ..Params::default()
    };
    for name in ["sequential-keys", "linearizable-keys", "wfr-keys"] {
        if row.options.contains(&format!(":{name}? true")) {
            assert!(params.assume.add(name));
        }
    }
    params
}

/// Files whose rows differ: see `docs/elle-differences.md`.
const DIFFERENCES: [&str; 4] = [
    // Two transactions of one process at once: refused.
    "042-unobserved-write.edn",
    "025-checker-initial-state.edn",
    // A value nobody wrote.
    "014-checker-read-doesnt-return-what-was-just-been-written.edn",
    // That a write follows a read of its own transaction is no assumption.
    "026-checker-wfr.edn",
];

/// Files whose registers do not begin as nil.
const INITIAL: [(&str, i64); 2] = [("023-checker-g2-item.edn", 1), ("026-checker-wfr.edn", 1)];

fn compare(dir: &Path, row: &Row) -> Option<String> {
    let path = dir.join(&row.file);
    let (model, part) = match row.checker.split_once('/') {
        Some((model, part)) => (model, Some(part)),
        None => (row.checker.as_str(), None),
    };
    let looks_for_some = row.options.contains(":consistency-models nil");
    let report = match check(&path, model, &params_of(row)) {
        Ok(report) => report,
        Err(_) if row.valid == "error" => return None,
        Err(error) => return Some(format!("refused: {error}")),
    };
    let found = strings(&report, "anomalies");
    let names = || {
        keywords(&row.anomalies)
            .into_iter()
            .filter(|name| *name != "empty-transaction-graph")
    };
    match (part, row.anomalies.split_whitespace().next()) {
        (Some(part), Some("present")) if !part.ends_with("cycles") => {
            let missing: Vec<&str> = names().filter(|name| !found.contains(*name)).collect();
            return (!missing.is_empty()).then(|| format!("lacks {missing:?}: {found:?}"));
        }
        (Some(part), Some("absent")) if !part.ends_with("cycles") => {
            let wrong: Vec<&str> = names().filter(|name| found.contains(*name)).collect();
            return (!wrong.is_empty()).then(|| format!("has {wrong:?}"));
        }
        (Some(_), _) => return None,
        _ => {}
    }
    let shown: AnomalySet = found
        .iter()
        .filter_map(|name| Anomaly::from_name(name))
        .collect();
    let implied = shown.closure();
    for name in names() {
        let anomaly = Anomaly::from_name(name).unwrap_or_else(|| panic!("an anomaly {name}"));
        if !implied.contains(anomaly) {
            return Some(format!("lacks {name}: {found:?}"));
        }
    }
    let ruled_out = report.figures["ruled_out"].as_object().expect("a map");
    for name in keywords(&row.not) {
        let model = Model::from_name(name).expect("a model");
        if !ruled_out.contains_key(model.name()) {
            return Some(format!("{name} stands: {found:?}"));
        }
    }
    let expected = match row.valid.as_str() {
        "true" => Validity::Valid,
        "false" => Validity::Invalid,
        _ => Validity::Unknown,
    };
    (!looks_for_some && report.validity != expected).then(|| {
        format!(
            "is {:?} ({:?}), not {expected:?}: {found:?}",
            report.validity, report.unknown
        )
    })
}

#[test]
fn elles_unit_tests_agree() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    let mut compared = 0;
    for dir in [
        "elle-list-append",
        "elle-list-append/paired",
        "elle-rw-register",
        "elle-rw-register/paired",
    ] {
        let dir = folder.join("peer-tests").join(dir);
        for row in rows(&dir.join("expected.tsv")) {
            // Orders given by hand are no part of a history.
            if row.options.contains(":transaction-order") {
                continue;
            }
            compared += 1;
            let argued = DIFFERENCES.contains(&row.file.as_str());
            if let Some(problem) = compare(&dir, &row)
                && !argued
            {
                let dir = dir
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                wrong.push(format!("{dir}/{} {}: {problem}", row.file, row.options));
            }
        }
    }
    assert!(compared > 150, "{compared} rows");
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn claiming(models: &[Model]) -> Params {
    Params {
        consistency: models.to_vec(),
        lenient: true,
        ..Params::default()
    }
}

#[test]
fn elles_recorded_histories_agree() {
    let Some(folder) = folder() else { return };
    let elle = |name: &str, params: &Params| {
        check(&folder.join("elle").join(name), "list-append", params).expect("a readable history")
    };
    let weak = elle(
        "si-without-g-single.edn",
        &claiming(&[Model::SnapshotIsolation]),
    );
    assert_eq!(weak.validity, Validity::Valid);
    let strict = elle("si-without-g-single.edn", &claiming(&[]));
    assert_eq!(strict.validity, Validity::Invalid);
    let found = strings(&strict, "anomalies");
    assert!(
        found.contains("G2-item") && found.contains("G-single-item-realtime"),
        "{found:?}"
    );
    // Elle's search times out before it finds a cycle with a single anti-dependency.
    let huge = elle("huge-scc.edn", &claiming(&[]));
    assert_eq!(huge.validity, Validity::Invalid);
    let found = strings(&huge, "anomalies");
    assert_eq!(found, BTreeSet::from(["G-single-item-realtime".to_owned()]));
    let paper = elle("paper-example.edn", &claiming(&[]));
    assert!(strings(&paper, "anomalies").contains("G-single-item"));
    let ruled_out = paper.figures["ruled_out"].as_object().expect("a map");
    for model in ["consistent-view", "repeatable-read"] {
        assert!(ruled_out.contains_key(model), "{model}");
    }
}

#[test]
fn a_component_of_thousands_is_decided_within_its_budget() {
    let Some(folder) = folder() else { return };
    let kind = model_named("list-append").expect("a model of the table");
    let mut checker = kind.checker(&Params::default());
    let path = folder.join("elle/huge-scc.edn");
    let input = Box::new(BufReader::new(File::open(&path).expect("a readable file")));
    for op in open(input, "huge-scc.edn", ReadOptions::default()).expect("a history") {
        checker
            .push(&op.expect("an operation"))
            .expect("a transaction");
    }
    let start = std::time::Instant::now();
    let clock = || start.elapsed();
    let report = checker.finish(&Budget {
        wall: Duration::from_secs(1),
        clock: &clock,
        ..Budget::unlimited()
    });
    assert_eq!(report.unknown, None);
    assert_eq!(report.validity, Validity::Invalid);
}

#[test]
fn elle_clis_verdicts_agree() {
    let Some(folder) = folder() else { return };
    let dir = folder.join("elle-cli/histories/elle");
    for (file, model, expected) in [
        // Valid for Elle, which does not ask who wrote the 3 that is read.
        ("rw-register.edn", "rw-register", Validity::Invalid),
        ("rw-register.json", "rw-register", Validity::Invalid),
        ("paper-example.edn", "list-append", Validity::Invalid),
        ("paper-example.json", "list-append", Validity::Invalid),
        ("list-append-gh-30.edn", "list-append", Validity::Invalid),
    ] {
        let claim = match file {
            "list-append-gh-30.edn" => claiming(&[Model::Serializable]),
            _ => claiming(&[]),
        };
        let report = check(&dir.join(file), model, &claim).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(report.validity, expected, "{file}: {:?}", report.unknown);
    }
}
