//! Sets and counters with an anomaly planted in each history: it must be named.

use super::*;
use crate::formats::{ReadOptions, open};

/// A history of events: process, type and micro-operations.
fn history(events: &[(i64, &str, &str)]) -> Recording {
    let mut text = String::new();
    for (process, kind, mops) in events {
        text += &format!("{{:type :{kind}, :process {process}, :f :txn, :value {mops}}}\n");
    }
    let input = Box::new(std::io::Cursor::new(text.into_bytes()));
    let reader = open(input, "history", ReadOptions::default()).expect("a history");
    Recording {
        ops: reader.map(|op| op.expect("a readable history")).collect(),
    }
}

/// One call after the other, each `process outcome micro-operations`.
fn calls(calls: &[&str]) -> Recording {
    let mut events = Vec::new();
    for call in calls {
        let mut parts = call.splitn(3, ' ');
        let process = parts
            .next()
            .and_then(|p| p.parse().ok())
            .expect("a process");
        let outcome = parts.next().expect("an outcome");
        let mops = parts.next().expect("micro-operations");
        events.push((process, "invoke", mops));
        events.push((process, outcome, mops));
    }
    history(&events)
}

/// All that was found, whatever is claimed.
fn named(recording: &Recording, vocabulary: Vocabulary) -> Vec<String> {
    let report = judged(recording, vocabulary, StrictSerializable);
    let names = report.figures["anomalies"]
        .as_array()
        .expect("names")
        .iter();
    names
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

#[test]
fn every_anomaly_of_sets_is_named() {
    for (anomaly, planted) in [
        ("G1a", &["0 fail [[:add :x 1]]", "1 ok [[:r :x #{1}]]"][..]),
        (
            "garbage-read",
            &["0 ok [[:add :x 1]]", "1 ok [[:r :x #{1 2}]]"],
        ),
        (
            "G1b",
            &["0 ok [[:add :x 1] [:add :x 2]]", "1 ok [[:r :x #{2}]]"],
        ),
        ("internal", &["0 ok [[:add :x 1] [:r :x #{}]]"]),
        (
            "internal",
            &["0 ok [[:add :x 1]]", "1 ok [[:r :x #{1}] [:r :x nil]]"],
        ),
        ("future-read", &["0 ok [[:r :x #{1}] [:add :x 1]]"]),
        (
            "duplicate-elements",
            &["0 ok [[:add :x 1]]", "1 ok [[:r :x [1 1]]]"],
        ),
        (
            "incompatible-order",
            &[
                "0 ok [[:add :x 1]]",
                "1 ok [[:add :x 2]]",
                "2 ok [[:r :x #{1}]]",
                "3 ok [[:r :x #{2}]]",
            ],
        ),
        (
            "lost-update",
            &[
                "0 ok [[:r :x #{}] [:add :x 1]]",
                "1 ok [[:r :x #{}] [:add :x 2]]",
                "2 ok [[:r :x #{1}]]",
            ],
        ),
        (
            "G-single-item-realtime",
            &["0 ok [[:add :x 1]]", "1 ok [[:r :x nil]]"],
        ),
        (
            "G-single-item-process",
            &["0 ok [[:add :x 1]]", "0 ok [[:r :x nil]]"],
        ),
        (
            "G0",
            &[
                "0 ok [[:add :x 1] [:add :y 1]]",
                "1 ok [[:add :x 2] [:add :y 2]]",
                "2 ok [[:r :x #{1}] [:r :y #{2}]]",
            ],
        ),
    ] {
        let found = named(&calls(planted), Vocabulary::Sets);
        assert!(
            found.iter().any(|name| name == anomaly),
            "{anomaly} {found:?}"
        );
    }
    let honest = calls(&[
        "0 ok [[:add :x 1] [:r :x #{1}]]",
        "1 info [[:add :x 2]]",
        "2 ok [[:r :x [2 1]]]",
    ]);
    let report = judged(&honest, Vocabulary::Sets, StrictSerializable);
    assert_eq!(report.validity, Validity::Valid, "{report:#?}");
}

#[test]
fn every_anomaly_of_counters_is_named() {
    for (anomaly, planted) in [
        (
            "garbage-read",
            &["0 ok [[:inc :x 1]]", "1 ok [[:r :x 2]]"][..],
        ),
        (
            "garbage-read",
            &["0 fail [[:inc :x 1]]", "1 ok [[:r :x 1]]"],
        ),
        ("garbage-read", &["0 ok [[:inc :x -2]]", "1 ok [[:r :x 1]]"]),
        (
            "garbage-read",
            &[
                "0 ok [[:inc :x 2]]",
                "1 ok [[:inc :x 4]]",
                "2 ok [[:r :x 3]]",
            ],
        ),
        ("internal", &["0 ok [[:inc :x 1] [:r :x 0]]"]),
        (
            "internal",
            &["0 ok [[:inc :x 1]]", "1 ok [[:r :x 1] [:r :x nil]]"],
        ),
        (
            "lost-update",
            &[
                "0 ok [[:r :x 0] [:inc :x 1]]",
                "1 ok [[:r :x 0] [:inc :x 1]]",
            ],
        ),
        (
            "nonserializable-process",
            &[
                "0 ok [[:inc :x 1]]",
                "1 ok [[:inc :x 2]]",
                "0 ok [[:r :x 0]]",
            ],
        ),
        (
            "nonserializable-realtime",
            &[
                "0 ok [[:inc :x 1]]",
                "1 ok [[:inc :x 1]]",
                "2 ok [[:r :x 1]]",
            ],
        ),
        (
            "nonserializable-realtime",
            &[
                "0 ok [[:inc :x 1]]",
                "2 ok [[:r :x 2]]",
                "1 ok [[:inc :x 1]]",
            ],
        ),
        (
            "G-nonadjacent-item",
            &[
                "0 ok [[:inc :x 1] [:inc :y 1]]",
                "1 ok [[:inc :x 1] [:inc :y 1]]",
                "2 ok [[:r :x 1] [:r :y 2]]",
                "3 ok [[:r :x 2] [:r :y 1]]",
            ],
        ),
    ] {
        let found = named(&calls(planted), Vocabulary::Counters);
        assert!(
            found.iter().any(|name| name == anomaly),
            "{anomaly} {found:?}"
        );
    }
    for honest in [
        &[
            "0 ok [[:inc :x 1] [:r :x 1]]",
            "1 info [[:inc :x 2]]",
            "2 ok [[:r :x 3]]",
        ][..],
        &[
            "0 ok [[:inc :x 9223372036854775807]]",
            "1 ok [[:inc :x -3]]",
            "2 ok [[:r :x 9223372036854775804]]",
        ],
    ] {
        let report = judged(&calls(honest), Vocabulary::Counters, StrictSerializable);
        assert_eq!(report.validity, Validity::Valid, "{report:#?}");
    }
}

/// Sums that no bound refutes and no order explains stay open.
#[test]
fn a_sum_of_no_amounts_is_unknown() {
    let recording = calls(&[
        "0 info [[:inc :x 2]]",
        "1 info [[:inc :x 2]]",
        "2 info [[:inc :x 5]]",
        "3 ok [[:r :x 3]]",
    ]);
    let report = judged(&recording, Vocabulary::Counters, Serializable);
    assert_eq!(report.validity, Validity::Unknown, "{report:#?}");
}

#[test]
fn edges_of_sets_and_counters_are_told_with_their_reasons() {
    let sets = calls(&["0 ok [[:add :x 7]]", "1 ok [[:r :x nil]]"]);
    let report = judged(&sets, Vocabulary::Sets, StrictSerializable);
    let summary = &report.findings[0].summary;
    assert!(
        summary.contains("read :x = #{} without 7, which"),
        "{summary}"
    );
    assert!(summary.contains("added"), "{summary}");
    let counters = calls(&[
        "0 ok [[:inc :x 1] [:inc :y 1]]",
        "1 ok [[:inc :x 1] [:inc :y 1]]",
        "2 ok [[:r :x 1] [:r :y 2]]",
        "3 ok [[:r :x 2] [:r :y 1]]",
    ]);
    let report = judged(&counters, Vocabulary::Counters, Serializable);
    let summary = &report.findings[0].summary;
    assert!(summary.contains("read :x = 2 after"), "{summary}");
    assert!(summary.contains("as it only grows"), "{summary}");
}

/// What is no micro-operation of the vocabulary is refused with what was expected.
#[test]
fn other_micro_operations_are_refused() {
    for (model, mops) in [
        ("set-add", "[[:append :x 1]]"),
        ("set-add", "[[:add :x nil]]"),
        ("counter-inc", "[[:inc :x 1.5]]"),
        ("counter-inc", "[[:inc :x 9223372036854775808]]"),
        ("counter-inc", "[[:add :x 1]]"),
    ] {
        let recording = history(&[(0, "invoke", mops)]);
        let error = recording
            .try_check(model, &Params::default())
            .expect_err("no such thing");
        assert!(error.to_string().contains("micro-operations [:"), "{error}");
    }
}
