//! Quoted strings, which EDN and JSON write alike but for a few escapes.

use std::borrow::Cow;

use super::error::{Fault, Parsed};
use super::scan::Cursor;

/// What a format says of its strings.
pub(super) trait Quoting {
    /// Every escape, for errors.
    const ESCAPES: &'static str;

    /// Bytes before the next that is not plain: a quote, a backslash, or what may not stand there.
    fn plain_length(bytes: &[u8]) -> Option<usize>;

    /// The escape at the cursor, whose backslash is just past, where it is none of those both
    /// formats have.
    fn other_escape(cursor: &mut Cursor<'_>) -> Parsed<char>;
}

const END: &str = "the closing quote of a string";

impl<'t> Cursor<'t> {
    /// The string whose opening quote is at the cursor.
    #[inline]
    pub fn string<Q: Quoting>(&mut self) -> Parsed<Cow<'t, str>> {
        let from = self.at + 1;
        let text = self.text;
        if let Some(length) = Q::plain_length(&text.as_bytes()[from..])
            && text.as_bytes()[from + length] == b'"'
        {
            self.at = from + length + 1;
            return Ok(Cow::Borrowed(&text[from..from + length]));
        }
        self.string_with_escapes::<Q>().map(Cow::Owned)
    }

    #[cold]
    fn string_with_escapes<Q: Quoting>(&mut self) -> Parsed<String> {
        self.at += 1;
        let text = self.text;
        let mut built = String::new();
        loop {
            let plain_from = self.at;
            let Some(length) = Q::plain_length(&text.as_bytes()[plain_from..]) else {
                return Err(Fault::cut(text.len(), END));
            };
            let plain_to = plain_from + length;
            built.push_str(&text[plain_from..plain_to]);
            self.at = plain_to + 1;
            match text.as_bytes()[plain_to] {
                b'"' => return Ok(built),
                b'\\' => built.push(self.escape::<Q>()?),
                _ => {
                    const EXPECTED: &str = "control characters in strings to be escaped";
                    return Err(Fault::found(plain_to, "a bare control character", EXPECTED));
                }
            }
        }
    }

    /// The escape whose backslash is just past.
    fn escape<Q: Quoting>(&mut self) -> Parsed<char> {
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            Some(_) => return Q::other_escape(self),
            None => return Err(self.unexpected(Q::ESCAPES)),
        };
        self.at += 1;
        Ok(character)
    }
}
