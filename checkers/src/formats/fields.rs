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

    /// The usual field whose name and then the byte `END` begin the text, and the bytes both take:
    /// what [`Field::from_name`] answers, without looking for the name's end first.
    #[inline]
    pub fn at_start<const END: u8>(text: &[u8]) -> Option<(Field, usize)> {
        let word = u64::from_le_bytes(*text.first_chunk()?);
        let usual = &const { usual_fields(END) }[slot_of(word)];
        (word & usual.mask == usual.word).then_some((usual.field, usual.length))
    }

    /// True for fields that hold a number or a name, which are read without making a [`Value`].
    pub fn is_scalar(self) -> bool {
        matches!(
            self,
            Field::Index | Field::Time | Field::Type | Field::Process | Field::F | Field::Node
        )
    }
}

/// A field's name and the byte after it, as the first bytes of a word.
#[derive(Clone, Copy)]
struct Usual {
    field: Field,
    length: usize,
    mask: u64,
    word: u64,
}

const SLOTS: usize = 32;

/// Where the usual name that begins a word would be: its first two bytes tell them all apart.
#[inline]
const fn slot_of(word: u64) -> usize {
    (word ^ (word >> 8)) as usize % SLOTS
}

const fn usual_fields(end: u8) -> [Usual; SLOTS] {
    let names: [(Field, &[u8]); 7] = [
        (Field::Index, b"index"),
        (Field::Time, b"time"),
        (Field::Type, b"type"),
        (Field::Process, b"process"),
        (Field::F, b"f"),
        (Field::Value, b"value"),
        (Field::Key, b"key"),
    ];
    // No word has a byte outside the mask.
    let mut slots = [Usual {
        field: Field::Index,
        length: 0,
        mask: 0,
        word: 1,
    }; SLOTS];
    let mut row = 0;
    while row < names.len() {
        let (field, name) = names[row];
        let mut word = (end as u64) << (8 * name.len());
        let mut at = 0;
        while at < name.len() {
            word |= (name[at] as u64) << (8 * at);
            at += 1;
        }
        let slot = slot_of(word);
        assert!(slots[slot].length == 0, "two names in one slot");
        slots[slot] = Usual {
            field,
            length: name.len() + 1,
            mask: u64::MAX >> (8 * (7 - name.len())),
            word,
        };
        row += 1;
    }
    slots
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
    /// Transactions are packed where they can be.
    pub packs: bool,
}

/// The operation being read. Whatever the last one left in it is overwritten or taken away.
pub(super) struct Fields<'o> {
    op: &'o mut Op,
    seen: u16,
    /// Where it is said that `value` is a pair of independent key and value.
    tuple: Option<usize>,
    packs: bool,
}

