//! The values operations carry: the union of what EDN and JSON histories hold.

use std::fmt;

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
    BigNumber(Box<str>),
    Str(Box<str>),
    /// An EDN keyword without its colon, `ns/name` included. JSON has none.
    Keyword(Box<str>),
    /// An EDN symbol. JSON has none.
    Symbol(Box<str>),
    /// An EDN list or vector, a JSON array.
    List(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// An EDN tagged element the reader has no meaning for, such as `#inst "…"`.
    Tagged(Box<str>, Box<Value>),
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

/// Writes the value as EDN, the form the field reads.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Float(x) => write!(f, "{x:?}"),
            Value::BigNumber(n) if n.contains('/') => f.write_str(n),
            Value::BigNumber(n) => write!(f, "{n}N"),
            Value::Str(s) => write!(f, "{s:?}"),
            Value::Keyword(k) => write!(f, ":{k}"),
            Value::Symbol(s) => f.write_str(s),
            Value::List(items) => write_items(f, "[", items, "]"),
            Value::Set(items) => write_items(f, "#{", items, "}"),
            Value::Map(entries) => {
                f.write_str("{")?;
                for (i, (key, value)) in entries.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{key} {value}")?;
                }
                f.write_str("}")
            }
            Value::Tagged(tag, value) => write!(f, "#{tag} {value}"),
        }
    }
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
