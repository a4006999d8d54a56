//! The native format: a JSON object a line, appended as the run goes.
//!
//! `{"index":0,"time":12,"type":"invoke","process":0,"f":"read","value":null,"key":…,"node":…,
//! "error":…}`; absent fields are left out. A line is complete when its line end is, so a run that
//! is killed leaves at most one torn line, the last.

mod write;

pub use write::write;

use crate::op::Op;

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::json::Json;
use super::scratch::Scratch;
use super::{Format, Grammar, Step};

pub(super) static JSON_LINES: Format = Format {
    name: "json-lines",
    about: "faultbench's own history.jsonl: a JSON object a line",
    sessions_only: false,
    detect,
    grammar: || Box::new(Lines::default()),
    writer: Some(|| Box::new(write)),
};

fn detect(text: &str) -> bool {
    let inside = text.strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

#[derive(Default)]
struct Lines {
    scratch: Scratch,
}

impl Grammar for Lines {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if text.is_empty() {
            return Ok(Step::End);
        }
        let (line, ended) = super::first_line(text, context)?;
        let mut json = Json::new(line, &mut self.scratch);
        let parsed = json.op(context, op).and_then(|()| {
            json.space();
            match json.cursor.peek() {
                None => Ok(()),
                Some(_) => Err(Fault::bad(json.cursor.at, "the end of the line")),
            }
        });
        match parsed {
            Ok(()) => Ok(Step::Op { used: line.len() }),
            Err(fault) if ended => Err(fault.ended_by_line()),
            Err(fault) => Err(fault),
        }
    }

    fn tears(&self) -> bool {
        true
    }
}
