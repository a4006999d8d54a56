//! Orders a checker found, as steps of a picture.

use faultbench_checkers::report::{Report, Witness};
use rustc_hash::FxHashMap;

use super::picture::{Bar, Step};

/// The orders that explain a history, each whole: one with an operation that is not in the picture,
/// or in which one begins after a later one has ended, as sequential consistency allows, is left
/// out.
pub fn of(report: &Report, bars: &[Bar]) -> Vec<Vec<Step>> {
    if report.witness.is_empty() {
        return Vec::new();
    }
    let mut rows: FxHashMap<u64, u32> = FxHashMap::default();
    for (row, bar) in bars.iter().enumerate() {
        rows.insert(bar.invoke, row as u32);
        rows.extend(bar.complete.map(|index| (index, row as u32)));
    }
    let orders = report.witness.iter();
    orders
        .filter_map(|order| steps(order, &rows, bars))
        .collect()
}

fn steps(order: &Witness, rows: &FxHashMap<u64, u32>, bars: &[Bar]) -> Option<Vec<Step>> {
    let mut states = order.states.iter();
    let mut latest_begin = i64::MIN;
    let mut steps = Vec::with_capacity(order.ops.len());
    for index in &order.ops {
        let op = *rows.get(index)?;
        let bar = &bars[op as usize];
        if bar.end.is_some_and(|end| end < latest_begin) {
            return None;
        }
        latest_begin = latest_begin.max(bar.begin);
        let state = states.next().cloned().unwrap_or_default();
        steps.push(Step { op, state });
    }
    Some(steps)
}
