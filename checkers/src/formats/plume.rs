//! Plume's text: a read or write a line, `r(key,value,session,transaction)` or `w(…)`.
//!
//! Lines of a transaction stand together and sessions are ordered by the file; transaction -1
//! stands for aborted ones, of which neighbours of one session are taken as one. See
//! [`transaction`](super::transaction) for what becomes of them.
//!
//! Sources: Plume (OOPSLA 2024) and those who took its format over: PolySI, IsoVista, AWDIT.

mod write;

use rustc_hash::FxHashSet;

use crate::op::{Op, OpType};

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::transaction::{End, MicroOp, Transaction};
use super::{Format, Grammar, Step};

pub(super) static PLUME: Format = Format {
    name: "plume",
    about: "Plume's text of transactions: `r(key,value,session,transaction)` a line",
    sessions_only: true,
    detect: |text| text.starts_with("r(") || text.starts_with("w("),
    grammar: || Box::new(Text::default()),
    writer: Some(|| Box::new(write::Lines::default())),
};

/// The transaction of writes that were aborted.
const ABORTED: i64 = -1;

const LINE: &str = "a line such as `w(key,value,session,transaction)`, all of them integers";
const LINE_END: &str = "the rest of a line such as `w(1,2,0,7)`";

#[derive(Default)]
struct Text {
    transaction: Transaction,
    /// Sessions and transactions whose lines have ended.
    ended: FxHashSet<(i64, i64)>,
}

/// One line.
#[derive(Clone, Copy)]
struct Line {
    writes: bool,
    key: i64,
    value: i64,
    session: i64,
    transaction: i64,
    /// Bytes, without the line end.
    length: usize,
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
        let first = line(text, 0, context)?;
        let owner = (first.session, first.transaction);
        if self.ended.contains(&owner) {
            let found = format!("transaction {} of session {} again", owner.1, owner.0);
            return Err(Fault::found(
                0,
                found,
                "the lines of a transaction together",
            ));
        }
        let mut used = 0;
        let mut next = first;
        while (next.session, next.transaction) == owner {
            let micro_op = MicroOp {
                writes: next.writes,
                key: next.key,
                value: Some(next.value),
            };
            self.transaction.push(micro_op, used)?;
            used += next.length;
            let after = used + blanks(&text[used..]);
            match (after == text.len(), context.at_end) {
                (true, true) => break,
                (true, false) => return Err(Fault::cut(after, LINE)),
                (false, _) => {}
            }
            match line(text, after, context) {
                Ok(line) => next = line,
                Err(fault) if fault.incomplete && !context.at_end => return Err(fault),
                // A bad line ends the transaction, and is found bad when its turn comes.
                Err(_) => break,
            }
            next.length += after - used;
        }
        if first.transaction != ABORTED {
            self.ended.insert(owner);
        }
        let end = End {
            session: first.session,
            kind: match first.transaction {
                ABORTED => OpType::Fail,
                _ => OpType::Ok,
            },
            used,
        };
        Ok(self.transaction.invoke(end, op, context))
    }

    fn tears(&self) -> bool {
        true
    }
}

fn blanks(text: &str) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    text.bytes().take_while(is_blank).count()
}

/// The line at `at`.
fn line(text: &str, at: usize, context: Context) -> Parsed<Line> {
    let (line, ended) = super::first_line(&text[at..], context).map_err(|mut fault| {
        fault.at += at;
        fault
    })?;
    let bytes = line.as_bytes();
    let wrong = |offset: usize| {
        // A number that nothing follows may go on as well.
        let mut rest = bytes[offset..].iter();
        let is_cut = !ended && rest.all(|byte| matches!(byte, b'0'..=b'9' | b'-'));
        match is_cut {
            true => Fault::cut(at + line.len(), LINE_END),
            false => Fault::bad(at + offset, LINE),
        }
    };
    let writes = match bytes {
        [b'w', b'(', ..] => true,
        [b'r', b'(', ..] => false,
        [b'r' | b'w'] => return Err(wrong(1)),
        _ => return Err(wrong(0)),
    };
    let mut offset = 2;
    let mut numbers = [0; 4];
    for (number, after) in numbers.iter_mut().zip(*b",,,)") {
        let (int, length) = int(&bytes[offset..]).ok_or_else(|| wrong(offset))?;
        (*number, offset) = (int, offset + length);
        if bytes.get(offset) != Some(&after) {
            return Err(wrong(offset));
        }
        offset += 1;
    }
    if blanks(&line[offset..]) != line.len() - offset {
        return Err(Fault::bad(at + offset, "the end of the line"));
    }
    let [key, value, session, transaction] = numbers;
    Ok(Line {
        writes,
        key,
        value,
        session,
        transaction,
        length: line.len(),
    })
}

/// The integer at the start of the bytes and its length, or `None` if it ends with them.
fn int(bytes: &[u8]) -> Option<(i64, usize)> {
    let negative = bytes.first() == Some(&b'-');
    let from = usize::from(negative);
    let mut value: i64 = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if !byte.is_ascii_digit() {
            return (at > from).then_some((value, at));
        }
        let digit = i64::from(byte - b'0');
        let signed = if negative { -digit } else { digit };
        value = value.checked_mul(10)?.checked_add(signed)?;
    }
    None
}
