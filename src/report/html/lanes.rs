//! Lanes: which row of the picture each process has.
//!
//! A process whose call was indefinite never invokes again, and its worker goes on under a new
//! number. That one takes over the lane, so there are about as many lanes as there were workers.
//! Where nodes are recorded, a lane whose process is through is taken over by the next one of that
//! node.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;

use super::picture::{Bar, Lane, Outcome};
use super::texts::{TextId, Texts};

/// Puts every bar in a lane. Bars are in the order of their invocations.
pub fn assign(bars: &mut [Bar], texts: &Texts) -> Vec<Lane> {
    let by_node = each_has_its_node(bars);
    let mut lanes: Vec<(Option<TextId>, i64)> = Vec::new();
    let mut lane_of: FxHashMap<i64, u32> = FxHashMap::default();
    let mut free: BTreeMap<Option<TextId>, BTreeSet<u32>> = BTreeMap::new();
    // Retirements yet to come: the index of the completion, the lane and the process.
    let mut retiring: BinaryHeap<Reverse<(u64, u32, i64)>> = BinaryHeap::new();
    let last = last_rows(bars);
    for (row, bar) in bars.iter_mut().enumerate() {
        while let Some(&Reverse((index, lane, process))) = retiring.peek() {
            if index >= bar.invoke {
                break;
            }
            retiring.pop();
            lane_of.remove(&process);
            free.entry(lanes[lane as usize].0).or_default().insert(lane);
        }
        let node = bar.node.filter(|_| by_node);
        let lane = *lane_of.entry(bar.process).or_insert_with(|| {
            let freed = free.get_mut(&node).and_then(BTreeSet::pop_first);
            freed.unwrap_or_else(|| {
                lanes.push((node, bar.process));
                (lanes.len() - 1) as u32
            })
        });
        bar.lane = lane;
        let retires = bar.outcome == Outcome::Info || (by_node && last[&bar.process] == row);
        if let (true, Some(index)) = (retires, bar.complete) {
            retiring.push(Reverse((index, lane, bar.process)));
        }
    }
    sort(bars, &lanes, texts)
}

/// The last bar of each process.
fn last_rows(bars: &[Bar]) -> FxHashMap<i64, usize> {
    let rows = bars.iter().enumerate();
    rows.map(|(row, bar)| (bar.process, row)).collect()
}

/// Whether no process speaks to more than one node.
fn each_has_its_node(bars: &[Bar]) -> bool {
    let mut nodes: FxHashMap<i64, Option<TextId>> = FxHashMap::default();
    bars.iter()
        .all(|bar| *nodes.entry(bar.process).or_insert(bar.node) == bar.node)
}

/// Orders the lanes by node, then by the first process in each.
fn sort(bars: &mut [Bar], lanes: &[(Option<TextId>, i64)], texts: &Texts) -> Vec<Lane> {
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    order.sort_by_key(|&lane| {
        let (node, process) = lanes[lane];
        (node.map(|node| natural(texts.text(node))), process)
    });
    let mut place = vec![0; lanes.len()];
    for (at, lane) in order.iter().enumerate() {
        place[*lane] = at as u32;
    }
    for bar in bars {
        bar.lane = place[bar.lane as usize];
    }
    let sorted = order.iter().map(|&lane| Lane {
        node: lanes[lane].0,
    });
    sorted.collect()
}

/// A key by which `n10` comes after `n9`.
fn natural(name: &str) -> (&str, usize, &str) {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = name[letters.len()..].trim_start_matches('0');
    (letters, digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(process: i64, node: TextId, invoke: u64, outcome: Outcome) -> Bar {
        Bar {
            lane: 0,
            process,
            outcome,
            begin: invoke as i64,
            end: Some(invoke as i64 + 1),
            invoke,
            complete: Some(invoke + 1),
            f: 0,
            key: None,
            node: Some(node),
            value: None,
            result: None,
            error: None,
        }
    }

    fn names() -> Texts {
        let mut texts = Texts::default();
        texts.id(&"n10");
        texts.id(&"n9");
        texts
    }

    #[test]
    fn a_worker_keeps_its_lane_through_retirements() {
        let mut bars = vec![
            bar(0, 0, 0, Outcome::Info),
            bar(1, 1, 2, Outcome::Ok),
            bar(5, 0, 4, Outcome::Info),
            bar(10, 0, 6, Outcome::Ok),
            bar(1, 1, 8, Outcome::Ok),
        ];
        let lanes = assign(&mut bars, &names());
        let nodes: Vec<_> = lanes.iter().map(|lane| lane.node).collect();
        assert_eq!(nodes, [Some(1), Some(0)], "n9 comes before n10");
        let of: Vec<u32> = bars.iter().map(|bar| bar.lane).collect();
        assert_eq!(of, [1, 0, 1, 1, 0]);
    }

    #[test]
    fn a_lane_is_passed_on_when_its_process_is_through() {
        let mut bars = vec![
            bar(0, 0, 0, Outcome::Ok),
            bar(1, 0, 1, Outcome::Ok),
            bar(0, 0, 3, Outcome::Open),
            bar(2, 0, 5, Outcome::Ok),
        ];
        bars[2].complete = None;
        assign(&mut bars, &names());
        let of: Vec<u32> = bars.iter().map(|bar| bar.lane).collect();
        assert_eq!(of, [0, 1, 0, 1]);
    }

    #[test]
    fn processes_that_roam_are_not_grouped() {
        let mut bars = vec![bar(0, 0, 0, Outcome::Ok), bar(0, 1, 2, Outcome::Ok)];
        let lanes = assign(&mut bars, &names());
        assert_eq!(lanes, [Lane { node: None }]);
    }
}
