//! Why one transaction depends on another by a set.

use crate::graph::{WR, WW};
use crate::transactions::codes::Code;
use crate::transactions::history::{History, Mop, MopKind};

use super::Step;

impl History {
    fn shows(&self, read: &Mop, element: Code) -> bool {
        self.elements(read).contains(&element)
    }

    pub(super) fn set_reason(&self, step: &Step, from: &str, to: &str) -> Option<(String, u32)> {
        match step.kind {
            WR => {
                let (read, add) = self.reads(step.to).find_map(|read| {
                    let mut adds = self.writes(step.from).filter(|add| add.key == read.key);
                    Some((read, adds.find(|add| self.shows(read, add.value))?))
                })?;
                let (key, seen) = (self.key_text(read.key), self.seen_text(read));
                let element = self.codes.text(add.value);
                let why = format!("{to} read {key} = {seen}, whose {element} {from} added");
                Some((why, read.key))
            }
            WW => self.order_of_adds(step, from, to),
            _ => {
                let (read, add) = self.reads(step.from).find_map(|read| {
                    let mut adds = self.writes(step.to).filter(|add| add.key == read.key);
                    Some((read, adds.find(|add| !self.shows(read, add.value))?))
                })?;
                let (key, seen) = (self.key_text(read.key), self.seen_text(read));
                let element = self.codes.text(add.value);
                let why = format!("{from} read {key} = {seen} without {element}, which {to} added");
                Some((why, read.key))
            }
        }
    }

    /// The read that shows what one transaction added without what another did.
    fn order_of_adds(&self, step: &Step, from: &str, to: &str) -> Option<(String, u32)> {
        let pairs = self.writes(step.from).flat_map(|first| {
            let second = self.writes(step.to).filter(|add| add.key == first.key);
            second.map(move |second| (first, second))
        });
        let pairs: Vec<(&Mop, &Mop)> = pairs.collect();
        let reads = self.mops.iter().filter(|mop| mop.kind == MopKind::ReadSet);
        let (read, first, second) = reads.into_iter().find_map(|read| {
            let mut pairs = pairs.iter().filter(|(first, _)| first.key == read.key);
            let (first, second) = pairs.find(|(first, second)| {
                self.shows(read, first.value) && !self.shows(read, second.value)
            })?;
            Some((read, first, second))
        })?;
        let (key, reader) = (self.key_text(read.key), self.told(read.txn));
        let (first, second) = (self.codes.text(first.value), self.codes.text(second.value));
        let seen = self.seen_text(read);
        let why = format!(
            "{to} added {second} to {key} after {from} added {first}: {reader} read {seen} with \
             {first} and without {second}"
        );
        Some((why, read.key))
    }
}
