//! One JSON array of operations, as elle-cli reads them.

use crate::op::Op as Operation;

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::json::Json;
use super::scratch::Scratch;
use super::{Format, Grammar, Step};

pub(super) static JSON_ARRAY: Format = Format {
    name: "json-array",
    about: "elle-cli's JSON: one array of operation objects",
    sessions_only: false,
    detect,
    grammar: || Box::new(Array::default()),
    writer: None,
};

fn detect(text: &str) -> bool {
    let inside = text.strip_prefix('[').map(str::trim_start);
    inside
        .and_then(|inside| inside.strip_prefix('{'))
        .is_some_and(|object| object.trim_start().starts_with('"'))
}

#[derive(Default)]
struct Array {
    place: Place,
    scratch: Scratch,
}

/// What comes next.
#[derive(Default, Clone, Copy, PartialEq)]
enum Place {
    #[default]
    Opening,
    FirstOrClosing,
    Op,
    CommaOrClosing,
    /// After a line that could not be read, with whatever it held.
    Anything,
    End,
}

impl Grammar for Array {
    fn next(&mut self, text: &str, context: Context, op: &mut Operation) -> Parsed<Step> {
        use Place::*;
        let Some(first) = text.bytes().next() else {
            return self.end();
        };
        self.place = match (self.place, first) {
            (Opening | Anything, b'[') => FirstOrClosing,
            (Anything | CommaOrClosing, b',') => Op,
            (FirstOrClosing | Anything | CommaOrClosing, b']') => End,
            (FirstOrClosing | Op | Anything, _) => return self.op(text, context, op),
            (Opening, _) => return Err(Fault::bad(0, "`[`, the beginning of the array")),
            (CommaOrClosing, _) => return Err(Fault::bad(0, "`,` or `]`")),
            (End, _) => return Err(Fault::bad(0, "nothing after the `]` that ends the history")),
        };
        Ok(Step::Nothing { used: 1 })
    }

    fn skipped_line(&mut self) {
        if self.place != Place::End {
            self.place = Place::Anything;
        }
    }
}

impl Array {
    fn op(&mut self, text: &str, context: Context, op: &mut Operation) -> Parsed<Step> {
        let mut json = Json::new(text, &mut self.scratch);
        let step = json.op(context, op).map(|()| Step::Op {
            used: json.cursor.at,
        });
        if step.is_ok() {
            self.place = Place::CommaOrClosing;
        }
        step
    }

    fn end(&mut self) -> Parsed<Step> {
        if self.place == Place::End {
            return Ok(Step::End);
        }
        // Said once: a reader that skips errors comes back here.
        self.place = Place::End;
        Err(Fault::cut(0, "`]`, the end of the array"))
    }
}
