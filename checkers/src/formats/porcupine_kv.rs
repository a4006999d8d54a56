//! Porcupine's key-value log: an EDN map a line with the key beside the value,
//! `{:process 0, :type :invoke, :f :get, :key "1", :value nil}`.
//!
//! `f` is get, put or append; keys and values are strings.
//!
//! Source: the `c*-ok` and `c*-bad` files Porcupine tests itself with.

use crate::op::Op;

use super::edn::Edn;
use super::error::{Fault, Parsed};
use super::fields::Context;
use super::{Format, Grammar, Step};

pub(super) static PORCUPINE_KV: Format = Format {
    name: "porcupine-kv",
    about: "Porcupine's key-value log: `{:process 0, :type :invoke, :f :get, :key \"1\", …}`",
    detect,
    grammar: || Box::new(Log),
};

const FUNCTIONS: [&str; 3] = ["get", "put", "append"];
const LINE: &str = "get, put or append with a string for its key";

fn detect(text: &str) -> bool {
    let context = Context {
        position: 0,
        at_end: true,
        lenient: false,
    };
    let line = text.lines().next().unwrap_or_default();
    line.starts_with("{:process")
        && Edn::new(line, Vec::new())
            .op(context)
            .is_ok_and(|op| fits(&op))
}

fn fits(op: &Op) -> bool {
    FUNCTIONS.contains(&&*op.f) && op.key.as_ref().is_some_and(|key| key.as_name().is_some())
}

struct Log;

impl Grammar for Log {
    fn next(&mut self, text: &str, context: Context) -> Parsed<Step> {
        if text.is_empty() {
            return Ok(Step::End);
        }
        let (line, ended) = super::first_line(text, context)?;
        let mut edn = Edn::new(line, Vec::new());
        let op = edn.op(context).and_then(|op| {
            edn.space()?;
            match edn.cursor.peek() {
                Some(_) => Err(Fault::bad(edn.cursor.at, "the end of the line")),
                None if !fits(&op) => Err(Fault::found(0, "another operation", LINE)),
                None => Ok(op),
            }
        });
        match op {
            Ok(op) => Ok(Step::Op {
                op,
                used: line.len(),
            }),
            Err(fault) if ended => Err(fault.ended_by_line()),
            Err(fault) => Err(fault),
        }
    }
}