impl<'o> Fields<'o> {
    /// An operation without fields. Its value should have been taken for its room before.
    #[inline]
    pub fn of(op: &'o mut Op, context: Context) -> Fields<'o> {
        op.index = context.position;
        op.time = None;
        // Assigned only where something is to be dropped, which is rare.
        if !op.value.is_nil() {
            op.value = Value::Nil;
        }
        if op.key.is_some() {
            op.key = None;
        }
        if op.node.is_some() {
            op.node = None;
        }
        if op.error.is_some() {
            op.error = None;
        }
        Fields {
            op,
            seen: 0,
            tuple: None,
            packs: context.packs,
        }
    }

    /// Whether the value of a field may be packed.
    #[inline]
    pub fn packs(&self, field: Field) -> bool {
        self.packs && field == Field::Value
    }

    #[inline]
    fn has(&self, field: Field) -> bool {
        self.seen & (1 << field as u16) != 0
    }

    /// Notes that a field's key stands at `at`; a second one is a fault.
    #[inline]
    pub fn claim(&mut self, field: Field, at: usize) -> Parsed<()> {
        if self.has(field) {
            return Err(Fault::found(
                at,
                "a second key of the same name",
                "each key once",
            ));
        }
        self.seen |= 1 << field as u16;
        Ok(())
    }

    /// What is at `at` is no value for the field.
    #[cold]
    pub fn wrong(&self, field: Field, at: usize) -> Box<Fault> {
        Fault::bad(at, expectation(field))
    }

    /// Sets a field for which [`Field::is_scalar`] holds to a number.
    #[inline]
    pub fn set_int(&mut self, field: Field, int: i64, at: usize) -> Parsed<()> {
        match field {
            Field::Time => self.op.time = Some(int),
            Field::Index if int >= 0 => self.op.index = int as u64,
            Field::Process => self.op.process = Process::Client(int),
            _ => return Err(self.wrong(field, at)),
        }
        Ok(())
    }

    /// Sets a field for which [`Field::is_scalar`] holds to a name.
    #[inline]
    pub fn set_name(&mut self, field: Field, name: &str, at: usize) -> Parsed<()> {
        match (field, OpType::from_name(name)) {
            (Field::Type, Some(kind)) => self.op.kind = kind,
            // Most operations call what the one before them called.
            (Field::F, _) if self.op.f == name => {}
            (Field::F, _) => self.op.f = interned(name),
            (Field::Process, _) => self.op.process = Process::Named(interned(name)),
            (Field::Node, _) => self.op.node = Some(interned(name)),
            _ => return Err(self.wrong(field, at)),
        }
        Ok(())
    }

    /// Sets a field for which [`Field::is_scalar`] holds.
    pub fn set_scalar(&mut self, field: Field, scalar: Value, at: usize) -> Parsed<()> {
        match (field, &scalar) {
            (Field::Time | Field::Index | Field::Node, Value::Nil) => Ok(()),
            (_, Value::Int(int)) => self.set_int(field, *int, at),
            (_, scalar) => match scalar.as_name() {
                Some(name) => self.set_name(field, name, at),
                None => Err(self.wrong(field, at)),
            },
        }
    }

    /// Sets any other field, whose value stands at `at`.
    #[inline]
    pub fn set_value(&mut self, field: Field, value: Value, at: usize) {
        match field {
            Field::Value => match value {
                Value::Tagged(tag, pair) if &*tag == TUPLE_TAG => {
                    self.op.value = *pair;
                    self.tuple = Some(at);
                }
                other => self.op.value = other,
            },
            Field::Key => self.op.key = Some(value),
            Field::Error if !value.is_nil() => self.op.error = Some(value),
            Field::Exception if !value.is_nil() => {
                self.op.error.get_or_insert(value);
            }
            Field::Keyed if value == Value::Bool(true) => self.tuple = Some(at),
            _ => {}
        }
    }

    /// Separates the independent key from the value it was written with, at `at`.
    fn split_tuple(&mut self, at: usize) -> Parsed<()> {
        if self.op.key.is_some() {
            return Err(Fault::found(
                at,
                "an independent tuple beside a `key`",
                "the key in one of the two places",
            ));
        }
        let pair = match std::mem::take(&mut self.op.value).unpacked() {
            Value::List(items) => <[Value; 2]>::try_from(items).ok(),
            _ => None,
        };
        let [key, value] =
            pair.ok_or_else(|| Fault::bad(at, "an independent tuple: a vector of key and value"))?;
        (self.op.key, self.op.value) = (Some(key), value);
        Ok(())
    }

    /// Checks that nothing the operation needs is missing. Its map began at `at`.
    #[inline]
    pub fn finish(mut self, at: usize, context: Context) -> Parsed<()> {
        if let Some(tuple_at) = self.tuple {
            self.split_tuple(tuple_at)?;
        }
        if !self.has(Field::Type) {
            return Err(missing(at, "type", Field::Type));
        }
        if !self.has(Field::Process) {
            if !context.lenient {
                return Err(missing(at, "process", Field::Process));
            }
            self.op.process = MISSING_PROCESS;
        }
        if !self.has(Field::F) {
            // Elle's histories may leave `:f` out; micro-operations can be nothing else.
            if !is_transaction(&self.op.value) {
                return Err(missing(at, "f", Field::F));
            }
            self.op.f = Cow::Borrowed("txn");
        }
        Ok(())
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
    let items = match value {
        Value::List(items) => items,
        Value::Packed(_) => return true,
        _ => return false,
    };
    let is_micro_op = |item: &Value| match item {
        Value::List(parts) => parts.first().is_some_and(|name| name.as_name().is_some()),
        _ => false,
    };
    !items.is_empty() && items.iter().all(is_micro_op)
}
