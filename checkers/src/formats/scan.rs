//! What the EDN and the JSON parser share: a place in a text, and the limits of an operation.

use crate::value::Value;

use super::error::{Fault, Parsed};

/// Collections inside collections an operation may have. Bounds the stack of the parsers, and of
/// everything that walks a [`Value`], its `Drop` included.
pub const DEPTH_MAX: usize = 256;

/// Values an operation may hold; bounds the memory of a long line of one-byte values.
pub const OP_VALUES_MAX: usize = 8 << 20;

/// Room a parser keeps between operations for values under construction.
const STACK_KEPT_MAX: usize = 64 << 10;

pub(super) struct Cursor<'t> {
    pub text: &'t str,
    pub at: usize,
    depth: usize,
    values: usize,
    /// Members of the collections being read, innermost last: each collection is allocated once,
    /// at its final size.
    stack: Vec<Value>,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str, stack: Vec<Value>) -> Cursor<'t> {
        Cursor {
            text,
            at: 0,
            depth: 0,
            values: 0,
            stack,
        }
    }

    /// Gives the room back for the next operation.
    pub fn into_stack(mut self) -> Vec<Value> {
        self.stack.clear();
        self.stack.shrink_to(STACK_KEPT_MAX);
        self.stack
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub fn peek_second(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at + 1).copied()
    }

    /// The fault of what stands at the cursor, or of the text's end there.
    #[cold]
    pub fn unexpected(&self, expected: &'static str) -> Box<Fault> {
        match self.peek() {
            Some(_) => Fault::bad(self.at, expected),
            None => Fault::cut(self.at, expected),
        }
    }

    /// One collection, tag or discard deeper.
    pub fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::found(
                self.at,
                format!("nesting deeper than {DEPTH_MAX}"),
                "a history, whose values nest a few levels",
            ));
        }
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    pub fn mark(&self) -> usize {
        self.stack.len()
    }

    #[inline]
    pub fn push(&mut self, value: Value) -> Parsed<()> {
        self.values += 1;
        if self.values > OP_VALUES_MAX {
            return Err(Fault::found(
                self.at,
                format!("an operation of more than {OP_VALUES_MAX} values"),
                "fewer",
            ));
        }
        self.stack.push(value);
        Ok(())
    }

    /// The members pushed since `mark`.
    pub fn members(&mut self, mark: usize) -> Vec<Value> {
        self.stack.split_off(mark)
    }

    /// The members pushed since `mark`, alternately keys and values.
    pub fn entries(&mut self, mark: usize) -> Vec<(Value, Value)> {
        let mut entries = Vec::with_capacity((self.stack.len() - mark) / 2);
        let mut members = self.stack.drain(mark..);
        while let (Some(key), Some(value)) = (members.next(), members.next()) {
            entries.push((key, value));
        }
        entries
    }

    /// An integer of at most 18 digits at the cursor, sign included, if that is all there is before
    /// a byte for which `ends` holds.
    #[inline]
    pub fn short_int(&mut self, ends: impl Fn(u8) -> bool) -> Option<i64> {
        const DIGITS_MAX: usize = 18;
        let bytes = self.text.as_bytes();
        let negative = bytes.get(self.at) == Some(&b'-');
        let first = self.at + usize::from(negative);
        let mut at = first;
        let mut magnitude: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            if at - first == DIGITS_MAX {
                return None;
            }
            magnitude = magnitude * 10 + i64::from(digit - b'0');
            at += 1;
        }
        let padded = at - first > 1 && bytes[first] == b'0';
        if at == first || padded || !bytes.get(at).is_some_and(|b| ends(*b)) {
            return None;
        }
        self.at = at;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// The value of four hexadecimal digits at the cursor, which moves past them.
    pub fn hex4(&mut self) -> Parsed<u16> {
        const EXPECTED: &str = "four hexadecimal digits after \\u";
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|b| char::from(b).to_digit(16))
                .ok_or_else(|| self.unexpected(EXPECTED))?;
            unit = unit * 16 + digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    /// The character of a `\u` escape whose `\u` is just past; a UTF-16 pair takes two escapes.
    pub fn unicode_escape(&mut self) -> Parsed<char> {
        const PAIR: &str = "a \\u escape of the second half of a UTF-16 pair";
        let escape_at = self.at;
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(u32::from(first))
                .ok_or_else(|| Fault::bad(escape_at, "a character: this is half a UTF-16 pair"));
        }
        for expected in [b'\\', b'u'] {
            if self.peek() != Some(expected) {
                return Err(self.unexpected(PAIR));
            }
            self.at += 1;
        }
        let second_at = self.at;
        let second = self.hex4()?;
        match char::decode_utf16([first, second]).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(Fault::bad(second_at, PAIR)),
        }
    }
}

/// Bytes of a JSON string before its next quote, backslash or control character.
#[inline]
pub(super) fn json_plain_length(bytes: &[u8]) -> Option<usize> {
    first_special(
        bytes,
        |b| matches!(b, b'"' | b'\\' | 0..0x20),
        |word| {
            equal(word, b'"') | equal(word, b'\\') | (word.wrapping_sub(LOW_BITS * 0x20) & !word)
        },
    )
}

/// Bytes of an EDN string before its next quote or backslash.
#[inline]
pub(super) fn edn_plain_length(bytes: &[u8]) -> Option<usize> {
    first_special(
        bytes,
        |b| matches!(b, b'"' | b'\\'),
        |word| equal(word, b'"') | equal(word, b'\\'),
    )
}

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = LOW_BITS << 7;

/// A word whose lowest byte with its high bit set marks the first byte equal to `byte`.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zero_where_equal = word ^ (LOW_BITS * u64::from(byte));
    zero_where_equal.wrapping_sub(LOW_BITS) & !zero_where_equal
}

/// Eight bytes a step (Mycroft's zero-byte test): most strings end in the first. Carries may mark
/// bytes after a special one, never before the first.
#[inline]
fn first_special(
    bytes: &[u8],
    is_special: impl Fn(u8) -> bool,
    marks: impl Fn(u64) -> u64,
) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word)) & HIGH_BITS;
        if marked != 0 {
            return Some(i * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let in_rest = rest.iter().position(|b| is_special(*b))?;
    Some(words.len() * 8 + in_rest)
}
