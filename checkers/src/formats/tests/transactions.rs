//! Formats of transactions: what they mean, their errors, and plume written and read again.

use std::io::BufRead;

use proptest::prelude::*;

use super::*;
use crate::formats::{Format, Unwritable, cobra};
use crate::op::OpType;

/// Each completion as `process type value`, after a check of the invocation before it.
fn completions(ops: &[Op]) -> Vec<String> {
    let mut lines = Vec::new();
    for (n, pair) in ops.chunks(2).enumerate() {
        let [invocation, completion] = pair else {
            panic!("a lone operation {pair:?}");
        };
        assert_eq!(invocation.kind, OpType::Invoke);
        assert_eq!(invocation.process, completion.process);
        assert_eq!(invocation.index, 2 * n as u64);
        assert_eq!(completion.index, 2 * n as u64 + 1);
        let unread = |value: &str| value.split("[:r ").count();
        let (asked, told) = (invocation.value.to_string(), completion.value.to_string());
        assert_eq!(unread(&asked), unread(&told));
        assert_eq!(asked.matches(":r").count(), asked.matches("nil]").count());
        let (process, kind) = (&completion.process, completion.kind.name());
        lines.push(format!("{process} {kind} {told}"));
    }
    lines
}

#[track_caller]
fn check(text: impl Into<Vec<u8>>, expected: &[&str]) {
    assert_eq!(completions(&read(text).unwrap()), expected);
}

#[test]
fn plume_transactions() {
    check(
        PLUME_SAMPLE,
        &[
            "0 ok [[:w 1 0] [:w 2 -3]]",
            "1 ok [[:r 1 0]]",
            "1 fail [[:w 2 7]]",
            "0 ok [[:r 2 -3]]",
        ],
    );
    let windows = PLUME_SAMPLE.replace('\n', "\r\n");
    check(
        windows,
        &[
            "0 ok [[:w 1 0] [:w 2 -3]]",
            "1 ok [[:r 1 0]]",
            "1 fail [[:w 2 7]]",
            "0 ok [[:r 2 -3]]",
        ],
    );
}

#[test]
fn awdit_transactions() {
    check(
        AWDIT_SAMPLE,
        &[
            "0 ok [[:w 0 1] [:r 1 0]]",
            "0 ok [[:r 0 1]]",
            "1 ok [[:w 1 2]]",
        ],
    );
}

#[test]
fn dbcop_transactions() {
    let transactions = [
        "0 ok [[:w 0 1] [:r 1 nil]]",
        "2 fail [[:r 0 1]]",
        "2 ok [[:w 1 5]]",
    ];
    check(DBCOP_SAMPLE, &transactions);
    let from = DBCOP_SAMPLE.find("[\n[").unwrap();
    let to = DBCOP_SAMPLE.rfind(']').unwrap();
    check(&DBCOP_SAMPLE[from..=to], &transactions);
    check("[]", &[]);
    check("[[],[]]", &[]);
}

#[test]
fn dbcop_transactions_of_2019() {
    let transactions = ["0 ok [[:w 0 1] [:r 1 nil]]", "1 fail [[:w 1 5]]"];
    check(DBCOP_YAML_SAMPLE, &transactions);
    for (bad, line) in [
        (
            "- - events:\n    - write: true\n      variable: 0\n    success: true\n",
            5,
        ),
        ("- - events:\n    - write: maybe\n", 2),
        ("- - events:\n    - write: true\n      write: true\n", 3),
        ("- - events:\n- - events: []\n  success: true\n", 2),
        ("- - events: []\n  success: true\n  success: true\n", 3),
        ("- - events: []\n  success: true\nelse\n", 3),
    ] {
        let error = read(bad).unwrap_err();
        assert_eq!(error.position().0, line, "{bad}: {error}");
    }
}

const COBRA_TRANSACTIONS: [&str; 3] = [
    "0 ok [[:w 7 10] [:r 8 nil]]",
    "0 info [[:r 7 10]]",
    "1 ok [[:w 7 11]]",
];

/// The logs that [`COBRA_SAMPLE`] is the text of, with a 5 for every stored value.
fn cobra_logs() -> Vec<Vec<u8>> {
    let log = |text: &str| {
        let mut log = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (letter, ints) = line.split_once(' ').unwrap();
            log.extend(letter.bytes());
            let stored = matches!(letter, "R" | "W").then_some(5);
            for int in ints
                .split(' ')
                .map(|int| int.parse().unwrap())
                .chain(stored)
            {
                log.extend(i64::to_be_bytes(int));
            }
        }
        log
    };
    COBRA_SAMPLE.split("=====").map(log).collect()
}

#[test]
fn cobra_transactions() {
    check(COBRA_SAMPLE, &COBRA_TRANSACTIONS);
    let logs = cobra_logs();
    check(logs[0].clone(), &COBRA_TRANSACTIONS[..2]);
    let inputs = logs
        .into_iter()
        .map(|log| Box::new(Cursor::new(log)) as Box<dyn BufRead>);
    let all = cobra::sessions(inputs.collect());
    let ops: Result<Vec<Op>, _> = open(all, "logs", ReadOptions::default()).unwrap().collect();
    assert_eq!(completions(&ops.unwrap()), COBRA_TRANSACTIONS);
}

