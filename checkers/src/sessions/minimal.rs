//! The smallest part of a history of sessions that breaks the same guarantee.
//!
//! Guarantees are kept by parts of what keeps them: of a history without some operations, and
//! without what was read from those, or of some keys alone. So the operations
//! of the story are taken together with those that wrote what they read, and left out as long as
//! the same read breaks the guarantee, or a cycle of the same sort does. Where that does not show
//! it, all operations on its keys are begun with, else the whole history.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use serde_json::Value as Json;

use crate::budget::{Budget, Exhausted, Meter};
use crate::causal::history::Span;
use crate::report::Finding;
use crate::shrink::{FINDINGS_SHRUNK_MAX, Minimal, STEPS_MAX, UNITS_MAX, shared_keys};
use crate::value::Value;

/// A history of which parts can be judged. Units are numbered session by session.
pub(crate) trait Whole: Sized {
    type Violation;

    fn units(&self) -> usize;
    fn span(&self, unit: u32) -> Span;
    /// The keys a unit reads or writes.
    fn touched(&self, unit: u32) -> Vec<u32>;
    /// The units without which nobody would have written what this one read of these keys.
    fn sources(&self, unit: u32, keys: &[u32]) -> Vec<u32>;
    /// The units by which something in the story was known or is ordered, where it does not say.
    ///
    /// # Errors
    /// The budget's end.
    fn between(
        &self,
        violation: &Self::Violation,
        meter: &mut Meter,
    ) -> Result<Vec<u32>, Exhausted>;
    fn key(&self, key: u32) -> &Value;
    /// What these units, ascending, did with these keys, as a history of its own in which they have
    /// their places as numbers. `None` if they read what none of them wrote.
    fn part(&self, units: &[u32], keys: &[u32]) -> Option<Self>;
    fn mark(&self, violation: &Self::Violation) -> Mark;
}

/// What makes two violations the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The operation whose read it is, by its invocation.
    Reader(u64),
    /// Something of this sort, such as a cycle, that is no more of one read than of another.
    Sort(&'static str),
}

/// Adds to the first findings, one for each violation, what it takes to show them. `judge` finds
/// what a part breaks.
pub(crate) fn shrink<H: Whole>(
    history: &H,
    violations: &[H::Violation],
    findings: &mut [Finding],
    budget: &Budget,
    judge: impl Fn(&H, &mut Meter) -> Result<Vec<H::Violation>, Exhausted>,
) {
    for (violation, finding) in violations.iter().zip(findings).take(FINDINGS_SHRUNK_MAX) {
        let mark = history.mark(violation);
        let shows = |part: &H, budget: &Budget| {
            let found = judge(part, &mut budget.meter()).ok()?;
            Some(found.iter().any(|found| part.mark(found) == mark))
        };
        let meter = budget.meter();
        let between = history.between(violation, &mut meter.fresh(STEPS_MAX));
        let story = Story::new(history, &finding.ops, between.unwrap_or_default());
        let starts = [
            Story::with_sources,
            Story::all_of_its_keys,
            Story::everything,
        ];
        let mut parts = starts.iter().filter_map(|start| {
            let (units, keys) = start(&story)?;
            history.part(&units, &keys)
        });
        let minimal = parts.find_map(|part| minimal(&part, budget, shows));
        if let Some(minimal) = minimal {
            finding.details["minimal"] = minimal;
        }
    }
}

/// What is left of a history that shows it, for the details of a finding.
fn minimal<H: Whole>(
    history: &H,
    budget: &Budget,
    shows: impl Fn(&H, &Budget) -> Option<bool>,
) -> Option<Json> {
    let units: Vec<u32> = (0..history.units() as u32).collect();
    let keys = keys_of(history, &units);
    let minimal = Minimal::of(units, budget, |kept, budget| {
        let part = history.part(kept, &keys);
        part.map_or(Some(false), |part| shows(&part, budget))
    })?;
    let spans = minimal.kept.iter().map(|unit| history.span(*unit));
    let ops = spans.flat_map(|span| [span.invoked, span.completed]);
    let keys = keys_of(history, &minimal.kept).into_iter();
    let keys = keys.map(|key| history.key(key)).filter(|key| !key.is_nil());
    let keys: Vec<String> = keys.map(ToString::to_string).collect();
    Some(minimal.told(ops, &keys))
}

/// The keys of some units, ascending.
fn keys_of<H: Whole>(history: &H, units: &[u32]) -> Vec<u32> {
    let keys = units.iter().flat_map(|unit| history.touched(*unit));
    let keys: BTreeSet<u32> = keys.collect();
    keys.into_iter().collect()
}

/// What a finding tells of.
struct Story<'h, H> {
    history: &'h H,
    units: Vec<u32>,
    keys: Vec<u32>,
}

/// Units and keys to begin with, ascending.
type Start = (Vec<u32>, Vec<u32>);

impl<H: Whole> Story<'_, H> {
    /// The units that completed at these events and those `between`, and the keys they share.
    fn new<'h>(history: &'h H, completed: &[u64], between: Vec<u32>) -> Story<'h, H> {
        let told: FxHashSet<u64> = completed.iter().copied().collect();
        let mut units = between;
        let all = 0..history.units() as u32;
        units.extend(all.filter(|unit| told.contains(&history.span(*unit).completed)));
        units.sort_unstable();
        units.dedup();
        let touched: Vec<Vec<u32>> = units.iter().map(|unit| history.touched(*unit)).collect();
        let keys = shared_keys(&touched);
        Story {
            history,
            units,
            keys,
        }
    }

    /// The story, and all who wrote what is read in it.
    fn with_sources(&self) -> Option<Start> {
        let mut all = BTreeSet::new();
        let mut open = self.units.clone();
        while let Some(unit) = open.pop() {
            if all.insert(unit) {
                open.extend(self.history.sources(unit, &self.keys));
            }
            if all.len() > UNITS_MAX {
                return None;
            }
        }
        Some((all.into_iter().collect(), self.keys.clone()))
    }

    fn all_of_its_keys(&self) -> Option<Start> {
        let is_on_them = |unit: &u32| {
            let touched = self.history.touched(*unit);
            touched
                .iter()
                .any(|key| self.keys.binary_search(key).is_ok())
        };
        let units = (0..self.history.units() as u32).filter(is_on_them);
        let units: Vec<u32> = units.take(UNITS_MAX + 1).collect();
        (units.len() <= UNITS_MAX).then(|| (units, self.keys.clone()))
    }

    fn everything(&self) -> Option<Start> {
        let units = self.history.units();
        (units <= UNITS_MAX).then(|| {
            let units: Vec<u32> = (0..units as u32).collect();
            let keys = keys_of(self.history, &units);
            (units, keys)
        })
    }
}
