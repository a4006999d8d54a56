//! Jepsen's EDN: a map of an operation after another, bare or in one vector or list.
//!
//! Both `{:type :invoke, …}` and the record `#jepsen.history.Op{…}` are operations. An independent
//! tuple as `:value`, `#jepsen.independent.Tuple[k v]`, becomes key and value; a plain vector stays
//! one, since nothing tells it from a cas. Values lose two things: a character `\a` is read as a
//! string, and metadata `^{…}` is dropped.
//!
//! Sources: the EDN specification (github.com/edn-format/edn) and, where it is silent, what
//! Clojure's own reader takes: hexadecimal integers, ratios, octal string escapes, metadata.

mod chars;
mod number;
mod parse;
mod token;
mod write;

pub use write::write;

pub(super) use parse::Edn;

use crate::op::Op;

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::scratch::Scratch;
use super::{Format, Grammar, Step};

pub(super) static EDN: Format = Format {
    name: "edn",
    about: "Jepsen's history.edn: an operation map a line, or a vector of them",
    sessions_only: false,
    detect,
    grammar: || Box::new(History::default()),
    writer: Some(|| Box::new(write)),
};

fn detect(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'{' | b'(' | b'[' | b'#' | b';' | b'^' | b',', ..]
    )
}

#[derive(Default)]
struct History {
    opening: Opening,
    scratch: Scratch,
}

/// Whether the operations stand in a vector or list.
#[derive(Default, Clone, Copy, PartialEq)]
enum Opening {
    #[default]
    Unknown,
    Bare,
    /// Inside, with the byte that closes it.
    Inside(u8),
    Closed,
}

impl Grammar for History {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        let Some(first) = text.bytes().next() else {
            return self.end();
        };
        match first {
            b',' => return Ok(Step::Nothing { used: 1 }),
            b';' => return comment(text, context),
            b'#' if text.starts_with("#_") => return self.discard(text),
            _ => {}
        }
        match (self.opening, first) {
            (Opening::Unknown, b'[') => return self.open(b']'),
            (Opening::Unknown, b'(') => return self.open(b')'),
            (Opening::Inside(close), byte) if byte == close => {
                self.opening = Opening::Closed;
                return Ok(Step::Nothing { used: 1 });
            }
            (Opening::Closed, _) => {
                return Err(Fault::bad(
                    0,
                    "nothing after the bracket that closes the history",
                ));
            }
            (Opening::Unknown, _) => self.opening = Opening::Bare,
            _ => {}
        }
        self.parse(text, |edn| {
            edn.op(context, op)?;
            Ok(Step::Op {
                used: edn.cursor.at,
            })
        })
    }

    fn skipped_line(&mut self) {
        // The line may have held the bracket.
        if self.opening == Opening::Unknown {
            self.opening = Opening::Bare;
        }
    }
}

impl History {
    fn open(&mut self, close: u8) -> Parsed<Step> {
        self.opening = Opening::Inside(close);
        Ok(Step::Nothing { used: 1 })
    }

    fn end(&mut self) -> Parsed<Step> {
        match self.opening {
            Opening::Inside(close) => {
                // Said once: a reader that skips errors comes back here.
                self.opening = Opening::Closed;
                Err(Fault::cut(
                    0,
                    format!("`{}` to close the history", char::from(close)),
                ))
            }
            _ => Ok(Step::End),
        }
    }

    fn discard(&mut self, text: &str) -> Parsed<Step> {
        self.parse(text, |edn| {
            edn.discard()?;
            Ok(Step::Nothing {
                used: edn.cursor.at,
            })
        })
    }

    fn parse(
        &mut self,
        text: &str,
        parse: impl FnOnce(&mut Edn<'_>) -> Parsed<Step>,
    ) -> Parsed<Step> {
        parse(&mut Edn::new(text, &mut self.scratch))
    }
}

fn comment(text: &str, context: Context) -> Parsed<Step> {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(line_end) => Ok(Step::Nothing { used: line_end }),
        None if context.at_end => Ok(Step::Nothing { used: text.len() }),
        None => Err(Fault::cut(text.len(), "the end of the comment")),
    }
}
