//! Sends and polls as they were recorded.

use crate::checker::OpError;
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::{Op, OpType, Value};

const MICRO_OPS: &str = "micro-operations [:send key value], [:send key [offset value]] and \
                         [:poll {key [[offset value] …]}]";

/// A message that was sent, or shown by a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    pub key: ValueId,
    pub value: ValueId,
    /// `None` where the send was not answered with one.
    pub offset: Option<i64>,
    /// Shown by a poll.
    pub is_polled: bool,
}

/// An operation that ended, with its messages in order.
#[derive(Debug)]
pub(super) struct Done {
    pub process: i64,
    pub kind: OpType,
    pub index: u64,
    pub time: Option<i64>,
    pub messages: Vec<Message>,
    /// The keys asked for from now on.
    pub subscribed: Option<Vec<ValueId>>,
}

#[derive(Debug, Default)]
pub(super) struct History {
    pub keys: Interner,
    pub values: Interner,
    pub done: Vec<Done>,
    pending: Pending<Vec<Message>>,
}

impl History {
    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !super::FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, super::FUNCTIONS));
        }
        let subscribes = op.f == "subscribe" || op.f == "assign";
        let (messages, subscribed) = if subscribes {
            (Vec::new(), Some(self.keys_of(op)?))
        } else {
            (self.messages(op)?, None)
        };
        if op.kind == OpType::Invoke {
            return self.pending.invoke(op, process, messages);
        }
        let invoked = self.pending.completed_by(op, process)?;
        // A completion may leave out what it was invoked with.
        let messages = match messages.is_empty() {
            true => invoked.clone(),
            false => messages,
        };
        self.done.push(Done {
            process,
            kind: op.kind,
            index: op.index,
            time: op.time,
            messages,
            subscribed,
        });
        self.pending.close(op, process);
        Ok(())
    }

    fn keys_of(&mut self, op: &Op) -> Result<Vec<ValueId>, OpError> {
        let keys = op.value.as_items().ok_or_else(|| {
            let problem = format!("`{}` carries {}", op.f, op.value);
            OpError::new(op, problem, "a list of keys")
        })?;
        Ok(keys.iter().map(|key| self.keys.intern(key)).collect())
    }

    fn messages(&mut self, op: &Op) -> Result<Vec<Message>, OpError> {
        let wrong =
            |found: &Value| OpError::new(op, format!("a transaction holds {found}"), MICRO_OPS);
        let mut messages = Vec::new();
        let micro_ops = match &op.value {
            Value::Nil => &[],
            value => value.as_items().ok_or_else(|| wrong(value))?,
        };
        for micro_op in micro_ops {
            let items = micro_op.as_items().ok_or_else(|| wrong(micro_op))?;
            match (items.first().and_then(Value::as_name), items) {
                (Some("send"), [_, key, value]) => {
                    let message = self.message(key, value, false);
                    messages.push(message);
                }
                (Some("poll"), [_]) | (Some("poll"), [_, Value::Nil]) => {}
                (Some("poll"), [_, Value::Map(shown)]) => {
                    for (key, list) in shown {
                        for pair in list.as_items().ok_or_else(|| wrong(micro_op))? {
                            let message = self.message(key, pair, true);
                            messages.push(message);
                        }
                    }
                }
                _ => return Err(wrong(micro_op)),
            }
        }
        Ok(messages)
    }

    fn message(&mut self, key: &Value, value: &Value, is_polled: bool) -> Message {
        let placed = match value.as_items() {
            Some([Value::Int(offset), value]) => Some((*offset, value)),
            Some([Value::Nil, value]) => return self.message(key, value, is_polled),
            _ => None,
        };
        Message {
            key: self.keys.intern(key),
            value: self.values.intern(placed.map_or(value, |(_, value)| value)),
            offset: placed.map(|(offset, _)| offset),
            is_polled,
        }
    }

    pub fn sends(&self) -> usize {
        self.messages_of(OpType::Ok)
            .filter(|message| !message.is_polled)
            .count()
    }

    pub fn polls(&self) -> usize {
        self.messages_of(OpType::Ok)
            .filter(|message| message.is_polled)
            .count()
    }

    pub fn any_ok(&self) -> bool {
        self.done.iter().any(|done| done.kind == OpType::Ok)
    }

    fn messages_of(&self, kind: OpType) -> impl Iterator<Item = &Message> {
        let done = self.done.iter().filter(move |done| done.kind == kind);
        done.flat_map(|done| &done.messages)
    }

    pub fn key_text(&self, key: ValueId) -> String {
        self.keys.value(key).to_string()
    }

    pub fn value_text(&self, value: ValueId) -> String {
        self.values.value(value).to_string()
    }
}
