//! The order of each key's messages, and what it shows: offsets that contradict each other, lost
//! messages, and those that should not be there.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::json;

use super::Found;
use super::history::{Done, History};
use crate::OpType;
use crate::budget::{Exhausted, Meter};
use crate::intern::ValueId;
use crate::report::Finding;
use crate::story::when;

/// A key and a value.
pub(super) type Entry = (ValueId, ValueId);

/// What is known of the logs.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// By key: values by offset, each once.
    logs: BTreeMap<ValueId, BTreeMap<i64, Vec<ValueId>>>,
    /// By key, values by position; positions of values.
    pub by_position: BTreeMap<ValueId, Vec<ValueId>>,
    positions: FxHashMap<Entry, u32>,
    /// By message: the operation that sent it, as a number in the history.
    pub writers: FxHashMap<Entry, u32>,
    /// Messages that ok polls showed.
    read: FxHashSet<Entry>,
    /// By operation: it certainly took effect.
    pub committed: Vec<bool>,
}

impl Orders {
    pub fn new(history: &History, meter: &mut Meter) -> Result<Orders, Exhausted> {
        let mut orders = Orders::default();
        let mut shown: FxHashSet<Entry> = FxHashSet::default();
        for (number, done) in (0..).zip(&history.done) {
            for message in &done.messages {
                meter.step(0)?;
                let entry = (message.key, message.value);
                match (message.is_polled, done.kind) {
                    (true, OpType::Ok) => {
                        shown.insert(entry);
                        orders.read.insert(entry);
                    }
                    (true, _) => {}
                    (false, _) => {
                        orders.writers.entry(entry).or_insert(number);
                    }
                }
            }
        }
        for done in &history.done {
            let mut sent = done.messages.iter().filter(|message| !message.is_polled);
            let is_seen = sent.any(|message| shown.contains(&(message.key, message.value)));
            let is_committed = match done.kind {
                OpType::Ok => true,
                OpType::Info => is_seen,
                _ => false,
            };
            orders.committed.push(is_committed);
            for message in &done.messages {
                meter.step(0)?;
                if let Some(offset) = message.offset.filter(|_| message.is_polled || is_committed) {
                    let log = orders.logs.entry(message.key).or_default();
                    let values = log.entry(offset).or_default();
                    if !values.contains(&message.value) {
                        values.push(message.value);
                    }
                }
            }
        }
        for (key, log) in &orders.logs {
            let by_position = orders.by_position.entry(*key).or_default();
            for value in log.values().flatten() {
                // Its first place is the one that counts.
                let next = by_position.len() as u32;
                if *orders.positions.entry((*key, *value)).or_insert(next) == next {
                    by_position.push(*value);
                }
            }
        }
        Ok(orders)
    }

    pub fn position(&self, key: ValueId, value: ValueId) -> Option<u32> {
        self.positions.get(&(key, value)).copied()
    }

    /// Offsets with several values, and values with several offsets.
    pub fn offsets(&self, history: &History, found: &mut Found) {
        for (key, log) in &self.logs {
            let mut places: BTreeMap<ValueId, Vec<i64>> = BTreeMap::new();
            for (offset, values) in log {
                for value in values {
                    places.entry(*value).or_default().push(*offset);
                }
                if values.len() > 1 {
                    found.add("inconsistent-offsets", || {
                        let texts = values.iter().map(|value| history.value_text(*value));
                        let texts: Vec<String> = texts.collect();
                        let key = history.key_text(*key);
                        let summary =
                            format!("offset {offset} of key {key} held {}", texts.join(" and "));
                        let details = json!({ "key": key, "offset": offset, "values": texts });
                        finding("inconsistent-offsets", summary, &[], details)
                    });
                }
            }
            for (value, offsets) in places.iter().filter(|(_, offsets)| offsets.len() > 1) {
                found.add("duplicate", || {
                    let (key, value) = (history.key_text(*key), history.value_text(*value));
                    let summary = format!("{value} of key {key} stands at the offsets {offsets:?}");
                    let details = json!({ "key": key, "value": value, "offsets": offsets });
                    finding("duplicate", summary, &[], details)
                });
            }
        }
    }

    /// Acknowledged messages before the last one read that nobody read.
    pub fn lost(
        &self,
        history: &History,
        found: &mut Found,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let mut last: FxHashMap<ValueId, (u32, u32)> = FxHashMap::default();
        for (number, done) in (0..).zip(&history.done) {
            let polled = done.messages.iter().filter(|message| message.is_polled);
            for message in polled.filter(|_| done.kind == OpType::Ok) {
                meter.step(0)?;
                if let Some(position) = self.position(message.key, message.value) {
                    let known = last.entry(message.key).or_insert((position, number));
                    if position > known.0 {
                        *known = (position, number);
                    }
                }
            }
        }
        let mut unseen = 0;
        for (key, values) in &self.by_position {
            for (position, value) in (0..).zip(values) {
                meter.step(0)?;
                let entry = (*key, *value);
                let writer = self.writers.get(&entry).copied();
                let Some(writer) = writer.filter(|writer| self.committed[*writer as usize]) else {
                    continue;
                };
                let is_read = self.read.contains(&entry);
                let reader = last.get(key).filter(|(until, _)| position < *until);
                let Some((_, reader)) = reader.filter(|_| !is_read) else {
                    unseen += u64::from(!is_read);
                    continue;
                };
                let ops = [
                    &history.done[writer as usize],
                    &history.done[*reader as usize],
                ];
                found.add("lost-write", || {
                    let (key, value) = (history.key_text(*key), history.value_text(*value));
                    let summary = format!(
                        "{value} was sent to key {key} {} and never polled, though a later message \
                         was, {}",
                        when(ops[0].index, ops[0].time),
                        when(ops[1].index, ops[1].time)
                    );
                    let details = json!({ "key": key, "value": value, "position": position });
                    finding("lost-write", summary, &ops, details)
                });
            }
        }
        found.count("unseen", unseen);
        Ok(())
    }

    /// Polls of messages whose send failed, or that their own transaction sent.
    pub fn dirty(
        &self,
        history: &History,
        found: &mut Found,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        for (number, done) in (0..).zip(&history.done) {
            let polled = done.messages.iter().filter(|message| message.is_polled);
            for message in polled.filter(|_| done.kind == OpType::Ok) {
                meter.step(0)?;
                let Some(writer) = self.writers.get(&(message.key, message.value)).copied() else {
                    continue;
                };
                let other = &history.done[writer as usize];
                let (anomaly, what) = if writer == number {
                    (
                        "precommitted-read",
                        "which it had sent itself and not committed",
                    )
                } else if other.kind == OpType::Fail {
                    ("G1a", "whose send had failed")
                } else {
                    continue;
                };
                found.add(anomaly, || {
                    let key = history.key_text(message.key);
                    let value = history.value_text(message.value);
                    let summary = format!(
                        "the poll {} of key {key} showed {value}, {what}",
                        when(done.index, done.time)
                    );
                    let details = json!({ "key": key, "value": value });
                    let ops: &[&Done] = if writer == number {
                        &[done]
                    } else {
                        &[other, done]
                    };
                    finding(anomaly, summary, ops, details)
                });
            }
        }
        Ok(())
    }
}

pub(super) fn finding(
    anomaly: &'static str,
    summary: String,
    ops: &[&Done],
    details: serde_json::Value,
) -> Finding {
    Finding {
        anomaly,
        summary,
        ops: ops.iter().map(|done| done.index).collect(),
        time: ops.last().and_then(|done| done.time),
        details,
    }
}
