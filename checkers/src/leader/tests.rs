//! Leaders and their terms.

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

fn leads(leader: &str, term: i64) -> Value {
    Value::List(vec![Value::str(leader), Value::Int(term)])
}

#[test]
fn a_term_with_two_leaders_is_told() {
    let mut recording = Recording::default();
    recording.call(0, "inspect", leads("n1", 1));
    recording.call(0, "inspect", leads("n2", 2));
    recording.call(1, "inspect", leads("n1", 1));
    recording.call(1, "inspect", Value::List(vec![Value::Nil, Value::Int(2)]));
    assert_eq!(recording.check("leader-per-term").validity, Validity::Valid);
    let term = (Value::keyword("term"), Value::Int(2));
    let leader = (Value::keyword("leader"), Value::str("n3"));
    recording.call(1, "inspect", Value::Map(vec![leader, term]));
    let report = recording.check("leader-per-term");
    assert_eq!(anomalies(&report), ["two-leaders"]);
    assert_eq!(report.findings[0].ops, [3, 9]);
}

#[test]
fn an_election_nobody_won_shows_nothing() {
    let mut recording = Recording::default();
    recording.call(1, "inspect", Value::List(vec![Value::Nil, Value::Int(2)]));
    assert_eq!(
        recording.check("leader-per-term").validity,
        Validity::Unknown
    );
}
