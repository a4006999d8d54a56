//! Transactions of the usual shapes, read straight into a [`MicroOps`].
//!
//! EDN writes `[[:append 3 7] [:r 3 [5 7]]]`, JSON `[["append",3,7],["r",3,[5,7]]]`: the same but
//! for a few bytes, which [`Notation`] names. What is not written exactly so (another function, a
//! comment, a key that is a string, a blank more, a text that ends in the middle) is left to the
//! parser of the format, which also knows what is wrong with it. So this can say no, but never an
//! error, and it must not say yes to anything that parser would refuse or read differently.

use crate::value::{MicroF, MicroOp, MicroOps, MicroValue, Value};

use super::scan::{Cursor, OP_VALUES_MAX};

/// How a format writes micro-operations.
pub(super) trait Notation {
    /// What a micro-operation begins with, up to its key.
    const BEGINS: [(MicroF, &'static [u8]); 5];
    /// Between the members of a list.
    const SEPARATOR: u8;
    const NIL: &'static [u8];
    /// Functions are keywords.
    const KEYWORDS: bool;
}

pub(super) struct InEdn;

impl Notation for InEdn {
    const BEGINS: [(MicroF, &'static [u8]); 5] = [
        (MicroF::Read, b"[:r "),
        (MicroF::Append, b"[:append "),
        (MicroF::Write, b"[:w "),
        (MicroF::Add, b"[:add "),
        (MicroF::Inc, b"[:inc "),
    ];
    const SEPARATOR: u8 = b' ';
    const NIL: &'static [u8] = b"nil";
    const KEYWORDS: bool = true;
}

pub(super) struct InJson;

impl Notation for InJson {
    const BEGINS: [(MicroF, &'static [u8]); 5] = [
        (MicroF::Read, b"[\"r\","),
        (MicroF::Append, b"[\"append\","),
        (MicroF::Write, b"[\"w\","),
        (MicroF::Add, b"[\"add\","),
        (MicroF::Inc, b"[\"inc\","),
    ];
    const SEPARATOR: u8 = b',';
    const NIL: &'static [u8] = b"null";
    const KEYWORDS: bool = false;
}

impl Cursor<'_> {
    /// The transaction at the cursor, which moves past it, or `None` where it is not of a usual
    /// shape: then the cursor is where it was.
    #[inline]
    pub fn packed<N: Notation>(&mut self) -> Option<Value> {
        let at = self.at;
        let mut into = self.scratch_packed();
        into.keywords = N::KEYWORDS;
        // Every value takes two bytes at the least.
        if self.micro_ops::<N>(&mut into).is_some() && self.at - at <= OP_VALUES_MAX {
            return Some(Value::Packed(into));
        }
        self.at = at;
        self.recycle(Value::Packed(into));
        None
    }

    fn micro_ops<N: Notation>(&mut self, into: &mut MicroOps) -> Option<()> {
        self.step_over(b"[")?;
        loop {
            let mut begins = N::BEGINS.iter();
            let (f, _) = begins.find(|(_, begin)| self.step_over(begin).is_some())?;
            let key = self.short_int(|byte| byte == N::SEPARATOR)?;
            self.at += 1;
            let value = match self.short_int(|byte| byte == b']') {
                Some(int) => MicroValue::Int(int),
                None if self.step_over(N::NIL).is_some() => MicroValue::Nil,
                None if *f == MicroF::Read => self.naturals::<N>(into)?,
                None => return None,
            };
            self.step_over(b"]")?;
            into.push(MicroOp { f: *f, key, value });
            match self.peek()? {
                b']' => break,
                byte if byte == N::SEPARATOR => self.at += 1,
                _ => return None,
            }
        }
        self.at += 1;
        Some(())
    }

    /// The list of natural numbers at the cursor.
    #[inline]
    fn naturals<N: Notation>(&mut self, into: &mut MicroOps) -> Option<MicroValue> {
        self.step_over(b"[")?;
        let rest = &self.text.as_bytes()[self.at..];
        let length = memchr::memchr(b']', rest)?;
        let numbers = &rest[..length];
        if !are_naturals(numbers, N::SEPARATOR) {
            return None;
        }
        self.at += length + 1;
        Some(into.list(numbers, N::SEPARATOR))
    }

    #[inline]
    fn step_over(&mut self, bytes: &[u8]) -> Option<()> {
        let found = self.text.as_bytes()[self.at..].starts_with(bytes);
        found.then(|| self.at += bytes.len())
    }
}

/// Whether a text is nothing, or natural numbers without leading zeros and one separator between
/// two. Written so that compilers look at many bytes in one instruction.
#[inline]
fn are_naturals(text: &[u8], separator: u8) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return true;
    };
    let padded = |a: u8, b: Option<&u8>| a == b'0' && b.is_some_and(|b| *b != separator);
    if !(first.is_ascii_digit() && last.is_ascii_digit()) || padded(*first, text.get(1)) {
        return false;
    }
    let Some(thirds) = text.get(2..) else {
        return true;
    };
    // What is wrong with each inner byte, the ones before and after it known.
    let mut wrong = 0;
    for ((a, b), c) in text.iter().zip(&text[1..]).zip(thirds) {
        let apart = u8::from(*b == separator);
        let digit = u8::from(b.wrapping_sub(b'0') < 10);
        let padded = u8::from(*b == b'0') & u8::from(*c != separator);
        wrong |= (1 ^ (digit | apart)) | (u8::from(*a == separator) & (apart | padded));
    }
    wrong == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naturals_are_told_from_anything_else() {
        for good in [
            "",
            "0",
            "7",
            "10",
            "0 1",
            "1 0",
            "0 0 0",
            "5 70 800 0",
            "100 200",
            "9 99999999999999999999999",
        ] {
            assert!(are_naturals(good.as_bytes(), b' '), "{good:?}");
        }
        for bad in [
            " ", "1 ", " 1", "01", "00", "1 02", "1 02 3", "1  2", "-1", "1 -2", "1,2", "a", "1 a",
            "1 2 \"", "1.5", "1 00", "1 2N", "3 [",
        ] {
            assert!(!are_naturals(bad.as_bytes(), b' '), "{bad:?}");
        }
    }
}