#[test]
fn cobra_logs_that_are_cut_or_damaged() {
    let log = cobra_logs().remove(0);
    for cut in 2..log.len() {
        match read(&log[..cut]) {
            Ok(ops) => assert!(ops.len() <= 4, "cut at {cut}"),
            Err(error) => assert!(error.to_string().contains("cut short"), "{error}"),
        }
    }
    let mut damaged = log;
    damaged[9] = b'X';
    let error = read(damaged).unwrap_err().to_string();
    assert!(
        error.starts_with("history:2:1: `the byte 0x58`, expected a record of the transaction"),
        "{error}"
    );
}

#[test]
fn errors_have_a_place_and_a_way_out() {
    const FIX: &str = "correct it, or pass --skip-bad-lines to go on without this line";
    const PLUME: &str = "a line such as `w(key,value,session,transaction)`, all of them integers";
    for (text, expected) in [
        (
            "w(1,0,0,0)\nw(1,x,0,0)\n",
            format!("history:2:5: `x,0,0)`, expected {PLUME}"),
        ),
        (
            "w(1,0,0,0)\nw(1,99999999999999999999,0,0)\n",
            format!("history:2:5: `99999999999999999999,0,0)`, expected {PLUME}"),
        ),
        (
            "w(1,0,0,0) x\n",
            "history:1:11: ` x`, expected the end of the line".to_owned(),
        ),
        (
            "w(1,0,0,0)\nw(1,0,1,0)\nr(1,0,0,0)\n",
            "history:3:1: transaction 0 of session 0 again, expected the lines of a transaction \
             together"
                .to_owned(),
        ),
        (
            "w 1 0\nw 1\n",
            "history:2:1: `w 1`, expected `r key value` or `w key value` of integers, `-----` or \
             `=====`"
                .to_owned(),
        ),
        (
            "[[{\"events\":[{\"Read\":{\"variable\":0}}],\"committed\":true}]]",
            "history:1:3: `{\"events\":[{\"Read\":{\"variable\":0…`, expected an event such as \
             {\"Write\":{\"variable\":0,\"version\":1}}, of integers"
                .to_owned(),
        ),
        (
            "[[{\"events\":[]}]]",
            "history:1:3: `{\"events\":[]}]]`, expected a transaction: \
             {\"events\":[…],\"committed\":true}"
                .to_owned(),
        ),
        (
            "[[{\"events\":[],\"committed\":true}",
            "history:1:33: the file ends too early, expected a transaction: \
             {\"events\":[…],\"committed\":true}"
                .to_owned(),
        ),
    ] {
        let error = read(text).expect_err("a bad input").to_string();
        assert_eq!(error, format!("{expected}; {FIX}"));
    }
    let torn = read("w(1,0,0,0)\nw(1,0,0").unwrap_err().to_string();
    assert!(torn.ends_with("pass --drop-torn-line"), "{torn}");
}

fn plume() -> &'static Format {
    Format::from_name("plume").unwrap()
}

fn write(ops: &[Op]) -> Result<String, Unwritable> {
    let mut writer = plume().writer().unwrap();
    let mut out = Vec::new();
    for op in ops {
        writer.write(op, &mut out)?;
    }
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn plume_written() {
    let text = write(&read(PLUME_SAMPLE).unwrap()).unwrap();
    assert_eq!(
        text,
        "w(1,0,0,0)\nw(2,-3,0,0)\nr(1,0,1,1)\nw(2,7,1,-1)\nr(2,-3,0,2)\n"
    );
    let registers = "{:type :invoke :process 3 :f :write :key 5 :value 8}
        {:type :ok :process 3 :f :write :key 5 :value 8}
        {:type :ok :process 4 :f :read :key 6 :value nil}
        {:type :fail :process 4 :f :read :key 6 :value nil}
        {:type :info :process :nemesis :f :kill :value nil}";
    let text = write(&read(registers).unwrap()).unwrap();
    assert_eq!(text, "w(5,8,3,0)\nr(6,0,4,1)\n");
}

#[test]
fn what_plume_cannot_say_is_refused() {
    for (ops, what) in [
        (
            "{:type :info :process 1 :f :txn :value [[:w 1 2]]}",
            "may or may not have happened",
        ),
        (
            "{:type :ok :process 1 :f :txn :value [[:append 1 2]]}",
            "of integers",
        ),
        (
            "{:type :ok :process 1 :f :txn :value [[:w \"x\" 2]]}",
            "of integers",
        ),
        ("{:type :ok :process 1 :f :cas :value [1 2]}", "of integers"),
        (
            "{:type :ok :process 1 :f :txn :value [[:r 1 nil] [:w 1 0]]}",
            "a write of 0",
        ),
    ] {
        let error = write(&read(ops).unwrap()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(
            error.contains("operation 0 cannot be written as plume"),
            "{error}"
        );
    }
}

proptest! {
    /// Sessions take turns; each line is a micro-operation of the turn's transaction.
    #[test]
    fn through_plume_exactly(
        turns in prop::collection::vec(
            (0..4i64, prop::collection::vec((any::<bool>(), any::<i64>(), any::<i64>()), 1..6)),
            0..20,
        ),
    ) {
        let mut text = String::new();
        for (transaction, (session, micro_ops)) in turns.iter().enumerate() {
            for (writes, key, value) in micro_ops {
                let f = if *writes { 'w' } else { 'r' };
                text += &format!("{f}({key},{value},{session},{transaction})\n");
            }
        }
        let ops = read(text.as_str()).unwrap();
        prop_assert_eq!(ops.len(), 2 * turns.len());
        prop_assert_eq!(write(&ops).unwrap(), text);
    }
}
