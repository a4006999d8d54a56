//! A pull parser for JSON (RFC 8259): from text straight to values and operations.
//!
//! An integer that fits 64 bits is an [`Int`](Value::Int), a longer one a
//! [`BigNumber`](Value::BigNumber), any other number a [`Float`](Value::Float). Object keys are
//! strings.

use std::borrow::Cow;

use crate::op::Op;
use crate::value::Value;

use super::error::{Fault, Parsed};
use super::fields::{Context, Field, Fields};
use super::packing::InJson;
use super::quoted::Quoting;
use super::scan::{Cursor, json_plain_length};
use super::scratch::Scratch;

pub(super) struct Json<'t> {
    pub cursor: Cursor<'t>,
}

const VALUE: &str = "a JSON value";
const OPERATION: &str =
    r#"an operation: an object such as {"type":"invoke","process":0,"f":"read"}"#;

impl<'t> Json<'t> {
    pub fn new(text: &'t str, scratch: &'t mut Scratch) -> Json<'t> {
        Json {
            cursor: Cursor::new(text, scratch),
        }
    }

    /// Reads the operation at the cursor.
    pub fn op(&mut self, context: Context, op: &mut Op) -> Parsed<()> {
        self.cursor.recycle(std::mem::take(&mut op.value));
        let start = self.cursor.at;
        if self.cursor.peek() != Some(b'{') {
            return Err(self.cursor.unexpected(OPERATION));
        }
        self.cursor.at += 1;
        let mut fields = Fields::of(op, context);
        self.space();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.at += 1;
            return fields.finish(start, context);
        }
        loop {
            self.entry(&mut fields)?;
            if self.next_member(b'}', "`,` or `}`")? {
                return fields.finish(start, context);
            }
        }
    }

    /// A key of an operation with its value.
    fn entry(&mut self, fields: &mut Fields<'_>) -> Parsed<()> {
        let key_at = self.cursor.at;
        let field = match Field::at_start::<b'"'>(self.rest_after_quote()) {
            Some((field, length)) => {
                self.cursor.at += 1 + length;
                self.colon()?;
                Some(field)
            }
            None => Field::from_name(&self.key()?),
        };
        let at = self.cursor.at;
        let Some(field) = field else {
            self.value()?;
            return Ok(());
        };
        fields.claim(field, key_at)?;
        if field.is_scalar() {
            self.scalar(field, fields, at)
        } else {
            let packed = match fields.packs(field) {
                true => self.cursor.packed::<InJson>(),
                false => None,
            };
            let value = match packed {
                Some(value) => value,
                None => self.value()?,
            };
            fields.set_value(field, value, at);
            Ok(())
        }
    }

    /// The text after the quote at the cursor, nothing if there is none.
    #[inline]
    fn rest_after_quote(&self) -> &'t [u8] {
        let rest = &self.cursor.text.as_bytes()[self.cursor.at..];
        rest.strip_prefix(b"\"").unwrap_or_default()
    }

    /// The key of a member and the colon after it.
    pub fn key(&mut self) -> Parsed<Cow<'t, str>> {
        if self.cursor.peek() != Some(b'"') {
            return Err(self.cursor.unexpected("a string for a key"));
        }
        let key = self.string()?;
        self.colon()?;
        Ok(key)
    }

    #[inline]
    fn colon(&mut self) -> Parsed<()> {
        self.space();
        if self.cursor.peek() != Some(b':') {
            return Err(self.cursor.unexpected("`:` after a key"));
        }
        self.cursor.at += 1;
        self.space();
        Ok(())
    }

    /// Steps over a comma, or over the closing byte, for which the answer is true.
    #[inline]
    fn next_member(&mut self, close: u8, expected: &'static str) -> Parsed<bool> {
        self.space();
        match self.cursor.peek() {
            Some(b',') => {
                self.cursor.at += 1;
                self.space();
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.cursor.at += 1;
                Ok(true)
            }
            _ => Err(self.cursor.unexpected(expected)),
        }
    }

    /// Sets a field to the number or name at the cursor, without making a [`Value`] of it.
    #[inline]
    fn scalar(&mut self, field: Field, fields: &mut Fields<'_>, at: usize) -> Parsed<()> {
        if self.cursor.peek() == Some(b'"') {
            return fields.set_name(field, &self.string()?, at);
        }
        match self.cursor.short_int(ends_number) {
            Some(int) => fields.set_int(field, int, at),
            None => fields.set_scalar(field, self.value()?, at),
        }
    }

    /// The value at the cursor.
    pub fn value(&mut self) -> Parsed<Value> {
        match self.cursor.peek() {
            Some(b'0'..=b'9' | b'-') => self.number(),
            Some(b'"') => Ok(Value::Str(self.string()?.into())),
            Some(b'[') => self.array(),
            Some(b'{') => self.object(),
            Some(b'n') => self.literal("null", Value::Nil),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            _ => Err(self.cursor.unexpected(VALUE)),
        }
    }

    fn literal(&mut self, literal: &'static str, value: Value) -> Parsed<Value> {
        let rest = &self.cursor.text[self.cursor.at..];
        if rest.starts_with(literal) {
            self.cursor.at += literal.len();
            Ok(value)
        } else if literal.starts_with(rest) {
            Err(Fault::cut(self.cursor.text.len(), literal))
        } else {
            Err(Fault::bad(self.cursor.at, VALUE))
        }
    }

    #[inline]
    pub fn space(&mut self) {
        // Writers of lines put none between tokens.
        if self.cursor.peek().is_some_and(|byte| byte > b' ') {
            return;
        }
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.cursor.peek() {
            self.cursor.at += 1;
        }
    }

    fn array(&mut self) -> Parsed<Value> {
        self.cursor.enter()?;
        self.cursor.at += 1;
        self.space();
        let mut members = self.cursor.list();
        if self.cursor.peek() == Some(b']') {
            self.cursor.at += 1;
        } else {
            loop {
                let member = match self.cursor.short_int(ends_number) {
                    Some(int) => Value::Int(int),
                    None => self.value()?,
                };
                self.cursor.count()?;
                members.push(member);
                if self.next_member(b']', "`,` or `]`")? {
                    break;
                }
            }
        }
        self.cursor.leave();
        Ok(Value::List(members))
    }

    fn object(&mut self) -> Parsed<Value> {
        self.cursor.enter()?;
        self.cursor.at += 1;
        self.space();
        let mut entries = Vec::new();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.at += 1;
        } else {
            loop {
                let key = Value::Str(self.key()?.into());
                self.cursor.count()?;
                let member = self.value()?;
                self.cursor.count()?;
                entries.push((key, member));
                if self.next_member(b'}', "`,` or `}`")? {
                    break;
                }
            }
        }
        self.cursor.leave();
        Ok(Value::Map(entries))
    }

    fn number(&mut self) -> Parsed<Value> {
        if let Some(int) = self.cursor.short_int(ends_number) {
            return Ok(Value::Int(int));
        }
        let at = self.cursor.at;
        let rest = &self.cursor.text[at..];
        let Some(length) = rest.bytes().position(ends_number) else {
            return Err(Fault::cut(self.cursor.text.len(), "the rest of a number"));
        };
        self.cursor.at += length;
        number(&rest[..length]).map_err(|expected| Fault::bad(at, expected))
    }

    #[inline]
    fn string(&mut self) -> Parsed<Cow<'t, str>> {
        self.cursor.string::<Quoted>()
    }
}

