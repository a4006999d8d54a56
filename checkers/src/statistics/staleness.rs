//! How stale the reads of registers were, and whether replicas came to agree.
//!
//! A read is stale by *k* writes if k of them, each begun after the write it returns had finished,
//! had finished before it began (k-atomicity: Aiyer, Alvisi & Bazzi, DISC 2005), and by *Δ* if the
//! first of those had finished that long before (Golab, Li & Shah, *Analyzing consistency
//! properties for fun and profit*, PODC 2011). Both are what the history proves: the true figures
//! may be larger. A linearizable register has none.
//!
//! Replicas *converge* on a key if, once nothing writes to it any more, all that are still read
//! come to answer alike and stay so.

mod convergence;
mod overwritten;

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::tally::{Latency, NS_MAX, SIGNIFICANT_DIGITS};
use super::{Call, Timeline};
use crate::intern::{Interner, ValueId};
use crate::{Op, OpType, Value};
pub use convergence::Convergence;

/// A write that never finished, as far as the history tells.
const NEVER: u32 = u32::MAX;

/// Staleness of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Staleness {
    pub overall: Stale,
    /// By the node that was asked. Empty where the history names no nodes.
    pub nodes: Vec<Stale>,
    /// One for each fault that was in place, of the reads begun under it.
    pub faults: Vec<Stale>,
    /// Reads that tell nothing: their value was written more than once to the key, or never.
    pub untold: u64,
    pub convergence: Convergence,
}

impl Staleness {
    /// A line for all reads, for each node and for each fault, and one on agreement.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.overall.text()];
        let of = |(at, stale): (&str, &Stale)| format!("{at} {}: {}", stale.name, stale.text());
        lines.extend(self.nodes.iter().map(|stale| of(("at", stale))));
        lines.extend(self.faults.iter().map(|stale| of(("under", stale))));
        if self.untold > 0 {
            lines.push(format!(
                "{} reads tell nothing: write unique values",
                self.untold
            ));
        }
        lines.push(self.convergence.text());
        lines
    }
}

/// Staleness of some of the reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stale {
    pub name: String,
    pub reads: u64,
    pub stale: u64,
    /// How many reads were stale by how many writes, 1 and more; the last bucket has no end.
    pub k: Vec<Bucket>,
    pub k_max: u64,
    /// Nanoseconds; `None` where no stale read has times.
    pub delta: Option<Latency>,
}

/// Reads stale by `from` to `to` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bucket {
    pub from: u64,
    pub to: Option<u64>,
    pub reads: u64,
}

/// The first number of writes of each bucket.
const BUCKETS: [u64; 8] = [1, 2, 3, 5, 9, 17, 33, 65];

impl Stale {
    /// `7 of 120 reads stale (5.8 %), by up to 3 writes and 12.0 ms (p50 4.1 ms)`.
    pub fn text(&self) -> String {
        let share = 100.0 * self.stale as f64 / self.reads.max(1) as f64;
        let mut text = format!(
            "{} of {} reads stale ({share:.1} %)",
            self.stale, self.reads
        );
        if self.stale > 0 {
            text += &format!(", by up to {} writes", self.k_max);
        }
        if let Some(delta) = self.delta {
            let ms = |ns: u64| ns as f64 / 1e6;
            text += &format!(" and {:.1} ms (p50 {:.1} ms)", ms(delta.max), ms(delta.p50));
        }
        text
    }
}

/// A place in the order of events, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    at: u32,
    time: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Write {
    key: ValueId,
    value: ValueId,
    begin: u32,
    end: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Read {
    key: ValueId,
    value: ValueId,
    begin: Moment,
    end: Moment,
    node: Option<u32>,
    /// Position in `Recorder::faults` of the faults it was begun under.
    faults: u32,
}

/// Records reads and writes of registers.
#[derive(Default)]
pub(super) struct Recorder {
    events: u32,
    keys: Interner,
    values: Interner,
    writes: Vec<Write>,
    reads: Vec<Read>,
    nodes: Vec<String>,
    faults: Vec<Vec<usize>>,
}

/// What a call is from its invocation on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    begin: Moment,
    /// Position of the write that it may have done.
    write: Option<usize>,
}

