//! What well-formed inputs mean, format by format.

use std::io::{Cursor, Write};

use super::*;
use crate::formats::{FORMATS, Format, MISSING_PROCESS};
use crate::op::{OpType, Process};
use crate::value::Value;

fn edn_value(text: &str) -> Value {
    read_one(format!(
        "{{:type :ok, :process 0, :f :read, :value {text}}}"
    ))
    .value
}

#[test]
fn edn_values() {
    let int = Value::Int;
    let keyword = Value::keyword;
    let cases = [
        ("nil", Value::Nil),
        ("true", Value::Bool(true)),
        ("-12", int(-12)),
        ("+3", int(3)),
        ("3N", int(3)),
        ("0x1F", int(31)),
        ("9223372036854775807", int(i64::MAX)),
        ("-9223372036854775808", int(i64::MIN)),
        (
            "9223372036854775808",
            Value::BigNumber("9223372036854775808".into()),
        ),
        (
            "12345678901234567890N",
            Value::BigNumber("12345678901234567890".into()),
        ),
        ("-1/3", Value::BigNumber("-1/3".into())),
        ("1.5", Value::Float(1.5)),
        ("1.5M", Value::Float(1.5)),
        (
            "0.12345678901234567M",
            Value::BigNumber("0.12345678901234567".into()),
        ),
        ("-2e-3", Value::Float(-0.002)),
        ("##-Inf", Value::Float(f64::NEG_INFINITY)),
        (
            r#""a\tb\\\"\u00e9\ud83d\ude00\101""#,
            Value::str("a\tb\\\"é😀A"),
        ),
        (r"\a", Value::str("a")),
        (r"\newline", Value::str("\n")),
        (r"\u0041", Value::str("A")),
        (
            r"[\( \)]",
            Value::List(vec![Value::str("("), Value::str(")")]),
        ),
        (":can't/join-it", keyword("can't/join-it")),
        ("foo.bar/baz", Value::Symbol("foo.bar/baz".into())),
        ("-", Value::Symbol("-".into())),
        (
            "(1 [2])",
            Value::List(vec![int(1), Value::List(vec![int(2)])]),
        ),
        ("#{1 :a}", Value::Set(vec![int(1), keyword("a")])),
        (
            "{:a 1, \"b\" 2}",
            Value::Map(vec![(keyword("a"), int(1)), (Value::str("b"), int(2))]),
        ),
        (
            "#:n{:a 1 :_/b 2}",
            Value::Map(vec![(keyword("n/a"), int(1)), (keyword("b"), int(2))]),
        ),
        (
            "#inst \"x\"",
            Value::Tagged("inst".into(), Box::new(Value::str("x"))),
        ),
        ("^{:m 1} ^:k [1]", Value::List(vec![int(1)])),
        (
            "[1 #_ 2 #_ #_ 3 4 ; five\n 6]",
            Value::List(vec![int(1), int(6)]),
        ),
    ];
    for (text, value) in cases {
        assert_eq!(edn_value(text), value, "{text}");
    }
    assert!(matches!(edn_value("##NaN"), Value::Float(x) if x.is_nan()));
}

#[test]
fn edn_operations_in_every_wrapping() {
    let one = "{:type :invoke, :process 3, :f :read}";
    let op = read_one(one);
    let record = format!("#jepsen.history.Op {one}");
    for text in [
        record.clone(),
        format!("[{one}]"),
        format!("({one},)"),
        format!("^{{:a 1}} {one}"),
        format!("; c\n#_ {{:type 1}} [{one} #_ {{}}] ; end"),
        format!("[\n{record}\n]\n"),
        format!("\u{feff}\r\n{one}\r\n"),
        one.replace(
            ":f :read",
            ":f \"read\" :unknown {:deep [1]} 7 8 :error nil :time nil",
        ),
    ] {
        assert_eq!(read_one(text.as_str()), op, "{text}");
    }
    for empty in ["", " \n", "[]", "()", "; nothing", "[ #_ 1 ]"] {
        assert_eq!(read(empty).unwrap(), [], "{empty}");
    }
}

#[test]
fn edn_keys_of_independent_tuples() {
    let op =
        read_one("{:type :ok :process 0 :f :cas :value #jepsen.independent.Tuple [\"k\" [1 2]]}");
    assert_eq!(op.key, Some(Value::str("k")));
    assert_eq!(op.value, Value::List(vec![Value::Int(1), Value::Int(2)]));
    let plain = read_one("{:type :ok :process 0 :f :cas :value [1 2]}");
    assert_eq!(plain.key, None);
}

