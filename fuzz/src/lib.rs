//! What every target does with its input: `cargo +nightly fuzz run edn` (or `json_lines`,
//! `plume`, `dbcop`, `cobra`, `any_format`) from the root of the repository.
//!
//! No input may panic, hang or exhaust memory, and whatever was read must be readable again after
//! it is written.
#![forbid(unsafe_code)]

use faultbench_checkers::Op;
use faultbench_checkers::formats::{self, Format, ReadOptions};

/// Reads the input strictly and forgivingly.
pub fn read(bytes: &[u8], format: Option<&'static Format>) {
    let strict = ReadOptions {
        format,
        ..ReadOptions::default()
    };
    let forgiving = ReadOptions {
        skip_bad_lines: true,
        drop_torn_tail: true,
        lenient: true,
        format,
    };
    for options in [strict, forgiving] {
        let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
        if let Ok(reader) = formats::open(input, "input", options) {
            let mut plume = Format::from_name("plume").and_then(Format::writer);
            reader.filter_map(Result::ok).for_each(|op| {
                write_and_read_again(&op);
                if let Some(writer) = &mut plume {
                    // Most operations have no words in it; none may panic.
                    let _ = writer.write(&op, &mut Vec::new());
                }
            });
            read_again_into_one(bytes, options);
        }
    }
}

/// Reading into one operation tells what the iterator tells.
fn read_again_into_one(bytes: &[u8], options: ReadOptions) {
    let open = || {
        let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
        formats::open(input, "input", options).expect("opened before")
    };
    let (mut one, mut op) = (open(), Op::default());
    for whole in open().map_while(Result::ok) {
        assert!(one.next_into(&mut op).expect("readable before"));
        assert_eq!(format!("{op:?}"), format!("{whole:?}"));
    }
}

fn write_and_read_again(op: &Op) {
    // The vector of key and value is one level more, which may be one too many.
    let unkeyed = Op {
        key: None,
        ..op.clone()
    };
    let mut edn = Vec::new();
    formats::edn::write(&unkeyed, &mut edn);
    assert_one_op(edn, "edn");
    let mut json = Vec::new();
    formats::json_lines::write(op, &mut json);
    assert_one_op(json, "json-lines");
}

fn assert_one_op(bytes: Vec<u8>, format: &str) {
    let options = ReadOptions {
        format: Format::from_name(format),
        ..ReadOptions::default()
    };
    let input = Box::new(std::io::Cursor::new(bytes));
    let reader = formats::open(input, "written", options).expect("a named format");
    let ops: Vec<_> = reader.collect();
    assert!(matches!(ops.as_slice(), [Ok(_)]), "{ops:?}");
}
