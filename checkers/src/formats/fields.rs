//! The fields of an operation, gathered while its map is read and checked when it ends.

use std::borrow::Cow;

use crate::op::{Op, OpType, Process};
use crate::value::Value;

use super::error::{Fault, Parsed};
use super::names::interned;

/// The keys of an operation's map that mean something; all others are passed over, for Jepsen's
/// operations carry many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Index,
    Time,
    Type,
    Process,
    F,
    Node,
    Value,
    Key,
    Error,
    /// Jepsen's stack trace: stands for the error where there is none.
    Exception,
    /// Written by our EDN writer: `value` is a pair of independent key and value.
    Keyed,
}

impl Field {
    #[inline]
    pub fn from_name(name: &str) -> Option<Field> {
        Some(match name {
            "index" => Field::Index,
            "time" => Field::Time,
            "type" => Field::Type,
            "process" => Field::Process,
            "f" => Field::F,
            "node" => Field::Node,
            "value" => Field::Value,
            "key" => Field::Key,
            "error" => Field::Error,
            "exception" => Field::Exception,
            "keyed" => Field::Keyed,
            _ => return None,
        })
    }

    /// The usual field whose name and then `end` begin the text, and the bytes both take: what
    /// [`Field::from_name`] answers, without looking for the name's end first.
    #[inline]
    pub fn at_start(text: &[u8], end: u8) -> Option<(Field, usize)> {
        let (field, name) = match text {
            [b'i', ..] => (Field::Index, "index"),
            [b't', b'i', ..] => (Field::Time, "time"),
            [b't', ..] => (Field::Type, "type"),
            [b'p', ..] => (Field::Process, "process"),
            [b'f', ..] => (Field::F, "f"),
            [b'v', ..] => (Field::Value, "value"),
            _ => return None,
        };
        let found = text.starts_with(name.as_bytes()) && text.get(name.len()) == Some(&end);
        found.then_some((field, name.len() + 1))
    }

    /// True for fields that hold a number or a name, which are read without making a [`Value`].
    pub fn is_scalar(self) -> bool {
        matches!(
            self,
            Field::Index | Field::Time | Field::Type | Field::Process | Field::F | Field::Node
        )
    }
}

/// A number or name of an operation.
pub(super) enum Scalar<'t> {
    Nil,
    Int(i64),
    Name(Cow<'t, str>),
    /// Anything else, which is always wrong.
    Other,
}

/// The tag Jepsen prints independent tuples with.
const TUPLE_TAG: &str = "jepsen.independent.Tuple";

/// The process of operations that have none, where that is allowed.
pub const MISSING_PROCESS: Process = Process::Client(-1);

/// The context in which a format reads its next operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Operations before this one in the file.
    pub position: u64,
    /// No more text follows.
    pub at_end: bool,
    /// Operations without a process are taken.
    pub lenient: bool,
}

#[derive(Default)]
pub(super) struct Fields {
    seen: u16,
    index: Option<u64>,
    time: Option<i64>,
    kind: Option<OpType>,
    process: Option<Process>,
    f: Option<Cow<'static, str>>,
    node: Option<Cow<'static, str>>,
    value: Value,
    key: Option<Value>,
    error: Option<Value>,
    exception: Option<Value>,
    /// Where it is said that `value` is a pair of independent key and value.
    tuple: Option<usize>,
}

impl Fields {
    /// Notes that a field's key stands at `at`; a second one is a fault.
    #[inline]
    pub fn claim(&mut self, field: Field, at: usize) -> Parsed<()> {
        let bit = 1 << field as u16;
        if self.seen & bit != 0 {
            return Err(Fault::found(
                at,
                "a second key of the same name",
                "each key once",
            ));
        }
        self.seen |= bit;
        Ok(())
    }

