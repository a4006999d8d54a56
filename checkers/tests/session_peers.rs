//! Histories other projects judge, against their verdicts: weak isolation (IsoVista, AWDIT) and the
//! checkers after Jepsen's.
//!
//! The folder is data beside the project: `FAULTBENCH_PEER_HISTORIES` names it, and where it is
//! absent the tests say so and prove nothing.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{self, ReadOptions};
use faultbench_checkers::lattice::Model;
use faultbench_checkers::report::{Report, Validity};
use serde_json::{Value as Json, json};

fn folder(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("FAULTBENCH_PEER_HISTORIES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
    };
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

/// The verdicts on read committed, read atomic and causal, snapshot isolation and serializability.
fn judged(path: &Path) -> Vec<Validity> {
    use Model::{ReadAtomic, ReadCommitted, Serializable, SnapshotIsolation, TransactionalCausal};
    let claims = [
        ReadCommitted,
        ReadAtomic,
        TransactionalCausal,
        SnapshotIsolation,
        Serializable,
    ];
    let params = Params {
        consistency: claims.to_vec(),
        sessions_only: true,
        ..Params::default()
    };
    let report = check_by(path, "rw-register", &params);
    report.claims.iter().map(|claim| claim.validity).collect()
}

#[test]
fn isolation_agrees_with_isovista_and_awdit() {
    let Some(folder) = folder("plume") else {
        return;
    };
    use Validity::{Invalid, Valid};
    let cases = [
        (
            "isovista-dgraph_si.txt",
            [Valid, Valid, Invalid, Invalid, Invalid],
        ),
        (
            "isovista-pg_ser_bug.txt",
            [Valid, Valid, Valid, Valid, Invalid],
        ),
        (
            "isovista-yugabyte_tcc.txt",
            [Valid, Invalid, Invalid, Invalid, Invalid],
        ),
        // Of serializability dbcop could not tell.
        (
            "isovista-sample_history.txt",
            [Valid, Valid, Valid, Valid, Valid],
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(judged(&folder.join(name)), expected, "{name}");
    }
    // The file says causality is violated; of what is weaker, nothing.
    let yaml = judged(&folder.join("dbcop-old-yaml/non_cc.yaml"));
    assert_eq!(yaml[2..], [Invalid, Invalid, Invalid]);
    let mut files = 0;
    for (level, expected) in [
        ("none", [Invalid, Invalid, Invalid]),
        ("read-committed", [Valid, Invalid, Invalid]),
        ("read-atomic", [Valid, Valid, Invalid]),
        ("causal", [Valid, Valid, Valid]),
    ] {
        let mut open = vec![folder.join("awdit-test-format").join(level)];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).expect("a readable folder");
                open.extend(entries.map(|entry| entry.expect("an entry").path()));
                continue;
            }
            assert_eq!(judged(&path)[..3], expected, "{}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, 22);
}

fn check(path: &Path, model: &str) -> Report {
    check_by(path, model, &Params::default())
}

fn check_by(path: &Path, model: &str, params: &Params) -> Report {
    let input = Box::new(BufReader::new(File::open(path).expect("a readable file")));
    let options = ReadOptions {
        lenient: true,
        ..ReadOptions::default()
    };
    let ops = formats::open(input, &path.display().to_string(), options).expect("a history");
    let kind = model_named(model).expect("a model");
    let mut checker = kind.checker(params);
    for op in ops {
        checker
            .push(&op.expect("an operation"))
            .expect("a readable operation");
    }
    checker.finish(&Budget::unlimited())
}

/// File, model, verdict and figures of what Jepsen's own tests assert. An empty history is valid
/// for Jepsen, and so is a counter that nobody read (elle-cli's); here nothing was tested, so both
/// are unknown.
const CASES: [(&str, &str, Validity, &str); 15] = [
    (
        "001-queue-empty.edn",
        "total-queue",
        Validity::Unknown,
        r#"{ "attempts": 0, "lost": 0 }"#,
    ),
    (
        "007-total-queue-sane.edn",
        "total-queue",
        Validity::Valid,
        r#"{ "attempts": 2, "acknowledged": 1, "ok": 2, "recovered": 1, "lost": 0,
             "unexpected": 0, "duplicated": 0 }"#,
    ),
    (
        "008-total-queue-pathological.edn",
        "total-queue",
        Validity::Invalid,
        r#"{ "attempts": 3, "acknowledged": 2, "ok": 1, "recovered": 0, "lost": 1,
             "unexpected": 1, "duplicated": 1 }"#,
    ),
    (
        "001-queue-empty.edn",
        "unique-ids",
        Validity::Unknown,
        r#"{ "attempted": 0 }"#,
    ),
    (
        "009-unique-ids-dups.edn",
        "unique-ids",
        Validity::Invalid,
        r#"{ "attempted": 5, "acknowledged": 4, "duplicated": 1, "range": [0, 1] }"#,
    ),
    (
        "001-queue-empty.edn",
        "counter-bounds",
        Validity::Unknown,
        r#"{ "reads": 0, "errors": 0 }"#,
    ),
    (
        "010-counter-initial-read.edn",
        "counter-bounds",
        Validity::Valid,
        r#"{ "reads": 1, "errors": 0 }"#,
    ),
    (
        "011-counter-ignore-failed-ops.edn",
        "counter-bounds",
        Validity::Valid,
        r#"{ "reads": 1, "errors": 0 }"#,
    ),
    (
        "012-counter-incomplete-history.edn",
        "counter-bounds",
        Validity::Valid,
        r#"{ "reads": 2, "errors": 0 }"#,
    ),
    (
        "013-counter-initial-invalid-read.edn",
        "counter-bounds",
        Validity::Invalid,
        r#"{ "reads": 1, "errors": 1 }"#,
    ),
    (
        "014-counter-interleaved-concurrent-reads-and-writes.edn",
        "counter-bounds",
        Validity::Invalid,
        r#"{ "reads": 5, "errors": 1 }"#,
    ),
    (
        "015-counter-rolling-reads-and-writes.edn",
        "counter-bounds",
        Validity::Invalid,
        r#"{ "reads": 3, "errors": 1 }"#,
    ),
    (
        "075-checker.edn",
        "long-fork",
        Validity::Invalid,
        r#"{ "reads": 2, "early_reads": 0, "late_reads": 0, "forks": 1 }"#,
    ),
    (
        "../../elle-cli/histories/jepsen/long-fork.edn",
        "long-fork",
        Validity::Invalid,
        r#"{ "forks": 1 }"#,
    ),
    (
        "../../elle-cli/histories/jepsen/counter.edn",
        "counter-bounds",
        Validity::Unknown,
        r#"{ "errors": 0 }"#,
    ),
];

