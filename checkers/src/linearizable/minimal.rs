//! The operations that contradict each other, whatever the others did.
//!
//! An operation is *released* by taking its deadline away: it may then take effect at any time
//! after its invocation, or never. Released operations only add orders, so a history that has none
//! still has none for those that keep their deadline; the smallest such set is what an engineer
//! needs to see. It is found by delta debugging (Zeller & Hildebrandt, *Simplifying and isolating
//! failure-inducing input*, IEEE TSE 2002): chunks are released, halved, and tried again. Taking
//! whole operations out would not do: a read without its write is always wrong.

use crate::budget::Meter;
use crate::linearizable::model::{Decision, Interval, Model, NEVER};
use crate::linearizable::search::Search;

/// Operations up to the failure that are minimised; more take too long for what they tell.
const OPS_MAX: usize = 20_000;
/// Searches made to minimise one failure.
const TRIES_MAX: usize = 400;
/// Steps of a try for each operation; one that takes more keeps the deadlines it would release.
const STEPS_PER_OP: u64 = 20;

/// The operations needed, as positions into `ops`; `None` where that is too much to find out.
/// `stuck` is the operation before whose completion every search ended.
pub(crate) fn contradiction<M: Model>(
    model: &M,
    ops: &[Interval<M::Op>],
    stuck: usize,
    meter: &Meter<'_>,
) -> Option<Vec<u32>> {
    let before = ops[stuck].finish;
    let mut tried: Vec<Interval<M::Op>> = ops
        .iter()
        .take_while(|op| op.start < before)
        .cloned()
        .collect();
    if tried.len() > OPS_MAX {
        return None;
    }
    let mut kept: Vec<usize> = Vec::new();
    for (i, op) in tried.iter_mut().enumerate() {
        if op.finish > before {
            op.finish = NEVER;
        } else {
            kept.push(i);
        }
    }
    let mut tries = 0;
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < kept.len() {
            let chunk = at..kept.len().min(at + size);
            tries += 1;
            if tries > TRIES_MAX || meter.check_clock().is_err() {
                return None;
            }
            let deadlines: Vec<u32> = kept[chunk.clone()]
                .iter()
                .map(|&i| std::mem::replace(&mut tried[i].finish, NEVER))
                .collect();
            if is_impossible(model, &tried, meter) {
                kept.drain(chunk);
                continue;
            }
            for (&i, deadline) in kept[chunk.clone()].iter().zip(deadlines) {
                tried[i].finish = deadline;
            }
            at = chunk.end;
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Some(kept.into_iter().map(|i| i as u32).collect())
}

/// Whether there is certainly no order.
fn is_impossible<M: Model>(model: &M, ops: &[Interval<M::Op>], meter: &Meter<'_>) -> bool {
    let relevant: Vec<Interval<M::Op>> = ops
        .iter()
        .filter(|op| !(op.is_indefinite() && model.reads_only(&op.op)))
        .cloned()
        .collect();
    let steps = STEPS_PER_OP * (ops.len() as u64 + 50);
    let outcome = Search::new(model, &relevant).run(&mut meter.fresh(steps));
    matches!(outcome, Ok(Decision::Impossible(_)))
}
