//! EDN's strings and characters.

use std::borrow::Cow;

use crate::formats::error::{Fault, Parsed};
use crate::formats::quoted::Quoting;
use crate::formats::scan::{Cursor, edn_plain_length};

use super::parse::Edn;

struct Quoted;

impl Quoting for Quoted {
    const ESCAPES: &'static str = "an escape: \\t \\r \\n \\b \\f \\\\ \\\" \\uXXXX or \\ooo";

    #[inline]
    fn plain_length(bytes: &[u8]) -> Option<usize> {
        edn_plain_length(bytes)
    }

    /// One to three octal digits, at most `\377`.
    fn other_escape(cursor: &mut Cursor<'_>) -> Parsed<char> {
        let at = cursor.at;
        let mut code: u32 = 0;
        while let Some(digit @ b'0'..=b'7') = cursor.peek() {
            if cursor.at - at == 3 {
                break;
            }
            code = code * 8 + u32::from(digit - b'0');
            cursor.at += 1;
        }
        if cursor.at == at {
            return Err(cursor.unexpected(Self::ESCAPES));
        }
        match u8::try_from(code) {
            Ok(byte) => Ok(char::from(byte)),
            Err(_) => Err(Fault::bad(at, "an octal escape of at most \\377")),
        }
    }
}

impl<'t> Edn<'t> {
    /// The string whose opening quote is at the cursor.
    #[inline]
    pub(super) fn string(&mut self) -> Parsed<Cow<'t, str>> {
        self.cursor.string::<Quoted>()
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
