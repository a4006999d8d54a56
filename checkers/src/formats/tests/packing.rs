//! A packed transaction is what the parser of its format reads, or is left to it.

use proptest::prelude::*;

use super::*;
use crate::formats::{edn, json_lines};
use crate::op::{OpType, Process};
use crate::value::Value;

/// What reading answers, as text: operations without packing, how many of them were packed, and the
/// error it ended with.
fn outcome(text: &str, packs: bool) -> (String, usize) {
    let mut reader = match reader(text, ReadOptions::default()) {
        Ok(reader) => reader,
        Err(error) => return (error.to_string(), 0),
    };
    if packs {
        reader.pack_transactions();
    }
    let (mut told, mut packed) = (String::new(), 0);
    let mut op = Op::default();
    loop {
        match reader.next_into(&mut op) {
            Ok(true) => {}
            Ok(false) => return (told, packed),
            Err(error) => return (told + &error.to_string(), packed),
        }
        packed += usize::from(matches!(op.value, Value::Packed(_)));
        let unpacked = Op {
            value: op.value.clone().unpacked(),
            ..op.clone()
        };
        told += &format!("{unpacked:?} {}\n", op.value);
    }
}

/// How many transactions are packed, after a look that both ways read the same.
#[track_caller]
fn packed(text: &str) -> usize {
    let (plain, _) = outcome(text, false);
    let (unpacked, packed) = outcome(text, true);
    assert_eq!(plain, unpacked, "{text}");
    packed
}

#[test]
fn usual_transactions_are_packed() {
    for value in [
        "[[:r 1 nil]]",
        "[[:r 1 [1 20 300]] [:append 1 -5] [:w 0 7] [:r 3 []]]",
        "[[:r 1 [99999999999999999999 9223372036854775807]]]",
    ] {
        let op = format!("{{:type :ok, :process 0, :value {value}}}\n");
        assert_eq!(packed(&op.repeat(3)), 3, "{value}");
        assert_eq!(packed(&format!("[{op}, {op}]")), 2, "{value}");
    }
    for value in [
        r#"[["r",1,null]]"#,
        r#"[["r",1,[1,2]],["append",-3,4],["w",5,0]]"#,
    ] {
        let op = format!("{{\"type\":\"ok\",\"process\":0,\"f\":\"txn\",\"value\":{value}}}");
        assert_eq!(packed(&op), 1, "{value}");
        assert_eq!(packed(&format!("[{op},{op}]")), 2, "{value}");
    }
}

#[test]
fn unusual_transactions_are_left_to_the_parser() {
    for value in [
        "[]",
        "[[]]",
        "[[:r 1]]",
        "[[:r :x nil]]",
        "[[:r 1 [1 :x]]]",
        "[[:r 1 [01]]]",
        "[[:r 1 [[1]]]]",
        "[[:r 1 [1  2]]]",
        "[[:r 1 nilx]]",
        "[[:append 1 nil]]x",
        "[[:append 1 [2]]]",
        "[[:dec 1 2]]",
        "[[:r 1 #{1}]]",
        "[[:r 1 2] #_ 3]",
        "[[:r 1 2]",
        "[[:r 1 [2",
        "[[:r 1.5 2]]",
        "[[:r 1 2N]]",
        "([:r 1 2])",
        "[(:r 1 2)]",
    ] {
        let op = format!("{{:type :ok, :process 0, :f :txn, :value {value}}}");
        let expected = usize::from(value == "[[:append 1 nil]]x");
        assert!(packed(&op) <= expected, "{value}");
    }
    let keyed = "{:type :ok, :process 0, :f :txn, :keyed true, :value [[:r 1 2] [:r 3 4]]}";
    assert_eq!(packed(keyed), 0);
}

#[test]
fn long_histories_are_cut_anywhere() {
    let op =
        "{:type :ok, :process 0, :f :txn, :value [[:r 1 [1 2 3 4 5 6 7 8 9]] [:append 1 10]]}\n";
    // More than a chunk of the window, whose end then falls into an operation.
    assert_eq!(packed(&op.repeat(9_001)), 9_001);
}

/// Pieces that make transactions, near-transactions and nonsense.
fn pieces(json: bool) -> impl Strategy<Value = String> {
    let usual: Vec<&'static str> = match json {
        false => vec![
            "[:r 1 nil]",
            "[:r 12 [1 2 3]]",
            "[:append 3 4]",
            "[:w 5 6]",
            "[:r 0 []]",
            " ",
            " ",
            " ",
        ],
        true => vec![
            r#"["r",1,null]"#,
            r#"["r",12,[1,2,3]]"#,
            r#"["append",3,4]"#,
            r#"["w",5,6]"#,
            r#"["r",0,[]]"#,
            ",",
            ",",
            ",",
        ],
    };
    let unusual = vec![
        "[",
        "]",
        "01",
        "-",
        "0",
        "[:r ",
        "[\"r\",",
        "nil",
        "null",
        "9999999999999999999",
        ",",
        " ",
        "#_",
        ";",
        "\"",
        "{",
        "}",
        "1.5",
        ":append ",
        "[:r 1 [",
        "[\"r\",1,[",
        "\u{e9}",
        "\\",
    ];
    let piece = prop_oneof![
        9 => proptest::sample::select(usual),
        2 => proptest::sample::select(unusual),
    ];
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

/// Values of every kind in the places of keys, elements and functions.
fn micro_op() -> impl Strategy<Value = Value> {
    let name = proptest::sample::select(vec!["r", "w", "append", "x"]);
    let number = || {
        prop_oneof![
            8 => (0i64..200).prop_map(Value::Int),
            1 => any::<i64>().prop_map(Value::Int),
            1 => Just(Value::Nil),
            1 => Just(Value::str("a")),
            1 => Just(Value::Float(1.0)),
        ]
    };
    let list = prop::collection::vec(number(), 0..5).prop_map(Value::List);
    let value = prop_oneof![number(), list];
    (name, number(), value)
        .prop_map(|(name, key, value)| Value::List(vec![Value::keyword(name), key, value]))
}

proptest! {
    #[test]
    fn whatever_is_written_reads_the_same(micro_ops in prop::collection::vec(micro_op(), 0..5)) {
        let op = Op {
            kind: OpType::Ok,
            process: Process::Client(0),
            f: "txn".into(),
            value: Value::List(micro_ops),
            ..Op::default()
        };
        for write in [edn::write, json_lines::write] {
            let mut text = Vec::new();
            write(&op, &mut text);
            packed(&String::from_utf8(text).unwrap());
        }
    }

    #[test]
    fn whatever_stands_there_reads_the_same(edn in pieces(false), json in pieces(true)) {
        packed(&format!("{{:type :ok, :process 0, :f :txn, :value [{edn}]}}\n{{:type :ok}}"));
        packed(&format!("{{:value [{edn}"));
        packed(&format!(
            "{{\"type\":\"ok\",\"process\":0,\"f\":\"txn\",\"value\":[{json}]}}\n{{\"type\":1}}"
        ));
        packed(&format!("[{{\"type\":\"ok\",\"process\":0,\"f\":\"txn\",\"value\":[{json}]}}"));
    }
}