impl Recorder {
    pub fn invoke(&mut self, op: &Op) -> Opened {
        let begin = self.moment(op);
        let value = match op.f.as_ref() {
            "write" => Some(&op.value),
            "cas" => op.value.as_items().and_then(|items| items.get(1)),
            _ => None,
        };
        let write = value.map(|value| {
            self.writes.push(Write {
                key: self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil)),
                value: self.values.intern(value),
                begin: begin.at,
                end: Moment {
                    at: NEVER,
                    time: None,
                },
            });
            self.writes.len() - 1
        });
        Opened { begin, write }
    }

    pub fn complete(&mut self, op: &Op, call: &Call, opened: Opened) {
        let end = self.moment(op);
        match (op.kind, opened.write) {
            (OpType::Ok, Some(write)) => self.writes[write].end = end,
            // It never was: nobody may read it.
            (OpType::Fail, Some(write)) => self.writes[write].begin = NEVER,
            (OpType::Ok, None) if op.f == "read" => self.read(op, call, opened.begin, end),
            _ => {}
        }
    }

    fn read(&mut self, op: &Op, call: &Call, begin: Moment, end: Moment) {
        let node = call.node.as_ref().map(|node| {
            let known = self.nodes.iter().position(|name| name == node);
            known.unwrap_or_else(|| {
                self.nodes.push(node.clone());
                self.nodes.len() - 1
            }) as u32
        });
        if self.faults.last() != Some(&call.faults) {
            self.faults.push(call.faults.clone());
        }
        self.reads.push(Read {
            key: self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil)),
            value: self.values.intern(&op.value),
            begin,
            end,
            node,
            faults: self.faults.len() as u32 - 1,
        });
    }

    fn moment(&mut self, op: &Op) -> Moment {
        self.events = self.events.saturating_add(1).min(NEVER - 1);
        Moment {
            at: self.events,
            time: op.time,
        }
    }

    pub fn finish(mut self, timeline: &Timeline) -> Staleness {
        self.writes.retain(|write| write.begin != NEVER);
        self.writes
            .sort_unstable_by_key(|write| (write.key, write.begin));
        self.reads
            .sort_unstable_by_key(|read| (read.key, read.begin.at));
        let mut overall = Counts::default();
        let mut nodes: BTreeMap<&str, Counts> = BTreeMap::new();
        let mut faults: Vec<Counts> = Vec::new();
        faults.resize_with(timeline.windows().len(), Counts::default);
        let mut untold = 0;
        let mut converged = convergence::Counter::default();
        for (writes, reads) in self.by_key() {
            for (read, stale) in reads.iter().zip(overwritten::stale(writes, reads)) {
                let Some(stale) = stale else {
                    untold += 1;
                    continue;
                };
                overall.add(stale);
                if let Some(node) = read.node {
                    nodes
                        .entry(&self.nodes[node as usize])
                        .or_default()
                        .add(stale);
                }
                for fault in &self.faults[read.faults as usize] {
                    faults[*fault].add(stale);
                }
            }
            let healed = timeline
                .windows()
                .iter()
                .filter_map(|window| window.end)
                .max();
            converged.add(writes, reads, healed);
        }
        let windows = timeline.windows().iter().zip(faults);
        Staleness {
            overall: overall.stale("overall".to_owned()),
            nodes: nodes
                .into_iter()
                .map(|(node, counts)| counts.stale(node.to_owned()))
                .collect(),
            faults: windows
                .map(|(window, counts)| counts.stale(format!("{} {}", window.family, window.fault)))
                .collect(),
            untold,
            convergence: converged.finish(),
        }
    }

    /// The writes and reads of each key that was read.
    fn by_key(&self) -> impl Iterator<Item = (&[Write], &[Read])> {
        self.reads.chunk_by(|a, b| a.key == b.key).map(|reads| {
            let key = reads[0].key;
            let from = self.writes.partition_point(|write| write.key < key);
            let to = self.writes.partition_point(|write| write.key <= key);
            (&self.writes[from..to], reads)
        })
    }
}

/// How stale a read was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lag {
    writes: u64,
    ns: Option<i64>,
}

#[derive(Default)]
struct Counts {
    reads: u64,
    stale: u64,
    k: [u64; BUCKETS.len()],
    k_max: u64,
    delta: Option<Histogram<u64>>,
}

impl Counts {
    fn add(&mut self, lag: Lag) {
        self.reads += 1;
        if lag.writes == 0 {
            return;
        }
        self.stale += 1;
        self.k_max = self.k_max.max(lag.writes);
        self.k[BUCKETS.partition_point(|from| *from <= lag.writes) - 1] += 1;
        if let Some(Ok(ns)) = lag.ns.map(u64::try_from) {
            if self.delta.is_none() {
                self.delta = Histogram::new_with_max(NS_MAX, SIGNIFICANT_DIGITS).ok();
            }
            if let Some(delta) = &mut self.delta {
                delta.saturating_record(ns);
            }
        }
    }

    fn stale(self, name: String) -> Stale {
        let ends = BUCKETS
            .iter()
            .skip(1)
            .map(|next| Some(next - 1))
            .chain([None]);
        let buckets = BUCKETS.iter().zip(ends).zip(self.k);
        Stale {
            name,
            reads: self.reads,
            stale: self.stale,
            k: buckets
                .map(|((from, to), reads)| Bucket {
                    from: *from,
                    to,
                    reads,
                })
                .filter(|bucket| bucket.reads > 0)
                .collect(),
            k_max: self.k_max,
            delta: self.delta.as_ref().map(Latency::of),
        }
    }
}

#[cfg(test)]
mod tests;
