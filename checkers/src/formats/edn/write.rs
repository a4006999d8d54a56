//! Writing EDN that Elle, Knossos and Jepsen read.
//!
//! An operation is a map on one line. A keyed one has `[k v]` for its value, as Jepsen's own
//! histories do, and says so with `:keyed true`, which other readers pass over.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::op::{Op, Process};
use crate::value::Value;

use super::token::{is_keyword, is_symbol};

/// Appends the operation and a line end.
pub fn write(op: &Op, out: &mut Vec<u8>) {
    writeln!(out, "{}", Line(op)).expect("a Vec takes every write");
}

struct Line<'a>(&'a Op);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = self.0;
        write!(f, "{{:index {}", op.index)?;
        if let Some(time) = op.time {
            write!(f, ", :time {time}")?;
        }
        write!(f, ", :type :{}, :process ", op.kind.name())?;
        match &op.process {
            Process::Client(id) => write!(f, "{id}")?,
            Process::Named(name) => write_name(f, name)?,
        }
        f.write_str(", :f ")?;
        write_name(f, &op.f)?;
        match &op.key {
            None => write!(f, ", :value {}", op.value)?,
            Some(key) => write!(f, ", :value [{key} {}], :keyed true", op.value)?,
        }
        if let Some(node) = &op.node {
            f.write_str(", :node ")?;
            write_string(f, node)?;
        }
        if let Some(error) = &op.error {
            write!(f, ", :error {error}")?;
        }
        f.write_str("}")
    }
}

/// Writes the value as EDN, the form the field reads.
///
/// A keyword, symbol or tag whose text EDN cannot express, such as one with a blank, becomes a
/// string (a tagged value loses such a tag).
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Float(x) => write_float(f, *x),
            Value::BigNumber(n) if n.contains('/') => f.write_str(n),
            Value::BigNumber(n) if n.contains(['.', 'e', 'E']) => write!(f, "{n}M"),
            Value::BigNumber(n) => write!(f, "{n}N"),
            Value::Str(s) => write_string(f, s),
            Value::Keyword(name) => write_name(f, name),
            Value::Symbol(name) if is_symbol(name) => f.write_str(name),
            Value::Symbol(name) => write_string(f, name),
            Value::List(items) => write_items(f, "[", items, "]"),
            Value::Set(items) => write_items(f, "#{", items, "}"),
            Value::Map(entries) => write_entries(f, entries),
            Value::Tagged(tag, value) if is_tag(tag) => write!(f, "#{tag} {value}"),
            Value::Tagged(_, value) => write!(f, "{value}"),
            Value::Packed(transaction) => write!(f, "{}", transaction.unpacked()),
        }
    }
}

fn is_tag(text: &str) -> bool {
    is_symbol(text) && text.starts_with(|c: char| c.is_ascii_alphabetic() || !c.is_ascii())
}

/// A keyword, or a string where the name makes none.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_keyword(name) {
        write!(f, ":{name}")
    } else {
        write_string(f, name)
    }
}

fn write_float(f: &mut fmt::Formatter<'_>, float: f64) -> fmt::Result {
    if float.is_nan() {
        f.write_str("##NaN")
    } else if float == f64::INFINITY {
        f.write_str("##Inf")
    } else if float == f64::NEG_INFINITY {
        f.write_str("##-Inf")
    } else {
        write!(f, "{float:?}")
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        if !(c.is_control() || matches!(c, '"' | '\\')) {
            continue;
        }
        f.write_str(&text[plain_from..at])?;
        plain_from = at + c.len_utf8();
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control => write!(f, "\\u{:04x}", u32::from(control))?,
        }
    }
    f.write_str(&text[plain_from..])?;
    f.write_char('"')
}

fn write_items(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[Value],
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (i, item) in items.iter().enumerate() {
        let separator = if i == 0 { "" } else { " " };
        write!(f, "{separator}{item}")?;
    }
    f.write_str(close)
}

fn write_entries(f: &mut fmt::Formatter<'_>, entries: &[(Value, Value)]) -> fmt::Result {
    f.write_str("{")?;
    for (i, (key, value)) in entries.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        write!(f, "{separator}{key} {value}")?;
    }
    f.write_str("}")
}
