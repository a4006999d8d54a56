//! Whether each consumer polls, and each producer sends, in the order of the log.
//!
//! Positions are kept by process and key. A poll that failed or whose outcome is unknown is judged,
//! but what it showed is polled again; a subscription forgets the keys it does not ask for.

use rustc_hash::FxHashMap;
use serde_json::json;

use super::Found;
use super::history::{Done, History};
use super::order::{Orders, finding};
use crate::OpType;
use crate::budget::{Exhausted, Meter};
use crate::intern::ValueId;
use crate::story::when;

/// Names of what is wrong: behind the position before, or too far ahead of it; within one operation
/// and between two.
struct Names {
    within: [&'static str; 2],
    between: [&'static str; 2],
    did: &'static str,
}

const POLLS: Names = Names {
    within: ["int-nonmonotonic-poll", "int-poll-skip"],
    between: ["nonmonotonic-poll", "poll-skip"],
    did: "polled",
};

/// Others may send in between, so a producer skips nothing.
const SENDS: Names = Names {
    within: ["int-nonmonotonic-send", "int-send-skip"],
    between: ["nonmonotonic-send", "int-send-skip"],
    did: "sent",
};

/// Where a process is with a key: the position, and the operation that got there.
type Places = FxHashMap<(i64, ValueId), (u32, u32)>;

pub(super) fn judge(
    history: &History,
    orders: &Orders,
    found: &mut Found,
    meter: &mut Meter,
) -> Result<(), Exhausted> {
    let (mut polled, mut sent) = (Places::default(), Places::default());
    for (number, done) in (0..).zip(&history.done) {
        meter.step(0)?;
        if let Some(keys) = &done.subscribed {
            for places in [&mut polled, &mut sent] {
                places.retain(|(process, key), _| *process != done.process || keys.contains(key));
            }
            continue;
        }
        let one = One {
            history,
            orders,
            number,
        };
        one.judge(true, &mut polled, found);
        if done.kind != OpType::Fail {
            one.judge(false, &mut sent, found);
        }
    }
    Ok(())
}

/// One operation while it is looked at.
struct One<'a> {
    history: &'a History,
    orders: &'a Orders,
    number: u32,
}

impl One<'_> {
    fn judge(&self, polls: bool, places: &mut Places, found: &mut Found) {
        let done = &self.history.done[self.number as usize];
        let names = if polls { &POLLS } else { &SENDS };
        let mut own: FxHashMap<ValueId, u32> = FxHashMap::default();
        for message in done
            .messages
            .iter()
            .filter(|message| message.is_polled == polls)
        {
            let Some(position) = self.orders.position(message.key, message.value) else {
                continue;
            };
            let key = message.key;
            match own.insert(key, position) {
                Some(before) => self.compare(key, names, None, before, position, found),
                None => {
                    if let Some((before, by)) = places.get(&(done.process, key)).copied() {
                        self.compare(key, names, Some(by), before, position, found);
                    }
                }
            }
        }
        if done.kind == OpType::Ok {
            for (key, position) in own {
                places.insert((done.process, key), (position, self.number));
            }
        }
    }

    fn compare(
        &self,
        key: ValueId,
        names: &Names,
        by: Option<u32>,
        before: u32,
        position: u32,
        found: &mut Found,
    ) {
        let [back, skip] = if by.is_some() {
            names.between
        } else {
            names.within
        };
        let anomaly = match position {
            ahead if ahead <= before => back,
            next if next == before + 1 => return,
            _ if skip == SENDS.within[1] => {
                found.count(skip, u64::from(by.is_none()));
                return;
            }
            _ => skip,
        };
        let done = &self.history.done[self.number as usize];
        let earlier = by.map(|by| &self.history.done[by as usize]);
        found.add(anomaly, || {
            let value = |position: u32| {
                let values = &self.orders.by_position[&key];
                self.history.value_text(values[position as usize])
            };
            let skipped: Vec<String> = (before + 1..position).map(value).collect();
            let key = self.history.key_text(key);
            let left_out = match skipped.as_slice() {
                [] => String::new(),
                skipped => format!(" and left out {}", skipped.join(", ")),
            };
            let after = earlier.map_or_else(
                || " in the same operation".to_owned(),
                |earlier| format!(" {}", when(earlier.index, earlier.time)),
            );
            let summary = format!(
                "process {} {} {} of key {key} {}, after {}{after}{left_out}",
                done.process,
                names.did,
                value(position),
                when(done.index, done.time),
                value(before)
            );
            let details = json!({
                "key": key,
                "values": [value(before), value(position)],
                "delta": i64::from(position) - i64::from(before),
                "skipped": skipped,
            });
            let ops: Vec<&Done> = earlier.into_iter().chain([done]).collect();
            finding(anomaly, summary, &ops, details)
        });
    }
}