    /// Sets a field for which [`Field::is_scalar`] holds.
    #[inline]
    pub fn set_scalar(&mut self, field: Field, scalar: Scalar<'_>, at: usize) -> Parsed<()> {
        match (field, scalar) {
            (Field::Time | Field::Index | Field::Node, Scalar::Nil) => {}
            (Field::Time, Scalar::Int(time)) => self.time = Some(time),
            (Field::Index, Scalar::Int(index)) if index >= 0 => self.index = Some(index as u64),
            (Field::Type, Scalar::Name(name)) => match OpType::from_name(&name) {
                Some(kind) => self.kind = Some(kind),
                None => return Err(Fault::bad(at, expectation(field))),
            },
            (Field::Process, Scalar::Int(id)) => self.process = Some(Process::Client(id)),
            (Field::Process, Scalar::Name(name)) => {
                self.process = Some(Process::Named(interned(&name)));
            }
            (Field::F, Scalar::Name(name)) => self.f = Some(interned(&name)),
            (Field::Node, Scalar::Name(name)) => self.node = Some(interned(&name)),
            _ => return Err(Fault::bad(at, expectation(field))),
        }
        Ok(())
    }

    /// Sets any other field, whose value stands at `at`.
    pub fn set_value(&mut self, field: Field, value: Value, at: usize) {
        match field {
            Field::Value => match value {
                Value::Tagged(tag, pair) if &*tag == TUPLE_TAG => {
                    self.value = *pair;
                    self.tuple = Some(at);
                }
                other => self.value = other,
            },
            Field::Key => self.key = Some(value),
            Field::Error => self.error = Some(value).filter(|v| !v.is_nil()),
            Field::Exception => self.exception = Some(value).filter(|v| !v.is_nil()),
            Field::Keyed if value == Value::Bool(true) => self.tuple = Some(at),
            _ => {}
        }
    }

    /// Separates the independent key from the value it was written with, at `at`.
    fn split_tuple(&mut self, at: usize) -> Parsed<()> {
        if self.key.is_some() {
            return Err(Fault::found(
                at,
                "an independent tuple beside a `key`",
                "the key in one of the two places",
            ));
        }
        let pair = match std::mem::take(&mut self.value) {
            Value::List(items) => <[Value; 2]>::try_from(items).ok(),
            _ => None,
        };
        let [key, value] =
            pair.ok_or_else(|| Fault::bad(at, "an independent tuple: a vector of key and value"))?;
        (self.key, self.value) = (Some(key), value);
        Ok(())
    }

    /// The operation, if nothing it needs is missing. Its map began at `at`.
    pub fn finish(mut self, at: usize, context: Context) -> Parsed<Op> {
        if let Some(tuple_at) = self.tuple {
            self.split_tuple(tuple_at)?;
        }
        let kind = self.kind.ok_or_else(|| missing(at, "type", Field::Type))?;
        let process = match self.process {
            Some(process) => process,
            None if context.lenient => MISSING_PROCESS,
            None => return Err(missing(at, "process", Field::Process)),
        };
        let f = match self.f {
            Some(f) => f,
            // Elle's histories may leave `:f` out; micro-operations can be nothing else.
            None if is_transaction(&self.value) => Cow::Borrowed("txn"),
            None => return Err(missing(at, "f", Field::F)),
        };
        Ok(Op {
            index: self.index.unwrap_or(context.position),
            time: self.time,
            kind,
            process,
            f,
            value: self.value,
            key: self.key,
            node: self.node,
            error: self.error.or(self.exception),
        })
    }
}

fn missing(at: usize, name: &str, field: Field) -> Box<Fault> {
    let mut fault = Fault::found(
        at,
        format!("an operation without `{name}`"),
        expectation(field),
    );
    if field == Field::Process {
        fault.advice = Some("add it, or pass --lenient to take the operations as one process's");
    }
    fault
}

fn expectation(field: Field) -> &'static str {
    match field {
        Field::Index => "`index` to be an integer from 0",
        Field::Time => "`time` to be an integer of nanoseconds",
        Field::Type => "`type` to be invoke, ok, fail or info",
        Field::Process => "`process` to be an integer or a name such as nemesis",
        Field::F => "`f` to be the name of a function",
        Field::Node => "`node` to be a name",
        _ => "a value",
    }
}

/// A list of micro-operations, each a list that begins with its function's name.
fn is_transaction(value: &Value) -> bool {
    let Value::List(items) = value else {
        return false;
    };
    let is_micro_op = |item: &Value| match item {
        Value::List(parts) => parts.first().is_some_and(|name| name.as_name().is_some()),
        _ => false,
    };
    !items.is_empty() && items.iter().all(is_micro_op)
}
