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
use super::scratch::Scratch;
use super::{Format, Grammar, Step};

pub(super) static PORCUPINE_KV: Format = Format {
    name: "porcupine-kv",
    about: "Porcupine's key-value log: `{:process 0, :type :invoke, :f :get, :key \"1\", …}`",
    sessions_only: false,
    detect,
    grammar: || Box::new(Log::default()),
    writer: None,
};

const FUNCTIONS: [&str; 3] = ["get", "put", "append"];
const LINE: &str = "get, put or append with a string for its key";

fn detect(text: &str) -> bool {
    let context = Context {
        position: 0,
        at_end: true,
        packs: false,
        lenient: false,
    };
    let line = text.lines().next().unwrap_or_default();
    let mut op = Op::default();
    line.starts_with("{:process")
        && Edn::new(line, &mut Scratch::default())
            .op(context, &mut op)
            .is_ok_and(|()| fits(&op))
}

fn fits(op: &Op) -> bool {
    FUNCTIONS.contains(&&*op.f) && op.key.as_ref().is_some_and(|key| key.as_name().is_some())
}

#[derive(Default)]
struct Log {
    scratch: Scratch,
}

impl Grammar for Log {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if text.is_empty() {
            return Ok(Step::End);
        }
        let (line, ended) = super::first_line(text, context)?;
        let mut edn = Edn::new(line, &mut self.scratch);
        let parsed = edn.op(context, op).and_then(|()| {
            edn.space()?;
            match edn.cursor.peek() {
                Some(_) => Err(Fault::bad(edn.cursor.at, "the end of the line")),
                None if !fits(op) => Err(Fault::found(0, "another operation", LINE)),
                None => Ok(()),
            }
        });
        match parsed {
            Ok(()) => Ok(Step::Op { used: line.len() }),
            Err(fault) if ended => Err(fault.ended_by_line()),
            Err(fault) => Err(fault),
        }
    }
}
