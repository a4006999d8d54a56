//! EDN's strings and characters.

use std::borrow::Cow;

use crate::formats::error::{Fault, Parsed};
use crate::formats::scan::edn_plain_length;

use super::parse::Edn;

impl<'t> Edn<'t> {
    /// The string whose opening quote is at the cursor.
    pub(super) fn string(&mut self) -> Parsed<Cow<'t, str>> {
        let from = self.cursor.at + 1;
        let text = self.cursor.text;
        if let Some(length) = edn_plain_length(&text.as_bytes()[from..])
            && text.as_bytes()[from + length] == b'"'
        {
            self.cursor.at = from + length + 1;
            return Ok(Cow::Borrowed(&text[from..from + length]));
        }
        self.string_with_escapes().map(Cow::Owned)
    }

    #[cold]
    fn string_with_escapes(&mut self) -> Parsed<String> {
        self.cursor.at += 1;
        let text = self.cursor.text;
        let mut built = String::new();
        loop {
            let plain_from = self.cursor.at;
            let Some(length) = edn_plain_length(&text.as_bytes()[plain_from..]) else {
                return Err(Fault::cut(text.len(), "the closing quote of a string"));
            };
            let plain_to = plain_from + length;
            built.push_str(&text[plain_from..plain_to]);
            self.cursor.at = plain_to + 1;
            if text.as_bytes()[plain_to] == b'"' {
                return Ok(built);
            }
            built.push(self.escape()?);
        }
    }

    /// The escape whose backslash is just past.
    fn escape(&mut self) -> Parsed<char> {
        const EXPECTED: &str = "an escape: \\t \\r \\n \\b \\f \\\\ \\\" \\uXXXX or \\ooo";
        let byte = self
            .cursor
            .peek()
            .ok_or_else(|| self.cursor.unexpected(EXPECTED))?;
        let character = match byte {
            b't' => '\t',
            b'r' => '\r',
            b'n' => '\n',
            b'b' => '\x08',
            b'f' => '\x0c',
            b'\\' => '\\',
            b'"' => '"',
            b'u' => {
                self.cursor.at += 1;
                return self.cursor.unicode_escape();
            }
            b'0'..=b'7' => return self.octal_escape(),
            _ => return Err(self.cursor.unexpected(EXPECTED)),
        };
        self.cursor.at += 1;
        Ok(character)
    }

    /// One to three octal digits, at most `\377`.
    fn octal_escape(&mut self) -> Parsed<char> {
        let at = self.cursor.at;
        let mut code: u32 = 0;
        while let Some(digit @ b'0'..=b'7') = self.cursor.peek() {
            if self.cursor.at - at == 3 {
                break;
            }
            code = code * 8 + u32::from(digit - b'0');
            self.cursor.at += 1;
        }
        match u8::try_from(code) {
            Ok(byte) => Ok(char::from(byte)),
            Err(_) => Err(Fault::bad(at, "an octal escape of at most \\377")),
        }
    }

    /// The character whose backslash is at the cursor.
    pub(super) fn character(&mut self) -> Parsed<char> {
        const EXPECTED: &str = "a character: \\c, \\newline, \\space, \\tab or \\uXXXX";
        let at = self.cursor.at;
        self.cursor.at += 1;
        let rest = &self.cursor.text[self.cursor.at..];
        let first = rest
            .chars()
            .next()
            .ok_or_else(|| self.cursor.unexpected(EXPECTED))?;
        self.cursor.at += first.len_utf8();
        let tail_at = self.cursor.at;
        self.token_end(EXPECTED)?;
        let name = &self.cursor.text[at + 1..self.cursor.at];
        if self.cursor.at == tail_at {
            return Ok(first);
        }
        match name {
            "newline" => return Ok('\n'),
            "return" => return Ok('\r'),
            "space" => return Ok(' '),
            "tab" => return Ok('\t'),
            "formfeed" => return Ok('\x0c'),
            "backspace" => return Ok('\x08'),
            _ => {}
        }
        let by_code = name
            .strip_prefix('u')
            .filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        by_code.ok_or_else(|| Fault::bad(at, EXPECTED))
    }
}
