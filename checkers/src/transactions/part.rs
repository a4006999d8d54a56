//! A micro-operation as an event holds it, packed or as a list: one view of both.

use super::codes::{Code, Codes};
use super::vocabulary::Vocabulary;
use crate::value::{MicroF, MicroOp, MicroOps, MicroValue, Value, numbers};

/// A micro-operation of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'v> {
    pub f: MicroF,
    pub key: Given<'v>,
    pub value: Given<'v>,
}

/// A value in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'v> {
    Nil,
    Int(i64),
    /// A list of natural numbers in decimal, a blank between two.
    Digits(&'v [u8]),
    Items(&'v [Value]),
    Other(&'v Value),
}

impl<'v> Given<'v> {
    fn of(value: &'v Value) -> Given<'v> {
        match value {
            Value::Nil => Given::Nil,
            Value::Int(int) => Given::Int(*int),
            Value::List(items) | Value::Set(items) => Given::Items(items),
            other => Given::Other(other),
        }
    }

    /// The codes of a collection's elements; of anything else there are none.
    pub fn elements(self, codes: &mut Codes) -> Vec<Code> {
        match self {
            Given::Items(items) => items.iter().map(|item| codes.code(item)).collect(),
            Given::Digits(digits) => numbers(digits).map(|n| codes.number(n)).collect(),
            _ => Vec::new(),
        }
    }
}

impl<'v> Part<'v> {
    /// The view of a list of two or three members, if they are a micro-operation's.
    pub fn of(item: &'v Value) -> Option<Part<'v>> {
        let (name, key, value) = match item.as_items()? {
            [name, key] => (name, key, &Value::Nil),
            [name, key, value] => (name, key, value),
            _ => return None,
        };
        Some(Part {
            f: MicroF::from_name(name.as_name()?)?,
            key: Given::of(key),
            value: Given::of(value),
        })
    }

    #[inline]
    pub fn of_packed(op: &MicroOp, transaction: &'v MicroOps) -> Part<'v> {
        Part {
            f: op.f,
            key: Given::Int(op.key),
            value: match op.value {
                MicroValue::Nil => Given::Nil,
                MicroValue::Int(int) => Given::Int(int),
                MicroValue::List(begin, end) => Given::Digits(transaction.digits(begin, end)),
            },
        }
    }

    /// Whether transactions of this vocabulary hold such. Of `results`, reads have values.
    #[inline]
    pub fn fits(&self, vocabulary: Vocabulary, results: bool) -> bool {
        let is_nil = matches!(self.value, Given::Nil);
        let is_int = matches!(self.value, Given::Int(_));
        if self.f == vocabulary.write() {
            return is_int || vocabulary != Vocabulary::Counters && !is_nil;
        }
        let is_collection = matches!(self.value, Given::Items(_) | Given::Digits(_));
        let may_be_read = match vocabulary {
            Vocabulary::Lists | Vocabulary::Sets => is_collection,
            Vocabulary::Registers => true,
            Vocabulary::Counters => is_int,
        };
        self.f == MicroF::Read && (!results || is_nil || may_be_read)
    }
}
