//! Inputs that are cut, random, endless or deep: errors with a place, bounded memory, no panic.

use std::io::{BufReader, Read};

use proptest::prelude::*;

use super::*;
use crate::formats::{DEPTH_MAX, FORMATS, OP_BYTES_MAX, Skipped};
use crate::value::Value;

const SAMPLES: [&str; 9] = [
    EDN_SAMPLE,
    JSON_SAMPLE,
    LOG_SAMPLE,
    KV_SAMPLE,
    PLUME_SAMPLE,
    AWDIT_SAMPLE,
    DBCOP_SAMPLE,
    DBCOP_YAML_SAMPLE,
    COBRA_SAMPLE,
];

/// Nothing marks the end of a transaction in these: one that is cut looks like a shorter one.
const OPEN_ENDED: [&str; 3] = [PLUME_SAMPLE, AWDIT_SAMPLE, COBRA_SAMPLE];

#[track_caller]
fn assert_placed(error: &ReadError) {
    let (line, column) = error.position();
    assert!(line >= 1 && column >= 1);
    assert!(
        error
            .to_string()
            .starts_with(&format!("history:{line}:{column}: ")),
        "{error}"
    );
}

fn forgiving() -> ReadOptions {
    ReadOptions {
        skip_bad_lines: true,
        drop_torn_tail: true,
        lenient: true,
        format: None,
    }
}

/// Reads the bytes in every format, strictly and forgivingly; nothing may panic or lack a place.
fn read_in_every_way(bytes: &[u8]) {
    for format in FORMATS.into_iter().map(Some).chain([None]) {
        for options in [ReadOptions::default(), forgiving()] {
            match reader(bytes, ReadOptions { format, ..options }) {
                Err(error) => assert_placed(&error),
                Ok(mut reader) => {
                    reader
                        .by_ref()
                        .filter_map(Result::err)
                        .for_each(|error| assert_placed(&error));
                    reader.skipped().first.iter().for_each(assert_placed);
                    assert!(reader.skipped().count == 0 || options.skip_bad_lines);
                }
            }
        }
    }
}

#[test]
fn cut_anywhere_a_history_is_shorter_or_an_error() {
    let array = format!("[{}]", JSON_SAMPLE.trim_end().replace('\n', ",\n"));
    let vector = format!("[{}]", EDN_SAMPLE);
    for sample in SAMPLES.into_iter().chain([array.as_str(), vector.as_str()]) {
        let whole = read(sample).unwrap();
        let doubtful = if OPEN_ENDED.contains(&sample) { 2 } else { 0 };
        for cut in 0..sample.len() {
            let bytes = &sample.as_bytes()[..cut];
            match read(bytes) {
                Ok(ops) => {
                    let sure = ops.len().saturating_sub(doubtful);
                    assert_eq!(ops[..sure], whole[..sure], "cut at {cut}");
                }
                Err(error) => assert_placed(&error),
            }
        }
    }
}

#[test]
fn a_torn_tail_is_dropped_and_reported() {
    let whole = read(JSON_SAMPLE).unwrap();
    let options = ReadOptions {
        drop_torn_tail: true,
        ..ReadOptions::default()
    };
    let last_line = JSON_SAMPLE.trim_end().rfind('\n').unwrap() + 1;
    for cut in last_line + 1..JSON_SAMPLE.len() - "}\n".len() {
        let mut reader = reader(&JSON_SAMPLE.as_bytes()[..cut], options).unwrap();
        let ops: Result<Vec<_>, _> = reader.by_ref().collect();
        assert_eq!(ops.unwrap(), whole[..2], "cut at {cut}");
        assert_eq!(reader.torn_line().map(|torn| torn.position().0), Some(3));
    }
    let in_the_middle = JSON_SAMPLE.replacen("\"cas\"", "\"cas", 1);
    assert!(read_with(in_the_middle, options).is_err());
}

#[test]
fn bad_lines_are_skipped_and_counted() {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for i in 0..20 {
        lines.push(format!(r#"{{"type":"ok","process":{i},"f":"r"}}"#).into_bytes());
        lines.push(match i % 4 {
            0 => b"{\"type\":".to_vec(),
            1 => b"{\"type\":\"ok\",\"process\":\"\xff\"}".to_vec(),
            2 => b"junk".to_vec(),
            _ => b"{}".to_vec(),
        });
    }
    let bytes = lines.join(&b'\n');
    let options = ReadOptions {
        skip_bad_lines: true,
        ..ReadOptions::default()
    };
    let mut reader = reader(bytes, options).unwrap();
    let processes: Vec<_> = reader
        .by_ref()
        .map(|op| op.unwrap().process.client())
        .collect();
    assert_eq!(processes, (0..20).map(Some).collect::<Vec<_>>());
    assert_eq!(reader.skipped().count, 20);
    let places = reader
        .skipped()
        .first
        .iter()
        .map(|error| error.position().0);
    let expected: Vec<u64> = (1..=Skipped::KEPT_MAX as u64).map(|i| 2 * i).collect();
    assert_eq!(places.collect::<Vec<_>>(), expected);
}

#[test]
fn skipping_in_a_vector_keeps_the_rest() {
    let op = "{:type :ok :process 0 :f :r}";
    let text = format!("[{op}\n{{:type 1}}\n{op}\n{{:value \"{op}\n{op}\n");
    let options = ReadOptions {
        skip_bad_lines: true,
        ..ReadOptions::default()
    };
    let mut reader = reader(text, options).unwrap();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 3);
    // The wrong type, the open string, and the vector that never closes.
    assert_eq!(reader.skipped().count, 3);
}

#[test]
fn nesting_is_bounded() {
    const LEVELS: usize = 1_000_000;
    for opening in [
        "[", "(", "#{", "{", "{:a ", "#_", "#a ", "^", "^{", "#:n{:a ",
    ] {
        let text = format!(
            "{{:type :ok :process 0 :f :r :value {}",
            opening.repeat(LEVELS)
        );
        let error = read(text.as_str()).unwrap_err();
        assert!(
            error.to_string().contains("nesting deeper than 256"),
            "{opening}: {error}"
        );
        assert_placed(&error);
        read(opening.repeat(LEVELS)).unwrap_err();
    }
    for opening in ["[", "{\"a\":"] {
        let text = format!("{{\"value\":{}", opening.repeat(LEVELS));
        let error = read(text.as_str()).unwrap_err();
        assert!(
            error.to_string().contains("nesting deeper than 256"),
            "{opening}: {error}"
        );
    }
    let deepest = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
    let op = read_one(format!("{{:type :ok :process 0 :f :r :value {deepest}}}"));
    assert_eq!(op.value.to_string(), deepest);
}

/// A history whose second line repeats a pattern for ever.
struct Endless {
    start: &'static [u8],
    pattern: &'static [u8],
    read: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.start.is_empty() {
            return self.start.read(buffer);
        }
        for byte in buffer.iter_mut() {
            *byte = self.pattern[self.read as usize % self.pattern.len()];
            self.read += 1;
        }
        assert!(
            self.read < 3 * OP_BYTES_MAX as u64,
            "the reader goes on past its limit"
        );
        Ok(buffer.len())
    }
}