struct Quoted;

impl Quoting for Quoted {
    const ESCAPES: &'static str = r#"an escape: \" \\ \/ \b \f \n \r \t or \uXXXX"#;

    #[inline]
    fn plain_length(bytes: &[u8]) -> Option<usize> {
        json_plain_length(bytes)
    }

    fn other_escape(cursor: &mut Cursor<'_>) -> Parsed<char> {
        if cursor.peek() != Some(b'/') {
            return Err(cursor.unexpected(Self::ESCAPES));
        }
        cursor.at += 1;
        Ok('/')
    }
}

fn ends_number(byte: u8) -> bool {
    !matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

/// True if the text is a number that [`Json`] reads.
pub(super) fn is_number(text: &str) -> bool {
    number(text).is_ok()
}

/// Reads a whole number token; otherwise says what would have been right.
fn number(token: &str) -> Result<Value, &'static str> {
    const EXPECTED: &str = "a JSON number such as 3, -1.5 or 2e10";
    let magnitude = token.strip_prefix('-').unwrap_or(token);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (magnitude, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let unsigned = |exponent: &'_ str| all_digits(exponent.trim_start_matches(['+', '-']));
    let one_sign = |exponent: &str| !exponent.get(1..).unwrap_or("").contains(['+', '-']);
    let well_formed = all_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(|exponent| unsigned(exponent) && one_sign(exponent));
    if !well_formed {
        return Err(EXPECTED);
    }
    if fraction.is_none() && exponent.is_none() {
        return Ok(match token.parse() {
            Ok(int) => Value::Int(int),
            Err(_) => Value::BigNumber(token.into()),
        });
    }
    match token.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Value::Float(float)),
        _ => Err("a number within the range of a 64-bit float"),
    }
}
