//! The values operations carry: the union of what EDN and JSON histories hold.

mod micro_ops;
mod text;

pub use micro_ops::{MicroF, MicroOp, MicroOps, MicroValue};
pub(crate) use micro_ops::{big, natural, numbers};
pub use text::Text;

/// A value as recorded in a history.
///
/// Collections keep the order in which they were written; two sets or maps with the same members
/// in another order are different `Value`s. Checkers that need set semantics lower first.
#[derive(Debug, Clone, PartialEq, PartialOrd, Default)]
pub enum Value {
    /// `nil` / `null`: absent, unknown or not yet written.
    #[default]
    Nil,
    Bool(bool),
    Int(i64),
    /// Floating point, and EDN decimals (`1.5M`) that fit one.
    Float(f64),
    /// A number that fits neither: a big integer (`12345678901234567890N`) or a ratio (`1/3`),
    /// in its written form without suffix.
    BigNumber(Text),
    Str(Text),
    /// An EDN keyword without its colon, `ns/name` included. JSON has none.
    Keyword(Text),
    /// An EDN symbol. JSON has none.
    Symbol(Text),
    /// An EDN list or vector, a JSON array.
    List(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// An EDN tagged element the reader has no meaning for, such as `#inst "…"`.
    Tagged(Text, Box<Value>),
    /// A list of micro-operations, from a reader that was asked to pack them
    /// ([`OpReader::pack_transactions`](crate::formats::OpReader::pack_transactions)).
    Packed(Box<MicroOps>),
}

impl Value {
    pub fn str(text: &str) -> Value {
        Value::Str(text.into())
    }

    pub fn keyword(name: &str) -> Value {
        Value::Keyword(name.into())
    }

    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text of a string, keyword or symbol: JSON writes all three as strings.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Value::Str(s) | Value::Keyword(s) | Value::Symbol(s) => Some(s),
            _ => None,
        }
    }

    /// The members of a list or set.
    pub fn as_items(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The same value without packing at its top.
    pub fn unpacked(self) -> Value {
        match self {
            Value::Packed(transaction) => transaction.unpacked(),
            other => other,
        }
    }

    /// Looks a map entry up by the name of its key, whether written `:from` or `"from"`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, _)| key.as_name() == Some(name))
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}
