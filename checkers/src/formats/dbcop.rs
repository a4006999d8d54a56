//! dbcop's JSON: an array of sessions, each an array of transactions, alone or as the `data` of an
//! object that describes the run.
//!
//! A transaction is `{"events": […], "committed": true}` with events
//! `{"Write": {"variable": 0, "version": 1}}` or `Read`; in files of 2019,
//! `{"write": true, "variable": 0, "value": 1, "success": true}` and `success` for `committed`. A
//! version of null was read where nothing had been written. Events that did not succeed did not
//! happen; a transaction that did not commit is an aborted one.
//!
//! Source: dbcop's `docs/history-format.md` (Biswas & Enea, OOPSLA 2019).

use crate::op::{Op, OpType};
use crate::value::Value;

use super::error::{Fault, Parsed};
use super::fields::Context;
use super::json::Json;
use super::scratch::Scratch;
use super::transaction::{End, MicroOp, Transaction};
use super::{Format, Grammar, Step};

pub(super) static DBCOP: Format = Format {
    name: "dbcop",
    about: "dbcop's JSON: an array of sessions of transactions",
    sessions_only: true,
    detect,
    grammar: || Box::new(Sessions::default()),
    writer: None,
};

fn detect(text: &str) -> bool {
    match after(text, '{') {
        Some(members) => members.starts_with("\"params\""),
        None => after(text, '[')
            .and_then(|sessions| after(sessions, '['))
            .is_some_and(|transactions| transactions.starts_with([']', '{'])),
    }
}

/// What follows an opening bracket.
fn after(text: &str, bracket: char) -> Option<&str> {
    text.strip_prefix(bracket).map(str::trim_start)
}

#[derive(Default)]
struct Sessions {
    place: Place,
    /// The array of sessions is a member of an object.
    described: bool,
    session: i64,
    transaction: Transaction,
    scratch: Scratch,
}

/// Where the reader stands; `First` is right after an opening bracket.
#[derive(Default, Clone, Copy, PartialEq)]
enum Place {
    #[default]
    Opening,
    /// Among the members of the describing object.
    Description {
        first: bool,
    },
    Sessions {
        first: bool,
    },
    Transactions {
        first: bool,
    },
    /// After the array of sessions, in the object.
    Tail,
    End,
}

const EVENT: &str = r#"an event such as {"Write":{"variable":0,"version":1}}, of integers"#;
const TRANSACTION: &str = r#"a transaction: {"events":[…],"committed":true}"#;

impl Grammar for Sessions {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if let Some(step) = self.transaction.complete(op, context) {
            return Ok(step);
        }
        let Some(byte) = text.bytes().next() else {
            return self.end();
        };
        let comma = match self.place {
            Place::Description { first } | Place::Sessions { first } => !first && byte == b',',
            Place::Transactions { first } => !first && byte == b',',
            Place::Tail => byte == b',',
            Place::Opening | Place::End => false,
        };
        if comma {
            self.place = match self.place {
                Place::Description { .. } => Place::Description { first: true },
                Place::Sessions { .. } => Place::Sessions { first: true },
                Place::Transactions { .. } => Place::Transactions { first: true },
                other => other,
            };
            return Ok(Step::Nothing { used: 1 });
        }
        self.place = match (self.place, byte) {
            (Place::Opening, b'{') => {
                self.described = true;
                Place::Description { first: true }
            }
            (Place::Opening, b'[') => Place::Sessions { first: true },
            (Place::Description { first: true }, b'"') => return self.description(text),
            (Place::Sessions { first: true }, b'[') => Place::Transactions { first: true },
            (Place::Transactions { .. }, b']') => {
                self.session += 1;
                Place::Sessions { first: false }
            }
            (Place::Sessions { .. }, b']') if self.described => Place::Tail,
            (Place::Sessions { .. }, b']') => Place::End,
            (Place::Transactions { first: true }, b'{') => {
                return self.transaction(text, context, op);
            }
            (Place::Tail, b'"') => return self.description(text),
            (Place::Tail, b'}') => Place::End,
            (place, _) => return Err(Fault::bad(0, expected(place))),
        };
        Ok(Step::Nothing { used: 1 })
    }
}

fn expected(place: Place) -> &'static str {
    match place {
        Place::Opening => "`[` or `{`, the beginning of the sessions or of their description",
        Place::Description { .. } => "a member such as `\"data\":[…]`",
        Place::Sessions { .. } => "a session: an array of transactions",
        Place::Transactions { .. } => TRANSACTION,
        Place::Tail => "`}`, the end of the description",
        Place::End => "nothing after the sessions",
    }
}

impl Sessions {
    fn end(&mut self) -> Parsed<Step> {
        // Said once: a reader that skips errors comes back here.
        match std::mem::replace(&mut self.place, Place::End) {
            Place::End => Ok(Step::End),
            place => Err(Fault::cut(0, expected(place))),
        }
    }

    /// Steps over a member of the description, or to the value of `data`.
    fn description(&mut self, text: &str) -> Parsed<Step> {
        let mut json = Json::new(text, &mut self.scratch);
        let is_data = json.key()? == "data" && self.place != Place::Tail;
        if !is_data {
            json.value()?;
        } else if json.cursor.peek() == Some(b'[') {
            json.cursor.at += 1;
        } else {
            return Err(json.cursor.unexpected("`[`, the beginning of the sessions"));
        }
        let used = json.cursor.at;
        self.place = match self.place {
            _ if is_data => Place::Sessions { first: true },
            Place::Description { .. } => Place::Description { first: false },
            other => other,
        };
        Ok(Step::Nothing { used })
    }

    fn transaction(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        let mut json = Json::new(text, &mut self.scratch);
        let value = json.value()?;
        let used = json.cursor.at;
        let kind = match value.get("committed").or(value.get("success")) {
            Some(Value::Bool(true)) => OpType::Ok,
            Some(Value::Bool(false)) => OpType::Fail,
            _ => return Err(Fault::bad(0, TRANSACTION)),
        };
        let events = value.get("events").and_then(Value::as_items);
        self.transaction.clear();
        for event in events.ok_or_else(|| Fault::bad(0, TRANSACTION))? {
            let micro_op = micro_op(event).ok_or_else(|| Fault::bad(0, EVENT))?;
            if event.get("success") != Some(&Value::Bool(false)) {
                self.transaction.push(micro_op, 0)?;
            }
        }
        self.scratch.recycle(value);
        self.place = Place::Transactions { first: false };
        let end = End {
            session: self.session,
            kind,
            used,
        };
        Ok(self.transaction.invoke(end, op, context))
    }
}

fn micro_op(event: &Value) -> Option<MicroOp> {
    let (writes, event, value) = match (event.get("Read"), event.get("Write"), event.get("write")) {
        (Some(read), None, None) => (false, read, "version"),
        (None, Some(write), None) => (true, write, "version"),
        (None, None, Some(Value::Bool(writes))) => (*writes, event, "value"),
        _ => return None,
    };
    let value = match event.get(value)? {
        Value::Nil if !writes => None,
        value => Some(value.as_int()?),
    };
    let key = event.get("variable")?.as_int()?;
    Some(MicroOp { writes, key, value })
}
