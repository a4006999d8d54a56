//! The operations that contradict each other, whatever the others did.
//!
//! An operation is *released* by taking its deadline away: it may then take effect at any time
//! after its invocation, or never. Released operations only add orders, so a history that has none
//! still has none for those that keep their deadline; the smallest such set is what an engineer
//! needs to see. It is found by [delta debugging](least): chunks are released, halved, and tried
//! again. Taking whole operations out would not do: a read without its write is always wrong.

use crate::budget::Meter;
use crate::linearizable::model::{Interval, NEVER};
use crate::shrink::least;

/// Operations looked at by all tries to shrink the failures of a history, so that the same one
/// shrinks alike on any machine.
pub(crate) const OPS_TRIED_MAX: usize = 4_000_000;

/// Operations that are impossible with their deadlines alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Core {
    /// Positions, ascending.
    pub ops: Vec<u32>,
    /// Whether none of them can be left out; else there was no budget to find that out.
    pub is_least: bool,
}

/// The operations as they were known just before this position of the history.
pub(crate) fn until<O: Clone>(ops: &[Interval<O>], before: u32) -> Vec<Interval<O>> {
    let begun = ops.iter().take_while(|op| op.start < before);
    begun
        .map(|op| Interval {
            finish: if op.finish > before { NEVER } else { op.finish },
            ..op.clone()
        })
        .collect()
}

/// What a history can be asked while it shrinks.
struct Shrink<'a, O, P, I> {
    ops: &'a [Interval<O>],
    /// Positions of what is left to look at, ascending.
    left: Vec<u32>,
    /// Leaves out what cannot make a difference.
    prune: P,
    is_impossible: I,
    meter: &'a Meter<'a>,
    /// Operations that may still be looked at.
    allowed: usize,
}

/// The operations needed; `None` where the budget ends before the first answer. `before`: the
/// completion by which it went wrong. `story`: where to start from, if something is known.
/// `allowed`: operations to look at in all tries.
pub(crate) fn core<O: Clone>(
    ops: &[Interval<O>],
    before: u32,
    story: Option<&[u32]>,
    prune: impl Fn(&mut Vec<Interval<O>>),
    is_impossible: impl Fn(&[Interval<O>]) -> bool,
    meter: &Meter<'_>,
    allowed: usize,
) -> Option<Core> {
    let begun = ops.partition_point(|op| op.start < before);
    let mut shrink = Shrink {
        ops,
        left: (0..begun as u32).collect(),
        prune,
        is_impossible,
        meter,
        allowed,
    };
    let by_then = |op: &u32| {
        let op = &ops[*op as usize];
        op.finish <= before && !op.is_indefinite()
    };
    let mut all: Vec<u32> = shrink.left.iter().copied().filter(by_then).collect();
    all.sort_unstable_by_key(|op| ops[*op as usize].finish);
    let told = story.map(|story| {
        let mut told: Vec<u32> = story.iter().copied().filter(by_then).collect();
        told.sort_unstable();
        told.dedup();
        told
    });
    // What is known, else the last operations before it went wrong, as few as do.
    let lasts = std::iter::successors(Some(1usize), |count| Some(count * 2))
        .take_while(|count| *count < 2 * all.len())
        .map(|count| all[all.len().saturating_sub(count)..].to_vec());
    let mut kept = None;
    for mut first in told.into_iter().chain(lasts) {
        first.sort_unstable();
        if shrink.suffice(&first)? {
            kept = Some(first);
            break;
        }
    }
    let mut kept = kept?;
    let is_least = least(&mut kept, |kept| shrink.suffice(kept)).is_some();
    Some(Core {
        ops: kept,
        is_least,
    })
}

impl<O, P, I> Shrink<'_, O, P, I>
where
    O: Clone,
    P: Fn(&mut Vec<Interval<O>>),
    I: Fn(&[Interval<O>]) -> bool,
{
    /// Whether it is certain that no order keeps the deadlines of these; `None` at the end of the
    /// budget.
    fn suffice(&mut self, kept: &[u32]) -> Option<bool> {
        self.allowed = self.allowed.checked_sub(self.left.len() + 1)?;
        self.meter.check_clock().ok()?;
        let mut keeps = kept.iter().peekable();
        let released = self.left.iter().map(|i| {
            let op = &self.ops[*i as usize];
            let finish = match keeps.next_if(|kept| *kept == i) {
                Some(_) => op.finish,
                None => NEVER,
            };
            Interval {
                finish,
                ..op.clone()
            }
        });
        let mut tried: Vec<Interval<O>> = released.collect();
        (self.prune)(&mut tried);
        if !(self.is_impossible)(&tried) {
            return Some(false);
        }
        // What made no difference here makes none with fewer deadlines.
        let mut rest = tried.iter().peekable();
        let ops = self.ops;
        self.left.retain(|i| {
            rest.next_if(|op| op.start == ops[*i as usize].start)
                .is_some()
        });
        Some(true)
    }
}