#[test]
fn edn_operation_fields() {
    let ops = read(EDN_SAMPLE).unwrap();
    assert_eq!(ops.iter().map(|op| op.index).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(ops[1].process, Process::NEMESIS);
    assert_eq!((ops[2].kind, ops[2].time), (OpType::Ok, Some(9)));
    assert!(matches!(ops[2].error, Some(Value::Tagged(..))));
    let op = read_one("{:type :fail :process -1 :f :w :node \"n1\" :exception \"boom\"}");
    assert_eq!(op.error, Some(Value::str("boom")));
    assert_eq!(op.node.as_deref(), Some("n1"));
    let both = read_one("{:type :fail :process 1 :f :w :exception \"boom\" :error :gone}");
    assert_eq!(both.error, Some(Value::keyword("gone")));
}

#[test]
fn a_missing_function_is_a_transaction_if_the_value_is_one() {
    assert_eq!(
        read_one("{:type :ok :process 0 :value [[:r 1 nil]]}").f,
        "txn"
    );
    assert_eq!(
        read_one(r#"[{"type":"ok","process":0,"value":[["append",1,2]]}]"#).f,
        "txn"
    );
    assert!(read("{:type :ok :process 0 :value [1 2]}").is_err());
}

#[test]
fn a_missing_process_is_taken_if_lenient() {
    let text = "{:type :ok :f :read}";
    let options = ReadOptions {
        lenient: true,
        ..ReadOptions::default()
    };
    assert_eq!(
        read_with(text, options).unwrap()[0].process,
        MISSING_PROCESS
    );
    let error = read(text).unwrap_err().to_string();
    assert!(error.contains("--lenient"), "{error}");
}

#[test]
fn json_lines_and_arrays() {
    let ops = read(JSON_SAMPLE).unwrap();
    assert_eq!(ops.len(), 3);
    assert_eq!(ops[1].value.get("what"), Some(&Value::str("éé\n")));
    assert_eq!(ops[2].key, Some(Value::str("x")));
    let members = [Value::Bool(true), Value::Nil, Value::Float(-1500.0)];
    assert_eq!(ops[2].value.as_items(), Some(&members[..]));
    let lines: Vec<&str> = JSON_SAMPLE.lines().collect();
    for array in [
        format!("[{}]", lines.join(",")),
        format!("[ {}\n]\n", lines.join("\n,\n")),
    ] {
        assert_eq!(read(array.as_str()).unwrap(), ops, "{array}");
    }
    let numbered = read(
        "{\"type\":\"ok\",\"process\":0,\"f\":\"r\"}\n\n{\"process\":1,\"type\":\"ok\",\"f\":\"r\"}",
    );
    assert_eq!(numbered.unwrap()[1].index, 1);
    let big = read_one(r#"{"type":"ok","process":0,"f":"r","value":-9223372036854775809,"x":{}}"#);
    assert_eq!(big.value, Value::BigNumber("-9223372036854775809".into()));
}

#[test]
fn jepsen_log_values_and_errors() {
    let ops = read(LOG_SAMPLE).unwrap();
    assert_eq!(ops.len(), 4);
    assert_eq!(
        ops[1].value,
        Value::List(vec![Value::Int(1), Value::Int(2)])
    );
    assert_eq!(
        (&ops[2].value, &ops[2].error),
        (&Value::Nil, &Some(Value::keyword("timed-out")))
    );
    assert_eq!(
        (ops[3].process.client(), &ops[3].value),
        (Some(0), &Value::Int(3))
    );
    let newer = "INFO [2020-01-01 10:00:00,123] jepsen worker 0 - jepsen.util 0\t:fail\t:cas\t[1 2]\t:gone\n";
    assert_eq!(read_one(newer).error, Some(Value::keyword("gone")));
}

#[test]
fn porcupine_kv_keys() {
    let ops = read(KV_SAMPLE).unwrap();
    assert_eq!(ops[0].key, Some(Value::str("1")));
    assert_eq!((ops[1].index, &ops[1].value), (1, &Value::str("x 0 0 y")));
}

#[test]
fn every_format_is_recognised() {
    let array = format!("[{}]", JSON_SAMPLE.lines().next().unwrap_or_default());
    for (text, name) in [
        (EDN_SAMPLE, "edn"),
        (JSON_SAMPLE, "json-lines"),
        (array.as_str(), "json-array"),
        (LOG_SAMPLE, "jepsen-log"),
        (KV_SAMPLE, "porcupine-kv"),
        (PLUME_SAMPLE, "plume"),
        (AWDIT_SAMPLE, "awdit"),
        (DBCOP_SAMPLE, "dbcop"),
        (DBCOP_YAML_SAMPLE, "dbcop-yaml"),
        (COBRA_SAMPLE, "cobra"),
        ("[[{\"events\":[],\"committed\":true}]]", "dbcop"),
    ] {
        let format = reader(text, ReadOptions::default()).unwrap().format();
        assert_eq!(format.name, name);
        assert_eq!(Format::from_name(name).map(|f| f.about), Some(format.about));
    }
    assert_eq!(FORMATS.len(), 10);
}

#[test]
fn compressed_inputs_are_unpacked() {
    let plain = read(EDN_SAMPLE).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(EDN_SAMPLE.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::stream::encode_all(Cursor::new(EDN_SAMPLE), 1).unwrap();
    for packed in [gzip, zstd] {
        assert_eq!(read(packed.as_slice()).unwrap(), plain);
        let cut = read(&packed[..packed.len() - 9]).unwrap_err();
        assert!(matches!(cut, ReadError::Io { .. }), "{cut}");
    }
}
