//! A transaction without a list for each of its micro-operations.
//!
//! As nested lists, a transaction is dozens of small values, made and taken apart for every event
//! of a history of millions. Packed, its micro-operations lie in one row, and the lists that reads
//! returned stay the digits they were read as: whoever knows the list of a key already compares
//! them as text, and makes numbers only of what is new.

use super::Value;

/// What a micro-operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum MicroF {
    Read,
    Write,
    Append,
    /// An element of a set.
    Add,
    /// To a counter.
    Inc,
}

impl MicroF {
    /// The name histories write.
    pub fn name(self) -> &'static str {
        match self {
            MicroF::Read => "r",
            MicroF::Write => "w",
            MicroF::Append => "append",
            MicroF::Add => "add",
            MicroF::Inc => "inc",
        }
    }

    pub fn from_name(name: &str) -> Option<MicroF> {
        Some(match name {
            "r" => MicroF::Read,
            "w" => MicroF::Write,
            "append" => MicroF::Append,
            "add" => MicroF::Add,
            "inc" => MicroF::Inc,
            _ => return None,
        })
    }
}

/// What a micro-operation wrote or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum MicroValue {
    Nil,
    Int(i64),
    /// A list of natural numbers: where its digits begin and end, see [`MicroOps::digits`].
    List(u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub struct MicroOp {
    pub f: MicroF,
    pub key: i64,
    pub value: MicroValue,
}

/// The micro-operations of a transaction, in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Default)]
pub struct MicroOps {
    ops: Vec<MicroOp>,
    /// The numbers of all lists in decimal, a blank between two of one list.
    digits: Vec<u8>,
    /// Functions were written as keywords, not as strings.
    pub keywords: bool,
}

impl MicroOps {
    /// Forgets all but the room.
    pub fn clear(&mut self) {
        self.ops.clear();
        self.digits.clear();
    }

    pub fn push(&mut self, op: MicroOp) {
        self.ops.push(op);
    }

    /// Keeps the digits of a list: numbers without leading zeros, a separator between two of them.
    #[inline]
    pub fn list(&mut self, numbers: &[u8], separator: u8) -> MicroValue {
        let begin = self.digits.len();
        self.digits.extend_from_slice(numbers);
        if separator != b' ' {
            for byte in &mut self.digits[begin..] {
                if *byte == separator {
                    *byte = b' ';
                }
            }
        }
        MicroValue::List(begin as u32, self.digits.len() as u32)
    }

    pub fn as_slice(&self) -> &[MicroOp] {
        &self.ops
    }

    /// The numbers of a [`MicroValue::List`] in decimal, a blank between two.
    #[inline]
    pub fn digits(&self, begin: u32, end: u32) -> &[u8] {
        &self.digits[begin as usize..end as usize]
    }

    /// The transaction as readers make it where nobody asks them to pack it: a list of lists.
    pub fn unpacked(&self) -> Value {
        Value::List(self.ops.iter().map(|op| self.unpacked_op(op)).collect())
    }

    /// One of its micro-operations as a list.
    pub fn unpacked_op(&self, op: &MicroOp) -> Value {
        let name = match self.keywords {
            true => Value::keyword(op.f.name()),
            false => Value::str(op.f.name()),
        };
        let value = match op.value {
            MicroValue::Nil => Value::Nil,
            MicroValue::Int(int) => Value::Int(int),
            MicroValue::List(begin, end) => Value::List(
                numbers(self.digits(begin, end))
                    .map(|digits| natural(digits).map_or_else(|| big(digits), Value::Int))
                    .collect(),
            ),
        };
        Value::List(vec![name, Value::Int(op.key), value])
    }
}

/// The numbers in the digits of a list.
pub fn numbers(digits: &[u8]) -> impl Iterator<Item = &[u8]> {
    digits
        .split(|byte| *byte == b' ')
        .filter(|number| !number.is_empty())
}

/// The natural number of these digits, if it fits.
#[inline]
pub fn natural(digits: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| i64::from(byte - b'0');
    digits.iter().try_fold(0i64, |number, byte| {
        number.checked_mul(10)?.checked_add(digit(byte))
    })
}

/// A natural number that does not fit 64 bits.
pub fn big(digits: &[u8]) -> Value {
    let text: String = digits.iter().map(|byte| char::from(*byte)).collect();
    Value::BigNumber(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_unpacks_to_what_it_says() {
        let mut packed = MicroOps {
            keywords: true,
            ..MicroOps::default()
        };
        let list = packed.list(b"1,20,18446744073709551616", b',');
        for (f, value) in [
            (MicroF::Read, list),
            (MicroF::Append, MicroValue::Int(-4)),
            (MicroF::Write, MicroValue::Nil),
        ] {
            packed.push(MicroOp { f, key: 7, value });
        }
        let empty = packed.list(b"", b' ');
        packed.push(MicroOp {
            f: MicroF::Read,
            key: 8,
            value: empty,
        });
        assert_eq!(
            packed.unpacked().to_string(),
            "[[:r 7 [1 20 18446744073709551616N]] [:append 7 -4] [:w 7 nil] [:r 8 []]]"
        );
        packed.keywords = false;
        packed.clear();
        assert_eq!(packed, MicroOps::default());
    }

    #[test]
    fn functions_have_their_names() {
        for f in [
            MicroF::Read,
            MicroF::Write,
            MicroF::Append,
            MicroF::Add,
            MicroF::Inc,
        ] {
            assert_eq!(MicroF::from_name(f.name()), Some(f));
        }
        assert_eq!(MicroF::from_name("dec"), None);
    }
}