#[test]
fn endless_lines_are_refused_with_bounded_memory() {
    for (start, pattern) in [
        (&b"{\"value\":\""[..], &b"aaaaaaaaaaaaaaaa"[..]),
        (b"{:value \"", b"aaaaaaaaaaaaaaaa"),
        (b"{:type :ok}", b";aaaaaaaaaaaaaaa"),
    ] {
        let input = BufReader::with_capacity(
            1 << 20,
            Endless {
                start,
                pattern,
                read: 0,
            },
        );
        let mut endless = open(Box::new(input), "history", ReadOptions::default()).unwrap();
        if start.starts_with(b"{:type") {
            endless.next().unwrap().unwrap_err();
            continue;
        }
        let error = endless.next().unwrap().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("more than 64 MiB without an end"),
            "{error}"
        );
        assert_eq!(error.position(), (1, 1));
    }
}

#[test]
fn too_many_values_are_refused() {
    let input = BufReader::new(Endless {
        start: b"{:value [",
        pattern: b"1 ",
        read: 0,
    });
    let mut endless = open(Box::new(input), "history", ReadOptions::default()).unwrap();
    let error = endless.next().unwrap().unwrap_err().to_string();
    assert!(
        error.contains("an operation of more than 8388608 values"),
        "{error}"
    );
}

#[test]
fn a_long_operation_is_read_whole() {
    let items: Vec<String> = (0..300_000).map(|i| i.to_string()).collect();
    let text = format!(
        "{{:type :ok :process 0 :f :r :value [{}]}}",
        items.join(" ")
    );
    let input = BufReader::with_capacity(7, std::io::Cursor::new(text.into_bytes()));
    let mut reader = open(Box::new(input), "history", ReadOptions::default()).unwrap();
    let op = reader.next().unwrap().unwrap();
    assert_eq!(op.value.as_items().map(|items| items.len()), Some(300_000));
    assert_eq!(
        op.value.as_items().and_then(|items| items.last()),
        Some(&Value::Int(299_999))
    );
}

#[test]
fn characters_shared_by_two_reads_are_whole() {
    for capacity in 1..9 {
        let input = BufReader::with_capacity(capacity, EDN_SAMPLE.as_bytes());
        let ops: Result<Vec<Op>, _> = open(Box::new(input), "history", ReadOptions::default())
            .unwrap()
            .collect();
        assert_eq!(
            format!("{:?}", ops.unwrap()),
            format!("{:?}", read(EDN_SAMPLE).unwrap())
        );
    }
}

#[test]
fn an_operation_used_again_keeps_nothing_of_the_last() {
    for sample in SAMPLES {
        let mut again = reader(sample, ReadOptions::default()).unwrap();
        let mut op = Op {
            node: Some("n1".into()),
            key: Some(Value::Int(1)),
            error: Some(Value::Int(2)),
            value: Value::List(vec![Value::Set(vec![Value::Int(3)]), Value::str("x")]),
            ..Op::default()
        };
        for whole in read(sample).unwrap() {
            assert!(again.next_into(&mut op).unwrap());
            assert_eq!(format!("{op:?}"), format!("{whole:?}"));
        }
        assert!(!again.next_into(&mut op).unwrap());
    }
}

/// Bytes a parser turns on, more often than chance would have them.
fn telling_bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling =
        proptest::sample::select(b"{}[]()#\"\\:;^_,/-+.0123eEnNMtrufl \n\xff\xc3".to_vec());
    prop::collection::vec(prop_oneof![4 => telling, 1 => any::<u8>()], 0..80)
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in telling_bytes()) {
        read_in_every_way(&bytes);
    }

    /// Valid histories with pieces cut out, put elsewhere or overwritten.
    #[test]
    fn mutated_histories_never_panic(
        sample in proptest::sample::select(SAMPLES.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..20usize, telling_bytes()), 1..6),
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        for (at, removed, inserted) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, inserted.into_iter().take(8));
        }
        read_in_every_way(&bytes);
    }
}
