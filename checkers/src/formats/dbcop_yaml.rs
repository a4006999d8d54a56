//! dbcop's YAML of 2019: a list of sessions of transactions, each with its events.
//!
//! ```text
//! - - events:
//!     - write:    true
//!       variable: 0
//!       value:    1
//!       success:  true
//!     success:    true
//! ```
//!
//! A transaction begins a session with two dashes and follows in one with a single dash. Its own
//! `success` is the one after that of its last event. Only what dbcop writes is read, not YAML.
//!
//! Source: the histories of dbcop (Biswas & Enea, OOPSLA 2019).

use crate::op::{Op, OpType};

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::transaction::{End, MicroOp, Transaction};
use super::{Format, Grammar, Step};

pub(super) static DBCOP_YAML: Format = Format {
    name: "dbcop-yaml",
    about: "dbcop's YAML of 2019: sessions of transactions, each a list of events",
    sessions_only: true,
    detect: |text| begins(text.lines().next().unwrap_or_default()) == Some(Begins::Session),
    grammar: || Box::new(Text::default()),
    writer: None,
};

const BEGIN: &str = "`- - events:` or `- events:`, a transaction";
const EVENT: &str = "`write:`, `variable:`, `value:` and `success:` of every event";
const LINE: &str = "`write:`, `variable:`, `value:` or `success:` of an event, or of a transaction";

#[derive(Default)]
struct Text {
    transaction: Transaction,
    /// Sessions that have begun.
    sessions: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Begins {
    Session,
    Transaction,
}

/// What a first line of a transaction begins.
fn begins(line: &str) -> Option<Begins> {
    let inner = line.trim().strip_prefix('-')?.trim_start();
    let (begins, events) = match inner.strip_prefix('-') {
        Some(inner) => (Begins::Session, inner.trim_start()),
        None => (Begins::Transaction, inner),
    };
    let rest = events.strip_prefix("events:")?.trim();
    (rest.is_empty() || rest == "[]").then_some(begins)
}

/// An event as far as it was read.
#[derive(Default)]
struct Event {
    writes: Option<bool>,
    key: Option<i64>,
    value: Option<Option<i64>>,
    success: Option<bool>,
}

impl Event {
    /// Takes a member of the event. `None` if it is none, or there twice.
    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        let is_new = match name {
            "write" => self.writes.replace(truth(value)?).is_none(),
            "variable" => self.key.replace(value.parse().ok()?).is_none(),
            "value" => self.value.replace(number(value)?).is_none(),
            "success" => self.success.replace(truth(value)?).is_none(),
            _ => false,
        };
        is_new.then_some(())
    }

    /// The micro-operation, if it is whole; none of an event that did not succeed.
    fn micro_op(&self) -> Option<Option<MicroOp>> {
        let micro_op = MicroOp {
            writes: self.writes?,
            key: self.key?,
            value: self.value?,
        };
        Some(self.success?.then_some(micro_op))
    }
}

fn truth(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// An integer, or nothing that was found.
fn number(text: &str) -> Option<Option<i64>> {
    match text {
        "~" | "null" => Some(None),
        digits => digits.parse().ok().map(Some),
    }
}

impl Text {
    /// The first `used` bytes begin the transaction that is read on; how many it takes, and whether
    /// it succeeded.
    fn events(&mut self, text: &str, mut used: usize, context: Context) -> Parsed<(usize, bool)> {
        let mut event: Option<Event> = None;
        let mut success = None;
        while used < text.len() {
            let (line, has_end) =
                super::first_line(&text[used..], context).map_err(|mut fault| {
                    fault.at += used;
                    fault
                })?;
            if begins(line).is_some() {
                break;
            }
            let member = line.trim();
            let (is_first, member) = match member.strip_prefix('-') {
                Some(member) => (true, member.trim_start()),
                None => (false, member),
            };
            let bad = || Fault::bad(used, LINE);
            if is_first {
                self.finish(event.replace(Event::default()), used)?;
            }
            if !member.is_empty() {
                let (name, value) = member.split_once(':').ok_or_else(bad)?;
                let (name, value) = (name.trim(), value.trim());
                match event.as_mut().filter(|event| event.success.is_none()) {
                    Some(event) => event.take(name, value).ok_or_else(bad)?,
                    None if name == "success" && success.is_none() => {
                        success = Some(truth(value).ok_or_else(bad)?);
                    }
                    None => return Err(bad()),
                }
            }
            used += line.len() + usize::from(has_end);
        }
        self.finish(event, used)?;
        match success {
            Some(success) => Ok((used, success)),
            None => Err(Fault::bad(used, LINE)),
        }
    }

    /// Adds an event that is read.
    fn finish(&mut self, event: Option<Event>, at: usize) -> Parsed<()> {
        let Some(event) = event else {
            return Ok(());
        };
        let lacks = || Fault::found(at, "an event that ends before it is whole", EVENT);
        let micro_op = event.micro_op().ok_or_else(lacks)?;
        micro_op.map_or(Ok(()), |micro_op| self.transaction.push(micro_op, at))
    }
}

impl Grammar for Text {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if let Some(step) = self.transaction.complete(op, context) {
            return Ok(step);
        }
        if text.is_empty() {
            return Ok(Step::End);
        }
        self.transaction.clear();
        let (line, has_end) = super::first_line(text, context)?;
        let begins = begins(line).ok_or_else(|| Fault::bad(0, BEGIN))?;
        let used = line.len() + usize::from(has_end);
        // Only the next transaction, or the end, says that this one is whole.
        let (used, success) = match self.events(text, used, context) {
            Ok((used, _)) if used == text.len() && !context.at_end => {
                return Err(Fault::cut(used, LINE));
            }
            Err(fault) if fault.at >= text.len() && !context.at_end => {
                return Err(Fault::cut(fault.at, LINE));
            }
            read => read?,
        };
        self.sessions += i64::from(begins == Begins::Session);
        if self.transaction.is_empty() {
            return Ok(Step::Nothing { used });
        }
        let kind = if success { OpType::Ok } else { OpType::Fail };
        let end = End {
            session: self.sessions - 1,
            kind,
            used,
        };
        Ok(self.transaction.invoke(end, op, context))
    }
}
