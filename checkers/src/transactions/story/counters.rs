//! Why one transaction depends on another by a counter.

use crate::graph::WR;
use crate::transactions::history::{History, TxnId};

use super::Step;

impl History {
    pub(super) fn counter_reason(
        &self,
        step: &Step,
        from: &str,
        to: &str,
    ) -> Option<(String, u32)> {
        if step.kind == WR {
            let read = self
                .reads(step.to)
                .find(|read| self.added(step.from, read.key) != 0)?;
            let (key, seen) = (self.key_text(read.key), self.seen_text(read));
            let added = self.added(step.from, read.key);
            let why =
                format!("{to} read {key} = {seen}, out of reach without the {added} of {from}");
            return Some((why, read.key));
        }
        let directions = self.directions();
        let grown = self.reads(step.from).find_map(|read| {
            let key = read.key;
            let sign = directions[key as usize];
            let shown = self.shown_of_others(step.from, key);
            let (before, less) = shown.into_iter().min_by_key(|(_, shown)| sign * shown)?;
            let shown = self.shown_of_others(step.to, key);
            let (after, more) = shown.into_iter().max_by_key(|(_, shown)| sign * shown)?;
            let (why, is_later) = (
                if sign > 0 { "grows" } else { "falls" },
                sign * less < sign * more,
            );
            let texts = (
                self.key_text(key),
                self.seen_text(before),
                self.seen_text(after),
            );
            let (key_text, before, after) = texts;
            let why = format!(
                "{to} read {key_text} = {after} after {from} read {before}, as it only {why}"
            );
            is_later.then_some((why, key))
        });
        grown.or_else(|| {
            let read = self
                .reads(step.from)
                .find(|read| self.added(step.to, read.key) != 0)?;
            let (key, seen) = (self.key_text(read.key), self.seen_text(read));
            let added = self.added(step.to, read.key);
            let why = format!("{from} read {key} = {seen}, out of reach with the {added} of {to}");
            Some((why, read.key))
        })
    }

    /// All that a transaction added to a counter.
    fn added(&self, txn: TxnId, key: u32) -> i128 {
        let amounts = self.writes(txn).filter(|mop| mop.key == key);
        let amounts = amounts.filter_map(|mop| self.codes.as_int(mop.value));
        amounts.map(i128::from).sum()
    }
}