#[test]
fn checkers_after_jepsens_agree_with_them() {
    let Some(folder) = folder("peer-tests/jepsen-checkers") else {
        return;
    };
    for (name, model, validity, figures) in CASES {
        let figures: Json = serde_json::from_str(figures).expect("JSON");
        let report = check(&folder.join(name), model);
        assert_eq!(report.validity, validity, "{name}: {:?}", report.findings);
        for (figure, expected) in figures.as_object().expect("an object") {
            assert_eq!(report.figures[figure], *expected, "{name}: {figure}");
        }
    }
    let pathological = check(
        &folder.join("008-total-queue-pathological.edn"),
        "total-queue",
    );
    let elements: Vec<&Json> = pathological
        .findings
        .iter()
        .map(|f| &f.details["elements"])
        .collect();
    assert_eq!(json!(elements), json!([[":enqueued"], [":wtf"], [":dup"]]));
    let bounds = check(
        &folder.join("015-counter-rolling-reads-and-writes.edn"),
        "counter-bounds",
    );
    assert_eq!(
        bounds.findings[0].details,
        json!({ "lower": 1, "value": 5, "upper": 3 })
    );
}

/// What Jepsen's kafka tests assert of each history: the error they look at, and how many of it; 0
/// where it must be absent. Left out: completions without invocations (030), write dependencies
/// between transactions (065, 067), which Kafka does not isolate, and lags in real time (062).
const KAFKA: [(&str, &str, u64); 34] = [
    (
        "031-version-orders-a-real-world-example.edn",
        "inconsistent-offsets",
        1,
    ),
    (
        "032-inconsistent-offsets-info-conflicts.edn",
        "inconsistent-offsets",
        0,
    ),
    (
        "033-inconsistent-offsets-info-conflicts.edn",
        "inconsistent-offsets",
        1,
    ),
    ("034-g1a.edn", "G1a", 1),
    ("035-lost-write-consistent.edn", "lost-write", 2),
    ("036-lost-write-inconsistent.edn", "lost-write", 1),
    ("037-lost-write-atomic.edn", "lost-write", 0),
    ("038-lost-write-atomic.edn", "lost-write", 1),
    ("039-poll-skip.edn", "poll-skip", 2),
    (
        "040-poll-skip-with-intermediate-subscribe.edn",
        "poll-skip",
        0,
    ),
    (
        "041-poll-skip-with-intermediate-subscribe.edn",
        "poll-skip",
        2,
    ),
    ("042-poll-skip-txn-abort-good.edn", "poll-skip", 0),
    (
        "043-poll-skip-txn-abort-abort-doesnt-roll-back.edn",
        "poll-skip",
        2,
    ),
    (
        "044-poll-skip-txn-abort-info-can-be-a-poll-skip.edn",
        "poll-skip",
        1,
    ),
    ("045-nonmonotonic-poll-together.edn", "nonmonotonic-poll", 1),
    (
        "046-nonmonotonic-poll-with-intermediate-subscribe.edn",
        "nonmonotonic-poll",
        0,
    ),
    (
        "047-nonmonotonic-poll-with-intermediate-subscribe.edn",
        "nonmonotonic-poll",
        0,
    ),
    (
        "048-nonmonotonic-poll-with-intermediate-subscribe.edn",
        "nonmonotonic-poll",
        1,
    ),
    (
        "049-nonmonotonic-poll-with-intermediate-subscribe.edn",
        "nonmonotonic-poll",
        1,
    ),
    ("050-nonmonotonic-send.edn", "nonmonotonic-send", 1),
    (
        "051-nonmonotonic-send-with-intermediate-subscribe.edn",
        "nonmonotonic-send",
        0,
    ),
    (
        "052-nonmonotonic-send-with-intermediate-subscribe.edn",
        "nonmonotonic-send",
        0,
    ),
    (
        "053-nonmonotonic-send-with-intermediate-subscribe.edn",
        "nonmonotonic-send",
        1,
    ),
    (
        "054-nonmonotonic-send-with-intermediate-subscribe.edn",
        "nonmonotonic-send",
        1,
    ),
    ("055-int-poll-skip.edn", "int-poll-skip", 2),
    ("056-int-send-skip.edn", "int-send-skip", 1),
    ("057-int-nonmonotonic-poll.edn", "int-nonmonotonic-poll", 2),
    ("058-int-nonmonotonic-send.edn", "int-nonmonotonic-send", 2),
    ("059-duplicate-basic.edn", "duplicate", 1),
    ("060-duplicate-hash-insensitive.edn", "duplicate", 10),
    ("061-duplicate-aborted-txns.edn", "duplicate", 1),
    ("064-unseen.edn", "unseen", 0),
    ("066-g1c-pure-wr.edn", "G1c", 1),
    ("068-precommitted-read.edn", "precommitted-read", 1),
];

