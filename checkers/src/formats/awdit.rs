//! AWDIT's text: `r key value` or `w key value` a line, `-----` between transactions and `=====`
//! between sessions. All of them committed.
//!
//! Source: the test histories of AWDIT (PLDI 2025).

use crate::op::{Op, OpType};

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::transaction::{End, MicroOp, Transaction};
use super::{Format, Grammar, Step};

pub(super) static AWDIT: Format = Format {
    name: "awdit",
    about: "AWDIT's text of transactions: `r key value` a line, `-----` between them",
    sessions_only: true,
    detect: |text| {
        let line = text.lines().next().unwrap_or_default();
        separator(line).is_some() || micro_op(line).is_some()
    },
    grammar: || Box::new(Text::default()),
    writer: None,
};

const LINE: &str = "`r key value` or `w key value` of integers, `-----` or `=====`";

#[derive(Default)]
struct Text {
    transaction: Transaction,
    /// Sessions that have ended.
    sessions: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Separator {
    Transactions,
    Sessions,
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
        let mut used = 0;
        let mut ended = None;
        while ended.is_none() && used < text.len() {
            let (line, has_end) =
                super::first_line(&text[used..], context).map_err(|mut fault| {
                    fault.at += used;
                    fault
                })?;
            ended = separator(line);
            match (ended, micro_op(line)) {
                (Some(_), _) => {}
                (None, Some(micro_op)) => self.transaction.push(micro_op, used)?,
                (None, None) if line.trim().is_empty() => {}
                // Found bad when its turn comes, after the transaction before it.
                (None, None) if !self.transaction.is_empty() => break,
                (None, None) if !has_end => return Err(Fault::cut(used, LINE)),
                (None, None) => return Err(Fault::bad(used, LINE)),
            }
            used += line.len() + usize::from(has_end);
        }
        if ended.is_none() && used == text.len() && !context.at_end {
            return Err(Fault::cut(used, LINE));
        }
        let session = self.sessions;
        self.sessions += i64::from(ended == Some(Separator::Sessions));
        if self.transaction.is_empty() {
            return Ok(Step::Nothing { used });
        }
        let end = End {
            session,
            kind: OpType::Ok,
            used,
        };
        Ok(self.transaction.invoke(end, op, context))
    }

    fn tears(&self) -> bool {
        true
    }
}

fn separator(line: &str) -> Option<Separator> {
    const LENGTH_MIN: usize = 3;
    let line = line.trim_end();
    let separator = match line.as_bytes().first()? {
        b'-' => Separator::Transactions,
        b'=' => Separator::Sessions,
        _ => return None,
    };
    let same = line.bytes().all(|byte| byte == line.as_bytes()[0]);
    (same && line.len() >= LENGTH_MIN).then_some(separator)
}

fn micro_op(line: &str) -> Option<MicroOp> {
    let mut words = line.split_ascii_whitespace();
    let writes = match words.next()? {
        "r" => false,
        "w" => true,
        _ => return None,
    };
    let mut int = || words.next()?.parse().ok();
    let (key, value) = (int()?, Some(int()?));
    words
        .next()
        .is_none()
        .then_some(MicroOp { writes, key, value })
}
