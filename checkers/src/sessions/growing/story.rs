//! What broke a guarantee of a collection, in words.

use serde_json::json;

use super::history::{AddId, History, Misread, Read};
use super::rules::{Violation, Why};
use crate::graph::cycles::Edge;
use crate::graph::{PROCESS, WR};
use crate::report::Finding;
use crate::sessions::{Guarantee, anomaly};
use crate::shrink;
use crate::story::{self, when};

/// Elements of a read listed in a sentence.
const LISTED_MAX: usize = 6;

impl History {
    /// A read of an element that cannot be there.
    pub fn misread(&self, misread: &Misread) -> Finding {
        let (name, why) = match misread.aborted {
            Some(_) => ("aborted-read", "which only operations that failed added"),
            None => ("thin-air-read", "which nobody added"),
        };
        let element = self.elements.value(misread.element);
        let key = self.keys.value(misread.key);
        let reader = self.spans[misread.unit as usize];
        Finding {
            anomaly: name,
            summary: format!(
                "{} was shown {element} in {}, {why}",
                self.who(misread.unit),
                self.key(misread.key)
            ),
            ops: vec![reader.completed],
            time: reader.time,
            details: json!({
                "key": story::json(key),
                "element": story::json(element),
                "minimal": shrink::of_read(misread.aborted, reader, key),
            }),
        }
    }

    /// The finding for a violation.
    pub fn violation(&self, guarantee: Guarantee, violation: &Violation) -> Finding {
        match violation {
            Violation::Missing { read, add, why } => self.missing(guarantee, read, *add, *why),
            Violation::Order { read, early, late } => {
                let summary = format!(
                    "{} read {} with {} before {}, though {} came after {}",
                    self.who(read.unit),
                    self.key(read.key),
                    self.element(*early),
                    self.element(*late),
                    self.added(*early),
                    self.added(*late)
                );
                let units = [self.add(*late).unit, self.add(*early).unit, read.unit];
                self.finding(anomaly(guarantee), summary, &units, read)
            }
            Violation::Rewritten { read, before } | Violation::Forked { read, before } => {
                let summary = format!(
                    "{} read {} as {}, which does not begin as {} had read it: {}",
                    self.who(read.unit),
                    self.key(read.key),
                    self.list(read),
                    self.who(before.unit),
                    self.list(before)
                );
                self.finding(anomaly(guarantee), summary, &[before.unit, read.unit], read)
            }
            Violation::Cycle(cycle) => self.cycle(cycle),
        }
    }

    fn missing(&self, guarantee: Guarantee, read: &Read, add: AddId, why: Why) -> Finding {
        let own = self.session_of[read.unit as usize];
        let adder = self.add(add).unit;
        let mut units = vec![adder];
        // What the read shows, or its session was shown, that speaks of the missing add.
        let witness = |is_told: &dyn Fn(AddId) -> bool| {
            self.shown(read)
                .iter()
                .copied()
                .find(|shown| is_told(*shown))
        };
        let because = match why {
            Why::Own => "its own session had added that before".to_owned(),
            Why::Seen => {
                let earlier = self.session(own).find(|unit| {
                    let mut reads = self.reads_of(*unit).iter();
                    reads.any(|r| r.key == read.key && self.shown(r).contains(&add))
                });
                units.extend(earlier);
                earlier.map_or_else(String::new, |unit| {
                    format!("its session had been shown it {}", self.at(unit))
                })
            }
            Why::SameSession => {
                let is_told = |shown| {
                    let unit = self.add(shown).unit;
                    self.session_of[unit as usize] == self.session_of[adder as usize]
                        && unit > adder
                };
                let later = witness(&is_told);
                units.extend(later.map(|later| self.add(later).unit));
                later.map_or_else(String::new, |later| {
                    format!(
                        "it shows {}, which the same session added later",
                        self.element(later)
                    )
                })
            }
            Why::ReadBefore => "it shows what was added by one that had been shown it, or by one \
                                that follows such a one"
                .to_owned(),
            Why::Known => "its session knew of that".to_owned(),
            Why::Shorter => "another read, that shows no more elements, shows it: they are not \
                             beginnings of one order"
                .to_owned(),
        };
        let summary = format!(
            "{} read {} without {}, though {} and {because}",
            self.who(read.unit),
            self.key(read.key),
            self.element(add),
            self.added(add)
        );
        units.push(read.unit);
        self.finding(anomaly(guarantee), summary, &units, read)
    }

    /// Units that each come before the next; waypoints are left out.
    fn cycle(&self, cycle: &[Edge]) -> Finding {
        let is_unit = |unit: u32| (unit as usize) < self.units();
        let mut told = Vec::new();
        let mut units = Vec::new();
        for edge in cycle.iter().filter(|edge| is_unit(edge.from)) {
            units.push(edge.from);
            let from = self.who(edge.from);
            told.push(match edge.kind {
                PROCESS => format!("{from} came before {} in its session", self.who(edge.to)),
                WR => format!("{} was shown what {from} added", self.who(edge.to)),
                _ if is_unit(edge.to) => format!(
                    "a list shows what {from} added before what {} did",
                    self.who(edge.to)
                ),
                _ => format!("a read shows what {from} added and not what the next did"),
            });
        }
        let ops = units
            .iter()
            .map(|unit| self.spans[*unit as usize].completed);
        Finding {
            anomaly: "cyclic-causality",
            summary: format!(
                "no order of the operations fits, as each must come before the next and the last \
                 before the first: {}",
                told.join("; ")
            ),
            ops: ops.collect(),
            time: units
                .iter()
                .filter_map(|unit| self.spans[*unit as usize].time)
                .max(),
            details: json!({ "steps": told }),
        }
    }

    fn finding(
        &self,
        anomaly: &'static str,
        summary: String,
        units: &[u32],
        read: &Read,
    ) -> Finding {
        let mut ops: Vec<u64> = Vec::new();
        for unit in units {
            let completed = self.spans[*unit as usize].completed;
            if !ops.contains(&completed) {
                ops.push(completed);
            }
        }
        Finding {
            anomaly,
            summary,
            ops,
            time: self.spans[read.unit as usize].time,
            details: json!({
                "key": story::json(self.keys.value(read.key)),
                "read": self.list(read),
            }),
        }
    }

    fn at(&self, unit: u32) -> String {
        let span = self.spans[unit as usize];
        when(span.completed, span.time)
    }

    /// `process 3 (at 0.012 s)`.
    fn who(&self, unit: u32) -> String {
        let session = self.session_of[unit as usize] as usize;
        format!("process {} ({})", self.processes[session], self.at(unit))
    }

    fn element(&self, add: AddId) -> String {
        self.elements.value(self.add(add).element).to_string()
    }

    fn added(&self, add: AddId) -> String {
        format!(
            "{} added {}",
            self.who(self.add(add).unit),
            self.element(add)
        )
    }

    fn list(&self, read: &Read) -> String {
        let shown = self.shown(read);
        let dots = if shown.len() > LISTED_MAX { "… " } else { "" };
        let tail = &shown[shown.len().saturating_sub(LISTED_MAX)..];
        let tail: Vec<String> = tail.iter().map(|add| self.element(*add)).collect();
        format!("[{dots}{}]", tail.join(" "))
    }

    fn key(&self, key: u32) -> String {
        match self.keys.value(key) {
            crate::Value::Nil => "the collection".to_owned(),
            key => format!("key {key}"),
        }
    }
}
