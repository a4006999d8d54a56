//! What the EDN and the JSON parser share: a place in a text, and the limits of an operation.

use crate::value::{MicroOps, Value};

use super::error::{Fault, Parsed};
use super::scratch::Scratch;

/// Collections inside collections an operation may have. Bounds the stack of the parsers, and of
/// everything that walks a [`Value`], its `Drop` included.
pub const DEPTH_MAX: usize = 256;

/// Values an operation may hold; bounds the memory of a long line of one-byte values.
pub const OP_VALUES_MAX: usize = 8 << 20;

pub(super) struct Cursor<'t> {
    pub text: &'t str,
    pub at: usize,
    depth: usize,
    values: usize,
    scratch: &'t mut Scratch,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str, scratch: &'t mut Scratch) -> Cursor<'t> {
        Cursor {
            text,
            at: 0,
            depth: 0,
            values: 0,
            scratch,
        }
    }

    /// Takes apart a value that nobody needs any more.
    #[inline]
    pub fn recycle(&mut self, value: Value) {
        self.scratch.recycle(value);
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

    /// An empty list, with the room of an earlier one where there is any.
    #[inline]
    pub fn list(&mut self) -> Vec<Value> {
        self.scratch.list()
    }

    /// A transaction without micro-operations, with the room of an earlier one.
    #[inline]
    pub fn scratch_packed(&mut self) -> Box<MicroOps> {
        self.scratch.packed()
    }

    /// Counts one more value of the operation.
    #[inline]
    pub fn count(&mut self) -> Parsed<()> {
        self.values += 1;
        match self.values > OP_VALUES_MAX {
            false => Ok(()),
            true => Err(self.too_many()),
        }
    }

    #[cold]
    fn too_many(&self) -> Box<Fault> {
        let found = format!("an operation of more than {OP_VALUES_MAX} values");
        Fault::found(self.at, found, "fewer")
    }

    /// The members, alternately keys and values, as entries.
    pub fn entries(&mut self, mut members: Vec<Value>) -> Vec<(Value, Value)> {
        let mut entries = Vec::with_capacity(members.len() / 2);
        let mut drained = members.drain(..);
        while let (Some(key), Some(value)) = (drained.next(), drained.next()) {
            entries.push((key, value));
        }
        drop(drained);
        self.scratch.keep(members);
        entries
    }

    /// An integer of at most 18 digits at the cursor, sign included, if that is all there is before
    /// a byte for which `ends` holds.
    #[inline]
    pub fn short_int(&mut self, ends: impl Fn(u8) -> bool) -> Option<i64> {
        let rest = self.text.as_bytes().get(self.at..)?;
        if !matches!(rest.first(), Some(b'0'..=b'9' | b'-')) {
            return None;
        }
        let chunk = rest.first_chunk::<8>().map(|word| leading_digits(*word));
        let Some((magnitude, length @ 1..8)) = chunk else {
            return self.longer_int(ends);
        };
        let padded = length > 1 && rest[0] == b'0';
        if padded || !ends(rest[length]) {
            return None;
        }
        self.at += length;
        Some(magnitude)
    }

    /// Adds to a list the natural numbers at the cursor that have one blank after them: most
    /// members of most lists. Most have few digits, for which a plain loop is the fastest.
    #[inline]
    pub fn short_naturals(&mut self, members: &mut Vec<Value>) -> Parsed<()> {
        const DIGITS_MAX: usize = 9;
        let text = self.text.as_bytes();
        let mut rest = text.get(self.at..).unwrap_or_default();
        let before = members.len();
        while let [first @ b'0'..=b'9', after, ..] = rest {
            let mut number = u32::from(first - b'0');
            let (mut length, mut next) = (1, *after);
            while next.is_ascii_digit() && length < DIGITS_MAX && number > 0 {
                number = number * 10 + u32::from(next - b'0');
                length += 1;
                next = rest.get(length).copied().unwrap_or_default();
            }
            if next != b' ' {
                break;
            }
            if self.values + (members.len() - before) >= OP_VALUES_MAX {
                return Err(self.too_many());
            }
            members.push(Value::Int(number.into()));
            rest = &rest[length + 1..];
        }
        self.values += members.len() - before;
        self.at = text.len() - rest.len();
        Ok(())
    }

    /// [`Cursor::short_int`] where the integer is negative, long, or close to the end of the text.
    fn longer_int(&mut self, ends: impl Fn(u8) -> bool) -> Option<i64> {
        const DIGITS_MAX: usize = 18;
        let bytes = self.text.as_bytes();
        let negative = bytes.get(self.at) == Some(&b'-');
        let digits = bytes.get(self.at + usize::from(negative)..)?;
        let (mut magnitude, mut length) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = digits.get(length) {
            if length == DIGITS_MAX {
                return None;
            }
            magnitude = magnitude * 10 + i64::from(digit - b'0');
            length += 1;
        }
        let padded = length > 1 && digits[0] == b'0';
        if length == 0 || padded || !digits.get(length).is_some_and(|b| ends(*b)) {
            return None;
        }
        self.at += usize::from(negative) + length;
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

/// The number that the digits at the start of eight bytes make, and how many they are: pairs, then
/// fours, then all eight are summed in one multiplication each.
#[inline]
fn leading_digits(bytes: [u8; 8]) -> (i64, usize) {
    let word = u64::from_le_bytes(bytes) ^ (LOW_BITS * u64::from(b'0'));
    // Ten and more carry into the high bit. A carry out of a byte reaches later bytes only.
    let others = (word.wrapping_add(LOW_BITS * (0x80 - 10)) | word) & HIGH_BITS;
    let length = others.trailing_zeros() as usize / 8;
    // The last digit to the top; zeros come in below, before the first.
    let word = word.unbounded_shl(64 - 8 * length as u32);
    let pairs = (word * 10 + (word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (all as i64, length)
}

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