#[test]
fn logs_are_judged_as_by_jepsen() {
    let Some(folder) = folder("peer-tests/jepsen-checkers") else {
        return;
    };
    let mut wrong = Vec::new();
    for (name, figure, expected) in KAFKA {
        let report = check(&folder.join(name), "kafka");
        let found = report
            .figures
            .get(figure)
            .and_then(Json::as_u64)
            .unwrap_or(0);
        if found != expected {
            wrong.push(format!(
                "{name}: {figure} {found}, not {expected}: {:#?}",
                report.findings
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing at all is wrong with this one.
    let good = check(&folder.join("042-poll-skip-txn-abort-good.edn"), "kafka");
    assert_eq!(good.validity, Validity::Valid, "{:?}", good.findings);
}

/// Jepsen's causal-reverse is the check of comments. Two of its cases have a process invoke while
/// it is busy: refused.
#[test]
fn comments_are_judged_as_jepsens_causal_reverse() {
    let Some(folder) = folder("peer-tests/jepsen-checkers") else {
        return;
    };
    for (number, expected) in [
        ("069", Validity::Valid),
        ("070", Validity::Valid),
        ("071", Validity::Invalid),
        ("072", Validity::Valid),
    ] {
        let name = format!("{number}-casusal-reverse-can-validate-sequential-histories.edn");
        let report = check(&folder.join(&name), "comments");
        assert_eq!(report.validity, expected, "{name}: {:?}", report.findings);
    }
}
