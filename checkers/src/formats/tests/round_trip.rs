//! Writing and reading again: exact through EDN, and through JSON up to the types JSON lacks.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::formats::{edn, json_lines};
use crate::op::{OpType, Process};
use crate::value::Value;

fn written(ops: &[Op], write: fn(&Op, &mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    ops.iter().for_each(|op| write(op, &mut bytes));
    bytes
}

/// Compares as text, in which NaN equals itself and 0.0 differs from -0.0.
fn debug(ops: &[Op]) -> String {
    format!("{ops:#?}")
}

const NAME: &str = "[a-z*!?_<>=$%&+-][a-z0-9*!?_'.#-]{0,8}";

fn big_number() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "-?[1-9][0-9]{19,30}",
        "-?[1-9][0-9]{0,4}/[1-9][0-9]{0,4}",
        "-?[1-9]\\.[0-9]{16,30}"
    ];
    text.prop_map(|text| Value::BigNumber(text.into()))
}

fn symbol_name() -> impl Strategy<Value = String> {
    "[a-z*!?_<>=][a-z0-9*!?_'.#-]{0,8}(/[a-z][a-z0-9]{0,4})?".prop_filter("a literal", |name| {
        !matches!(name.as_str(), "nil" | "true" | "false")
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        proptest::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300
        ])
        .prop_map(Value::Float),
        big_number(),
        any::<String>().prop_map(|text| Value::Str(text.into())),
        "[\\x00-\\x7f]{0,9}".prop_map(|text| Value::Str(text.into())),
        NAME.prop_map(|name| Value::Keyword(name.into())),
        symbol_name().prop_map(|name| Value::Symbol(name.into())),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 32, 6, |inner| {
        let items = || prop::collection::vec(inner.clone(), 0..6);
        let entries = prop::collection::vec((inner.clone(), inner.clone()), 0..6);
        prop_oneof![
            items().prop_map(Value::List),
            items().prop_map(Value::Set),
            entries.prop_map(Value::Map),
            ("[a-z][a-z.]{0,9}", inner.clone())
                .prop_map(|(tag, value)| Value::Tagged(tag.into(), Box::new(value))),
        ]
    })
}

/// Names of functions, processes and nodes, also such as no keyword can be.
fn name() -> impl Strategy<Value = Cow<'static, str>> {
    let usual = proptest::sample::select(vec!["read", "txn", "nemesis", "n1"]);
    prop_oneof![
        3 => usual.prop_map(Cow::Borrowed),
        1 => NAME.prop_map(Cow::Owned),
        1 => any::<String>().prop_map(Cow::Owned),
    ]
}

prop_compose! {
    fn op()(
        index in 0..=i64::MAX as u64,
        time in any::<Option<i64>>(),
        kind in proptest::sample::select(OpType::NAMES.to_vec()),
        process in prop_oneof![any::<i64>().prop_map(Process::Client), name().prop_map(Process::Named)],
        f in name(),
        value in value(),
        key in prop::option::of(value()),
        node in prop::option::of(name()),
        error in prop::option::of(value().prop_filter("no error", |v| !v.is_nil())),
    ) -> Op {
        Op { index, time, kind: kind.0, process, f, value, key, node, error }
    }
}

/// What JSON makes of a value: the losses that `json_lines::write` documents.
fn through_json(value: Value) -> Value {
    match value {
        Value::Keyword(text) | Value::Symbol(text) => Value::Str(text),
        Value::Float(x) if !x.is_finite() => Value::str(&Value::Float(x).to_string()),
        Value::BigNumber(n) if n.contains('/') => Value::Str(n),
        Value::BigNumber(n) if n.contains('.') => Value::Float(n.parse().unwrap()),
        Value::Tagged(..) => Value::str(&value.to_string()),
        Value::List(items) | Value::Set(items) => {
            Value::List(items.into_iter().map(through_json).collect())
        }
        Value::Map(entries) => {
            let entry = |(key, value)| (json_key(key), through_json(value));
            Value::Map(entries.into_iter().map(entry).collect())
        }
        other => other,
    }
}

fn json_key(key: Value) -> Value {
    match key.as_name() {
        Some(name) => Value::str(name),
        None => Value::str(&key.to_string()),
    }
}

proptest! {
    #[test]
    fn through_edn_exactly(ops in prop::collection::vec(op(), 0..5)) {
        let bytes = written(&ops, edn::write);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines, ops.len());
        prop_assert_eq!(debug(&read(bytes).unwrap()), debug(&ops));
    }

    #[test]
    fn through_json_lines_up_to_types(ops in prop::collection::vec(op(), 0..5)) {
        let bytes = written(&ops, json_lines::write);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines, ops.len());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok());
        }
        let expected: Vec<Op> = ops
            .into_iter()
            .map(|op| Op {
                value: through_json(op.value),
                key: op.key.map(through_json),
                error: op.error.map(through_json),
                ..op
            })
            .collect();
        prop_assert_eq!(debug(&read(bytes).unwrap()), debug(&expected));
    }
}

#[test]
fn names_that_edn_cannot_say_become_strings() {
    let bad = |text: &str| Value::Keyword(text.into()).to_string();
    assert_eq!(bad("a b"), "\"a b\"");
    assert_eq!(bad(""), "\"\"");
    assert_eq!(bad("a/b/c"), "\"a/b/c\"");
    assert_eq!(Value::Symbol("nil".into()).to_string(), "\"nil\"");
    assert_eq!(Value::Symbol("-1".into()).to_string(), "\"-1\"");
    assert_eq!(
        Value::Tagged("a b".into(), Box::new(Value::Int(1))).to_string(),
        "1"
    );
    assert_eq!(
        Value::str("\u{7f}\u{1}\"\\\n").to_string(),
        r#""\u007f\u0001\"\\\n""#
    );
}

#[test]
fn decimals_that_json_cannot_say_become_strings() {
    for (edn, json) in [
        ("1e400M", "\"1e400\""),
        ("1.0000000000000000M", "1.0000000000000000"),
    ] {
        let op = read_one(format!("{{:type :ok :process 0 :f :r :value {edn}}}"));
        let line = String::from_utf8(written(&[op], json_lines::write)).unwrap();
        assert!(line.ends_with(&format!("\"value\":{json}}}\n")), "{line}");
    }
}

#[test]
fn the_written_lines() {
    let op = Op {
        index: 7,
        time: Some(-1),
        kind: OpType::Fail,
        process: Process::Client(3),
        f: "cas".into(),
        value: Value::List(vec![Value::Int(1), Value::Nil]),
        key: Some(Value::str("k")),
        node: Some("n1".into()),
        error: Some(Value::keyword("timeout")),
    };
    let text = |write| String::from_utf8(written(std::slice::from_ref(&op), write)).unwrap();
    assert_eq!(
        text(edn::write),
        "{:index 7, :time -1, :type :fail, :process 3, :f :cas, :value [\"k\" [1 nil]], \
         :keyed true, :node \"n1\", :error :timeout}\n"
    );
    assert_eq!(
        text(json_lines::write),
        "{\"index\":7,\"time\":-1,\"type\":\"fail\",\"process\":3,\"f\":\"cas\",\
         \"value\":[1,null],\"key\":\"k\",\"node\":\"n1\",\"error\":\"timeout\"}\n"
    );
}
