//! A pull parser for EDN: from text straight to values and operations.

use crate::formats::error::{Fault, Parsed};
use crate::formats::fields::{Context, Field, Fields};
use crate::formats::packing::InEdn;
use crate::formats::scan::Cursor;
use crate::formats::scratch::Scratch;
use crate::op::Op;
use crate::value::{Text, Value};

use super::number::number;
use super::token::{ends_token, is_blank};

pub(in crate::formats) struct Edn<'t> {
    pub cursor: Cursor<'t>,
    /// The end of the text ends a token; otherwise the token may go on in text not yet read.
    text_is_whole: bool,
}

const VALUE: &str = "a value";
const KEYWORD: &str = "a keyword";
const TAG: &str = "a tag such as #inst, a set or a discard after `#`";
const OPERATION: &str = "an operation: a map such as {:type :invoke, :process 0, :f :read}";

impl<'t> Edn<'t> {
    pub fn new(text: &'t str, scratch: &'t mut Scratch) -> Edn<'t> {
        Edn {
            cursor: Cursor::new(text, scratch),
            text_is_whole: false,
        }
    }

    /// For a text known to be all there is, such as a line.
    pub fn whole(text: &'t str, scratch: &'t mut Scratch) -> Edn<'t> {
        Edn {
            cursor: Cursor::new(text, scratch),
            text_is_whole: true,
        }
    }

    /// Reads the operation at the cursor.
    pub fn op(&mut self, context: Context, op: &mut Op) -> Parsed<()> {
        self.cursor.recycle(std::mem::take(&mut op.value));
        let start = self.cursor.at;
        while self.cursor.peek() == Some(b'^') {
            self.metadata()?;
            self.space()?;
        }
        if self.cursor.peek() == Some(b'#') {
            self.op_tag()?;
        }
        if self.cursor.peek() != Some(b'{') {
            return Err(self.cursor.unexpected(OPERATION));
        }
        self.cursor.at += 1;
        let mut fields = Fields::of(op, context);
        loop {
            if self.cursor.peek() == Some(b',') {
                self.cursor.at += 1;
            }
            self.space()?;
            if self.cursor.peek() == Some(b'}') {
                self.cursor.at += 1;
                return fields.finish(start, context);
            }
            self.entry(&mut fields)?;
        }
    }

    /// The tag of a record that is an operation, such as `#jepsen.history.Op`.
    fn op_tag(&mut self) -> Parsed<()> {
        let at = self.cursor.at;
        self.cursor.at += 1;
        self.token_end(OPERATION)?;
        let tag = &self.cursor.text[at + 1..self.cursor.at];
        if tag != "op" && tag.rsplit(['.', '/']).next() != Some("Op") {
            return Err(Fault::bad(at, OPERATION));
        }
        self.space()
    }

    /// A key of an operation with its value.
    fn entry(&mut self, fields: &mut Fields<'_>) -> Parsed<()> {
        let key_at = self.cursor.at;
        let field = match self.cursor.peek() {
            Some(b':') => self.field()?,
            _ => {
                self.value()?;
                None
            }
        };
        self.space()?;
        let at = self.cursor.at;
        if self.cursor.peek() == Some(b'}') {
            return Err(self.cursor.unexpected("a value for the key before it"));
        }
        let Some(field) = field else {
            self.value()?;
            return Ok(());
        };
        fields.claim(field, key_at)?;
        if field.is_scalar() {
            self.scalar(field, fields, at)
        } else {
            let packed = match fields.packs(field) {
                true => self.cursor.packed::<InEdn>(),
                false => None,
            };
            let value = match packed {
                Some(value) => value,
                None => self.value_here()?,
            };
            fields.set_value(field, value, at);
            Ok(())
        }
    }

    /// The field that the keyword at the cursor names.
    #[inline]
    fn field(&mut self) -> Parsed<Option<Field>> {
        let name = &self.cursor.text.as_bytes()[self.cursor.at + 1..];
        match Field::at_start::<b' '>(name) {
            Some((field, length)) => {
                self.cursor.at += 1 + length;
                Ok(Some(field))
            }
            None => self.keyword().map(Field::from_name),
        }
    }

    /// Sets a field to the number or name at the cursor, without making a [`Value`] of it.
    #[inline]
    fn scalar(&mut self, field: Field, fields: &mut Fields<'_>, at: usize) -> Parsed<()> {
        if let Some(int) = self.cursor.short_int(ends_token) {
            return fields.set_int(field, int, at);
        }
        match self.cursor.peek() {
            Some(b':') => fields.set_name(field, self.keyword()?, at),
            Some(b'"') => fields.set_name(field, &self.string()?, at),
            _ => fields.set_scalar(field, self.value()?, at),
        }
    }

    /// The next value, after any blanks, comments and discards.
    pub fn value(&mut self) -> Parsed<Value> {
        self.space()?;
        self.value_here()
    }

    /// The value that begins at the cursor.
    fn value_here(&mut self) -> Parsed<Value> {
        let Some(byte) = self.cursor.peek() else {
            return Err(self.cursor.unexpected(VALUE));
        };
        match byte {
            b'0'..=b'9' | b'-' | b'+' => self.number_or_symbol(),
            b':' => Ok(Value::keyword(self.keyword()?)),
            b'[' => self.members_until(b']').map(Value::List),
            b'(' => self.members_until(b')').map(Value::List),
            b'{' => self.map().map(Value::Map),
            b'"' => Ok(Value::Str(self.string()?.into())),
            b'#' => self.dispatch(),
            b'\\' => {
                let character = self.character()?;
                Ok(Value::str(character.encode_utf8(&mut [0; 4])))
            }
            b'^' => {
                self.metadata()?;
                self.nested()
            }
            _ => self.symbol(),
        }
    }

    /// A value one level deeper.
    fn nested(&mut self) -> Parsed<Value> {
        self.cursor.enter()?;
        let value = self.value()?;
        self.cursor.leave();
        Ok(value)
    }

    /// Steps over blanks, comments and discards.
    #[inline]
    pub fn space(&mut self) -> Parsed<()> {
        if self.cursor.peek() == Some(b' ') {
            self.cursor.at += 1;
        }
        match self.cursor.peek() {
            Some(byte) if byte > b'#' && byte != b',' && byte != b';' => Ok(()),
            _ => self.long_space(),
        }
    }

    fn long_space(&mut self) -> Parsed<()> {
        while let Some(byte) = self.cursor.peek() {
            match byte {
                _ if is_blank(byte) => self.cursor.at += 1,
                b';' => {
                    let rest = &self.cursor.text.as_bytes()[self.cursor.at..];
                    self.cursor.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                b'#' if self.cursor.peek_second() == Some(b'_') => self.discard()?,
                _ => break,
            }
        }
        Ok(())
    }

    /// Steps over `#_` and the value it hides.
    pub fn discard(&mut self) -> Parsed<()> {
        self.cursor.at += "#_".len();
        self.nested()?;
        Ok(())
    }

    /// Steps over `^` and the metadata after it.
    fn metadata(&mut self) -> Parsed<()> {
        self.cursor.at += 1;
        self.nested()?;
        Ok(())
    }

    /// Moves the cursor to where the token it is in ends.
    #[inline]
    pub(super) fn token_end(&mut self, expected: &'static str) -> Parsed<()> {
        while let Some(byte) = self.cursor.peek() {
            if ends_token(byte) {
                return Ok(());
            }
            self.cursor.at += 1;
        }
        match self.text_is_whole {
            true => Ok(()),
            false => Err(self.cursor.unexpected(expected)),
        }
    }

    /// The keyword at the cursor, without its colon.
    #[inline]
    fn keyword(&mut self) -> Parsed<&'t str> {
        let at = self.cursor.at;
        self.cursor.at += 1;
        self.token_end(KEYWORD)?;
        let name = &self.cursor.text[at + 1..self.cursor.at];
        if name.is_empty() || name.starts_with(':') {
            return Err(Fault::bad(at, KEYWORD));
        }
        Ok(name)
    }

    fn number_or_symbol(&mut self) -> Parsed<Value> {
        if let Some(int) = self.cursor.short_int(ends_token) {
            return Ok(Value::Int(int));
        }
        let at = self.cursor.at;
        self.token_end("a number")?;
        let token = &self.cursor.text[at..self.cursor.at];
        if token
            .trim_start_matches(['+', '-'])
            .starts_with(|c: char| c.is_ascii_digit())
        {
            return number(token).map_err(|expected| Fault::bad(at, expected));
        }
        Ok(Value::Symbol(token.into()))
    }

    fn symbol(&mut self) -> Parsed<Value> {
        let at = self.cursor.at;
        self.token_end("a symbol")?;
        Ok(match &self.cursor.text[at..self.cursor.at] {
            "" => return Err(Fault::bad(at, VALUE)),
            "nil" => Value::Nil,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            name => Value::Symbol(name.into()),
        })
    }

    fn map(&mut self) -> Parsed<Vec<(Value, Value)>> {
        let members = self.members_until(b'}')?;
        if members.len() % 2 == 1 {
            return Err(Fault::bad(
                self.cursor.at - 1,
                "a value for the last key of the map",
            ));
        }
        Ok(self.cursor.entries(members))
    }

    /// The members of the collection whose opening byte is at the cursor.
    fn members_until(&mut self, close: u8) -> Parsed<Vec<Value>> {
        self.cursor.enter()?;
        self.cursor.at += 1;
        let mut members = self.cursor.list();
        loop {
            self.cursor.short_naturals(&mut members)?;
            self.space()?;
            match self.cursor.peek() {
                Some(byte) if byte == close => break,
                Some(b')' | b']' | b'}') => {
                    let expected = format!("`{}` or another member", char::from(close));
                    return Err(Fault::bad(self.cursor.at, expected));
                }
                _ => {}
            }
            let member = self.value_here()?;
            self.cursor.count()?;
            members.push(member);
        }
        self.cursor.at += 1;
        self.cursor.leave();
        Ok(members)
    }

    /// What begins with `#`.
    fn dispatch(&mut self) -> Parsed<Value> {
        match self.cursor.peek_second() {
            None => Err(Fault::cut(self.cursor.text.len(), TAG)),
            Some(b'{') => {
                self.cursor.at += 1;
                self.members_until(b'}').map(Value::Set)
            }
            Some(b'#') => self.symbolic_number(),
            Some(b':') => self.namespaced_map(),
            Some(byte) if byte.is_ascii_alphabetic() || byte >= 0x80 => self.tagged(),
            Some(_) => Err(Fault::bad(self.cursor.at, TAG)),
        }
    }

    /// `##NaN`, `##Inf`, `##-Inf`.
    fn symbolic_number(&mut self) -> Parsed<Value> {
        const EXPECTED: &str = "##NaN, ##Inf or ##-Inf";
        let at = self.cursor.at;
        self.cursor.at += "##".len();
        self.token_end(EXPECTED)?;
        Ok(Value::Float(match &self.cursor.text[at..self.cursor.at] {
            "##NaN" => f64::NAN,
            "##Inf" => f64::INFINITY,
            "##-Inf" => f64::NEG_INFINITY,
            _ => return Err(Fault::bad(at, EXPECTED)),
        }))
    }

    /// `#:ns{:a 1}`, which is `{:ns/a 1}`; `:_/a` in it means plain `:a`.
    fn namespaced_map(&mut self) -> Parsed<Value> {
        let at = self.cursor.at;
        self.cursor.at += 1;
        let namespace = self.keyword()?;
        self.space()?;
        if self.cursor.peek() != Some(b'{') {
            return Err(self.cursor.unexpected("the map of the namespace"));
        }
        if namespace.contains('/') {
            return Err(Fault::bad(at, "a namespace without `/`"));
        }
        let qualify = |name: Text| -> Text {
            match name.split_once('/') {
                None => format!("{namespace}/{name}").into(),
                Some(("_", plain)) => plain.into(),
                Some(_) => name,
            }
        };
        let mut entries = self.map()?;
        for (key, _) in &mut entries {
            *key = match std::mem::take(key) {
                Value::Keyword(name) => Value::Keyword(qualify(name)),
                Value::Symbol(name) => Value::Symbol(qualify(name)),
                other => other,
            };
        }
        Ok(Value::Map(entries))
    }

    fn tagged(&mut self) -> Parsed<Value> {
        let at = self.cursor.at;
        self.cursor.at += 1;
        self.token_end(TAG)?;
        let tag = &self.cursor.text[at + 1..self.cursor.at];
        let value = self.nested()?;
        Ok(Value::Tagged(tag.into(), Box::new(value)))
    }
}
