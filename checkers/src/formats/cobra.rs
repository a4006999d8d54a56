//! Cobra's logs: binary, a file a session, a directory of them a history.
//!
//! On the way in each record becomes a line ([`decode`]), so that places in errors count records:
//! `S transaction`, `W write key`, `R transaction write key`, `C transaction`, and `=====` between
//! the logs of two sessions.
//!
//! A value is the id of its write, which cobra makes unique; the stored value itself, a hash, tells
//! nothing more. A read of the initial state, or of a key that is missing, is of nil. Reads of the
//! marks of cobra's own garbage collection are left out. A transaction without its `C` is one whose
//! client never heard: `info`.
//!
//! Source: Cobra (Tan et al., OSDI 2020), and PolySI, which reads its logs.

mod decode;

pub use decode::sessions;

pub(super) use decode::decoded;

use crate::op::{Op, OpType};

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::transaction::{End, MicroOp, Transaction};
use super::{Format, Grammar, Step};

pub(super) static COBRA: Format = Format {
    name: "cobra",
    about: "Cobra's binary logs: a directory with a log a session",
    sessions_only: true,
    detect: |text| text.starts_with("S ") || text.starts_with(SESSION_END),
    grammar: || Box::new(Records::default()),
    writer: None,
};

/// What stands between two sessions.
const SESSION_END: &str = "=====";

/// Transactions and writes that stand for the state before all others, and for a missing key.
const INITIAL: i64 = 0xbebe_ebee;
const MISSING: i64 = 0xdead_beef;
/// Writes of the garbage collector.
const COLLECTED: [i64; 2] = [0x2333_2333, 0x6666_6666];

const START: &str = "`S` and the id of a transaction";
const RECORD: &str = "a record of the transaction: a read R, a write W, or the commit C";

#[derive(Default)]
struct Records {
    transaction: Transaction,
    /// Sessions that have ended.
    sessions: i64,
}

impl Grammar for Records {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if let Some(step) = self.transaction.complete(op, context) {
            return Ok(step);
        }
        if text.is_empty() {
            return Ok(Step::End);
        }
        let (first, _) = super::first_line(text, context)?;
        let mut used = first.len();
        if first == SESSION_END {
            self.sessions += 1;
            return Ok(Step::Nothing { used });
        }
        let Some(["S", id]) = words(first) else {
            return Err(Fault::bad(0, START));
        };
        self.transaction.clear();
        let mut kind = OpType::Info;
        while kind == OpType::Info {
            let at = used + usize::from(text[used..].starts_with('\n'));
            let rest = &text[at..];
            if rest.is_empty() && context.at_end {
                break;
            }
            let (line, _) = super::first_line(rest, context).map_err(|mut fault| {
                fault.at += at;
                fault
            })?;
            match words(line) {
                Some(["C", committed]) if committed == id => kind = OpType::Ok,
                // The log goes on with another transaction.
                Some(["S", _]) => break,
                None if line == SESSION_END => break,
                None => match micro_op(line) {
                    Some(Some(micro_op)) => self.transaction.push(micro_op, at)?,
                    Some(None) => {}
                    None => return Err(Fault::bad(at, RECORD)),
                },
                Some(_) => return Err(Fault::bad(at, RECORD)),
            }
            used = at + line.len();
        }
        let end = End {
            session: self.sessions,
            kind,
            used,
        };
        Ok(self.transaction.invoke(end, op, context))
    }
}

/// The words of a line of two.
fn words(line: &str) -> Option<[&str; 2]> {
    let (record, id) = line.split_once(' ')?;
    (!id.contains(' ')).then_some([record, id])
}

/// A read or write; `Some(None)` for one that is not a client's.
fn micro_op(line: &str) -> Option<Option<MicroOp>> {
    let mut words = line.split(' ');
    let record = words.next()?;
    let mut ints = [0; 3];
    let count = if record == "R" { 3 } else { 2 };
    for int in ints.iter_mut().take(count) {
        *int = words.next()?.parse().ok()?;
    }
    let (writes, from, write, key) = match (record, ints) {
        ("W", [write, key, _]) => (true, 0, write, key),
        ("R", [from, write, key]) => (false, from, write, key),
        _ => return None,
    };
    if words.next().is_some() {
        return None;
    }
    let nothing = |id| id == INITIAL || id == MISSING;
    if !writes && from == INITIAL && COLLECTED.contains(&write) {
        return Some(None);
    }
    let is_initial = !writes && nothing(from) && nothing(write);
    Some(Some(MicroOp {
        writes,
        key,
        value: (!is_initial).then_some(write),
    }))
}
