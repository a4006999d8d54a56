//! Writing the native format, quickly: the recorder does it for every event of a run.
//!
//! JSON has fewer types than histories do. Keywords and symbols become strings, sets become arrays,
//! ratios and the numbers JSON lacks (`##NaN`, `##Inf`, `1e400M`) become strings, tagged values
//! become strings of EDN, keys of maps become strings (EDN where they are neither name nor
//! integer), and an `error` of nil is left out.

use std::io::Write as _;

use crate::formats::json::is_number;
use crate::op::{Op, Process};
use crate::value::Value;

/// Appends the operation and a line end.
pub fn write(op: &Op, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"index\":");
    write_unsigned(op.index, out);
    if let Some(time) = op.time {
        out.extend_from_slice(b",\"time\":");
        write_int(time, out);
    }
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(op.kind.name().as_bytes());
    out.extend_from_slice(b"\",\"process\":");
    match &op.process {
        Process::Client(id) => write_int(*id, out),
        Process::Named(name) => write_string(name, out),
    }
    out.extend_from_slice(b",\"f\":");
    write_string(&op.f, out);
    out.extend_from_slice(b",\"value\":");
    write_value(&op.value, out);
    if let Some(key) = &op.key {
        out.extend_from_slice(b",\"key\":");
        write_value(key, out);
    }
    if let Some(node) = &op.node {
        out.extend_from_slice(b",\"node\":");
        write_string(node, out);
    }
    if let Some(error) = op.error.as_ref().filter(|error| !error.is_nil()) {
        out.extend_from_slice(b",\"error\":");
        write_value(error, out);
    }
    out.extend_from_slice(b"}\n");
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Nil => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => write_int(*int, out),
        Value::Float(float) if float.is_finite() => {
            write!(out, "{float:?}").expect("a Vec takes every write");
        }
        Value::BigNumber(number) if is_number(number) => {
            out.extend_from_slice(number.as_bytes());
        }
        Value::BigNumber(text) | Value::Str(text) => write_string(text, out),
        Value::Keyword(text) | Value::Symbol(text) => write_string(text, out),
        Value::List(items) | Value::Set(items) => write_items(items, out),
        Value::Map(entries) => write_entries(entries, out),
        Value::Packed(transaction) => write_value(&transaction.unpacked(), out),
        Value::Float(_) | Value::Tagged(..) => write_string(&value.to_string(), out),
    }
}

fn write_items(items: &[Value], out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_value(item, out);
    }
    out.push(b']');
}

fn write_entries(entries: &[(Value, Value)], out: &mut Vec<u8>) {
    out.push(b'{');
    for (i, (key, value)) in entries.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        match key {
            Value::Int(int) => {
                out.push(b'"');
                write_int(*int, out);
                out.push(b'"');
            }
            key => match key.as_name() {
                Some(name) => write_string(name, out),
                None => write_string(&key.to_string(), out),
            },
        }
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_int(int: i64, out: &mut Vec<u8>) {
    if int < 0 {
        out.push(b'-');
    }
    write_unsigned(int.unsigned_abs(), out);
}

fn write_unsigned(mut number: u64, out: &mut Vec<u8>) {
    const DIGITS_MAX: usize = 20;
    let mut digits = [0; DIGITS_MAX];
    let mut first = DIGITS_MAX;
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..0x20) {
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                let digits = [
                    HEX[usize::from(control >> 4)],
                    HEX[usize::from(control & 15)],
                ];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}
