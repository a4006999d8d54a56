//! The smallest part of something that suffices: delta debugging (Zeller & Hildebrandt,
//! *Simplifying and isolating failure-inducing input*, IEEE TSE 2002).
//!
//! What a finding takes is found by judging parts of the history again, within limits of its own:
//! a search that runs into one leaves the finding with more than it takes, or with all of it.

use serde_json::{Value as Json, json};

use crate::budget::Budget;
use crate::causal::history::Span;
use crate::value::Value;

/// Findings of a report that are made small.
pub(crate) const FINDINGS_SHRUNK_MAX: usize = 4;
/// Operations or transactions to begin with at the most; more take too long for what they tell.
pub(crate) const UNITS_MAX: usize = 600;
/// Parts judged for one finding.
const TRIES_MAX: usize = 300;
/// Steps of each search on a part.
pub(crate) const STEPS_MAX: u64 = 1 << 18;

/// What is left of a history that shows the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Minimal {
    /// Numbers of operations or transactions.
    pub kept: Vec<u32>,
    /// None can be left out; else the tries or the budget ended before that was known.
    pub is_least: bool,
}

impl Minimal {
    /// The part of `kept` that still shows it, if `kept` does and is not too large. `shows` judges
    /// within the budget it is given, and has no answer where that is at its end.
    pub fn of(
        mut kept: Vec<u32>,
        whole: &Budget,
        shows: impl Fn(&[u32], &Budget) -> Option<bool>,
    ) -> Option<Minimal> {
        let budget = Budget {
            steps: whole.steps.min(STEPS_MAX),
            ..*whole
        };
        // A part may take too few steps for any of its own to look at the clock.
        let in_time = |kept: &[u32]| {
            budget.meter().check_clock().ok()?;
            shows(kept, &budget)
        };
        if kept.len() > UNITS_MAX || in_time(&kept) != Some(true) {
            return None;
        }
        let mut tries = TRIES_MAX;
        let is_least = least(&mut kept, |kept| {
            tries = tries.checked_sub(1)?;
            in_time(kept)
        });
        let is_least = is_least.is_some();
        Some(Minimal { kept, is_least })
    }

    /// For the details of a finding: the events, and the keys where there are any.
    pub fn told(&self, ops: impl IntoIterator<Item = u64>, keys: &[String]) -> Json {
        told(ops, keys, self.is_least)
    }
}

/// What shows a read that nothing explains: the read and the operation that wrote it, if one did.
pub(crate) fn of_read(writer: Option<Span>, reader: Span, key: &Value) -> Json {
    let spans = writer.into_iter().chain([reader]);
    let key = (!key.is_nil()).then(|| key.to_string());
    let ops = spans.flat_map(|span| [span.invoked, span.completed]);
    told(ops, key.as_slice(), true)
}

/// A minimal part for the details of a finding.
fn told(ops: impl IntoIterator<Item = u64>, keys: &[String], is_least: bool) -> Json {
    let mut ops: Vec<u64> = ops.into_iter().collect();
    ops.sort_unstable();
    ops.dedup();
    let mut told = json!({ "ops": ops, "is_least": is_least });
    if !keys.is_empty() {
        told["keys"] = json!(keys);
    }
    told
}

/// The keys that two of the units touch, or the only one does; ascending.
pub(crate) fn shared_keys(units: &[Vec<u32>]) -> Vec<u32> {
    let enough = units.len().min(2);
    let mut touches: Vec<u32> = Vec::new();
    for keys in units {
        let mut keys = keys.clone();
        keys.sort_unstable();
        keys.dedup();
        touches.extend(keys);
    }
    touches.sort_unstable();
    let same = touches.chunk_by(|a, b| a == b);
    same.filter(|same| same.len() >= enough)
        .map(|same| same[0])
        .collect()
}

/// Takes chunks of what is kept away as long as the rest suffices, large ones first, then one by
/// one until none can go. `None` where `suffices` has no answer any more; `kept` sufficed all
/// along.
pub(crate) fn least<T: Clone>(
    kept: &mut Vec<T>,
    mut suffices: impl FnMut(&[T]) -> Option<bool>,
) -> Option<()> {
    let mut size = kept.len().div_ceil(2);
    loop {
        let before = kept.len();
        let mut at = 0;
        while at < kept.len() {
            let chunk = at..kept.len().min(at + size);
            let without = [&kept[..chunk.start], &kept[chunk.end..]].concat();
            if suffices(&without)? {
                *kept = without;
            } else {
                at = chunk.end;
            }
        }
        // One by one again until none goes: what one needed may have gone after it.
        if size <= 1 && kept.len() == before {
            return Some(());
        }
        size = size.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What suffices is to hold some of the needed sets; nothing of the rest is kept.
        #[test]
        fn nothing_can_be_left_out(
            needed in prop::collection::vec(0u8..40, 0..6),
            count in 0u8..40,
        ) {
            let is_enough = |kept: &[u8]| needed.iter().all(|n| *n >= count || kept.contains(n));
            let mut kept: Vec<u8> = (0..count).collect();
            prop_assert_eq!(least(&mut kept, |kept| Some(is_enough(kept))), Some(()));
            let mut expected: Vec<u8> = needed.into_iter().filter(|n| *n < count).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn what_is_kept_suffices_when_the_answers_end() {
        let mut kept: Vec<u8> = (0..32).collect();
        let mut left = 3;
        let ended = least(&mut kept, |kept| {
            left -= 1;
            (left >= 0).then(|| kept.contains(&31))
        });
        assert_eq!(ended, None);
        assert!(kept.contains(&31) && kept.len() < 32);
    }
}
