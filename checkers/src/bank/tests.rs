//! Each anomaly is planted in a valid history and found, with its evidence.

use super::*;
use crate::recording::{Recording, anomalies};

fn map(entries: &[(i64, i64)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(a, b)| (Value::Int(*a), Value::Int(*b)))
            .collect(),
    )
}

fn record(fields: &[(&str, i64)]) -> Value {
    Value::Map(
        fields
            .iter()
            .map(|(k, n)| (Value::keyword(k), Value::Int(*n)))
            .collect(),
    )
}

fn transfer(from: i64, to: i64, amount: i64) -> Value {
    record(&[("from", from), ("to", to), ("amount", amount)])
}

/// Two accounts of 10, a transfer of 3, and a read that is right.
fn opened() -> Recording {
    let mut recording = Recording::default();
    recording.call(0, "open", record(&[("accounts", 2), ("balance", 10)]));
    recording.call(1, "transfer", transfer(0, 1, 3));
    recording.call(2, "read", map(&[(0, 7), (1, 13)]));
    recording
}

#[test]
fn a_conserved_total_is_valid() {
    let mut recording = opened();
    recording.invoke(3, "transfer", transfer(1, 0, 100));
    recording.fail(3, "transfer", transfer(1, 0, 100));
    recording.invoke(4, "transfer", transfer(1, 0, 1));
    recording.info(4, "transfer", transfer(1, 0, 1));
    recording.invoke(5, "transfer", transfer(1, 0, 1));
    let report = recording.check("bank");
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    let transfers = json!({ "ok": 1, "failed": 1, "indefinite": 2 });
    assert_eq!(report.figures["transfers"], transfers);
    assert_eq!(report.figures["total_from"], "the opening of the accounts");
    assert_eq!(report.promise, "a bank whose total is always 20");
}

#[test]
fn the_first_wrong_total_is_told_and_the_rest_counted() {
    let mut recording = opened();
    recording.call(2, "read", map(&[(0, 7), (1, 10)]));
    recording.call(2, "read", map(&[(0, 17), (1, 10)]));
    let report = recording.check("bank");
    assert_eq!(report.validity, Validity::Invalid);
    assert_eq!(anomalies(&report), ["wrong-total"]);
    let finding = &report.findings[0];
    assert_eq!(
        finding.summary,
        "the read at 0.007 s by process 2 saw a total of 17 where 20 must be: 3 is missing; 2 \
         reads are wrong in this way"
    );
    assert_eq!(finding.ops, [6, 7]);
    assert_eq!(finding.details["read"], json!({ "0": 7, "1": 10 }));
    assert_eq!(finding.details["worst_difference"], "7");
}

#[test]
fn balances_and_accounts_are_checked() {
    type Balances<'a> = &'a [(i64, i64)];
    let cases: [(Balances, &[&str]); 3] = [
        (&[(0, -1), (1, 21)], &["negative-balance"]),
        (&[(0, 20)], &["missing-account"]),
        (&[(0, 10), (1, 10), (9, 0)], &["unexpected-account"]),
    ];
    for (read, expected) in cases {
        let mut recording = opened();
        recording.call(2, "read", map(read));
        let report = recording.check("bank");
        assert_eq!(anomalies(&report), expected);
        assert_eq!(report.validity, Validity::Invalid);
    }
    let mut recording = opened();
    recording.call(2, "read", map(&[(0, -1), (1, 21)]));
    let params = Params {
        negative_balances: true,
        ..Params::default()
    };
    let report = recording
        .try_check("bank", &params)
        .expect("a readable history");
    assert_eq!(report.validity, Validity::Valid);
}

#[test]
fn the_total_is_given_or_that_of_the_first_read() {
    let mut recording = Recording::default();
    recording.call(0, "read", map(&[(0, 5), (1, 5)]));
    recording.call(0, "read", map(&[(0, 5), (1, 6)]));
    let report = recording.check("bank");
    assert_eq!(report.figures["total_from"], "the first read");
    assert_eq!(report.findings[0].ops, [2, 3]);
    let params = Params {
        total: Some(11),
        ..Params::default()
    };
    let report = recording
        .try_check("bank", &params)
        .expect("a readable history");
    assert_eq!(report.findings[0].ops, [0, 1]);
}

#[test]
fn accounts_written_as_text_are_numbers() {
    let mut recording = opened();
    let text = |name: &str, n| (Value::str(name), Value::Int(n));
    recording.call(2, "read", Value::Map(vec![text("0", 7), text("1", 13)]));
    assert_eq!(recording.check("bank").validity, Validity::Valid);
}

#[test]
fn an_empty_read_before_the_opening_is_not_judged() {
    let mut recording = Recording::default();
    let open = record(&[("accounts", 2), ("balance", 10)]);
    recording.invoke(0, "open", open.clone());
    recording.call(1, "read", Value::Map(Vec::new()));
    recording.ok(0, "open", open);
    let report = recording.check("bank");
    assert_eq!(report.validity, Validity::Unknown);
    assert_eq!(report.figures["reads_before_opening"], 1);
    recording.call(1, "read", Value::Map(Vec::new()));
    assert_eq!(anomalies(&recording.check("bank")), ["missing-account"]);
}

#[test]
fn a_bank_nobody_read_is_unknown() {
    assert_eq!(
        Recording::default().check("bank").unknown.as_deref(),
        Some(NOTHING_TESTED)
    );
    let mut recording = Recording::default();
    recording.call(1, "transfer", transfer(0, 1, 3));
    assert_eq!(recording.check("bank").validity, Validity::Unknown);
}

#[test]
fn unreadable_operations_are_errors() {
    let unreadable: [(&'static str, Value); 4] = [
        ("transfer", Value::Int(3)),
        ("open", record(&[("accounts", -1), ("balance", 1)])),
        ("read", Value::Int(3)),
        ("withdraw", Value::Nil),
    ];
    for (f, value) in unreadable {
        let mut recording = opened();
        recording.call(3, f, value);
        let error = recording.try_check("bank", &Params::default()).unwrap_err();
        assert!(error.index >= 6, "{error}");
    }
}
