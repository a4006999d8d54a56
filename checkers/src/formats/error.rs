//! What can be wrong with a history file, told with its place and the way out.

use std::borrow::Cow;
use std::io;

use thiserror::Error;

/// Why a history could not be read. Lines and columns count from 1; a column is a character, not a
/// byte.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The text is not what the format says it should be.
    #[error("{file}:{line}:{column}: {found}, expected {expected}; {advice}")]
    Malformed {
        file: String,
        line: u64,
        column: u64,
        /// What is there instead, shortened and escaped.
        found: String,
        expected: String,
        advice: String,
    },
    /// The bytes could not be had: a disk error, a damaged or cut compressed stream.
    #[error("{file}:{line}:{column}: reading stopped here: {cause}; {advice}")]
    Io {
        file: String,
        line: u64,
        column: u64,
        #[source]
        cause: io::Error,
        advice: &'static str,
    },
    /// No row of [`FORMATS`](super::FORMATS) knows the first bytes.
    #[error("{file}:1:1: {found} begins no known history, expected one of {known}; {advice}")]
    UnknownFormat {
        file: String,
        found: String,
        /// The names of all formats.
        known: String,
        advice: &'static str,
    },
}

impl ReadError {
    /// Line and column, from 1.
    pub fn position(&self) -> (u64, u64) {
        match self {
            ReadError::Malformed { line, column, .. } | ReadError::Io { line, column, .. } => {
                (*line, *column)
            }
            ReadError::UnknownFormat { .. } => (1, 1),
        }
    }
}

/// A complaint of a parser, before the reader gives it a file and a line.
#[derive(Debug)]
pub(super) struct Fault {
    /// Byte offset in the text the parser was given.
    pub at: usize,
    /// What is there; `None` lets the reader quote the text at `at`.
    pub found: Option<String>,
    pub expected: Cow<'static, str>,
    pub advice: Option<&'static str>,
    /// The text ended before the operation did: more text may cure it.
    pub incomplete: bool,
}

/// Boxed, because the good path should not carry the weight of the bad one.
pub(super) type Parsed<T> = Result<T, Box<Fault>>;

impl Fault {
    pub fn bad(at: usize, expected: impl Into<Cow<'static, str>>) -> Box<Fault> {
        Box::new(Fault {
            at,
            found: None,
            expected: expected.into(),
            advice: None,
            incomplete: false,
        })
    }

    pub fn found(
        at: usize,
        found: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Box<Fault> {
        let mut fault = Fault::bad(at, expected);
        fault.found = Some(found.into());
        fault
    }

    /// The text ends at `at`, too early.
    pub fn cut(at: usize, expected: impl Into<Cow<'static, str>>) -> Box<Fault> {
        let mut fault = Fault::bad(at, expected);
        fault.incomplete = true;
        fault
    }

    /// The same fault in a text that goes on: more text cannot cure it.
    pub fn ended_by_line(mut self: Box<Fault>) -> Box<Fault> {
        if self.incomplete {
            self.incomplete = false;
            self.found = Some("the line ends too early".to_owned());
        }
        self
    }
}

/// Characters of the offending text that an error shows.
const EXCERPT_CHARS_MAX: usize = 32;

/// Quotes the token at the start of `text`, escaped and shortened.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    if line.is_empty() {
        return "an empty line".to_owned();
    }
    let mut shown: String = line.chars().take(EXCERPT_CHARS_MAX).collect();
    let shortened = shown.len() < line.len();
    if shortened {
        shown.push('…');
    }
    let mut quoted = String::from("`");
    for c in shown.chars() {
        if c.is_control() {
            quoted.extend(c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    quoted.push('`');
    quoted
}
