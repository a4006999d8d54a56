//! How many writes each read of a key missed, in O(n log n): a sweep over time with a tree of
//! counts (Fenwick, 1994).

use rustc_hash::FxHashMap;

use super::{Lag, NEVER, Read, Write};
use crate::intern::{NIL, ValueId};

/// The lag of each read; `None` where its value tells nothing of the write it is from. `writes` are
/// in the order of their begins, `reads` of theirs, all of one key.
pub(super) fn stale(writes: &[Write], reads: &[Read]) -> Vec<Option<Lag>> {
    let finished = finished(writes);
    // Position in `writes` of the next one to finish.
    let mut by_end: Vec<u32> = (0..writes.len() as u32).collect();
    by_end.retain(|write| writes[*write as usize].end.at != NEVER);
    by_end.sort_unstable_by_key(|write| writes[*write as usize].end.at);
    let mut next = by_end.into_iter().peekable();
    let mut done = Counts(vec![0; writes.len() + 1]);
    let earliest = earliest_ends(writes);
    let lag = |read: &Read| {
        while let Some(write) = next.next_if(|w| writes[*w as usize].end.at < read.begin.at) {
            done.add(write as usize);
        }
        let finished = match finished.get(&read.value) {
            Some(finished) => (*finished)?,
            // Before the first write.
            None if read.value == NIL => 0,
            None => return None,
        };
        let after = writes.partition_point(|write| write.begin <= finished);
        let missed = done.total() - done.before(after);
        let first = earliest.get(after).copied();
        let times = first.and_then(|write| writes[write as usize].end.time);
        let ns = times.zip(read.begin.time);
        Some(Lag {
            writes: missed,
            ns: ns
                .filter(|_| missed > 0)
                .map(|(end, begin)| begin.saturating_sub(end)),
        })
    };
    reads.iter().map(lag).collect()
}

/// When the write of each value had finished; `None` where several wrote it.
fn finished(writes: &[Write]) -> FxHashMap<ValueId, Option<u32>> {
    let mut finished = FxHashMap::default();
    for write in writes {
        finished
            .entry(write.value)
            .and_modify(|known| *known = None)
            .or_insert(Some(write.end.at));
    }
    finished
}

/// For each write: which of it and those begun after it finished first.
fn earliest_ends(writes: &[Write]) -> Vec<u32> {
    let mut earliest: Vec<u32> = (0..writes.len() as u32).collect();
    for at in (1..writes.len()).rev() {
        let (this, after) = (earliest[at - 1], earliest[at]);
        if writes[after as usize].end.at < writes[this as usize].end.at {
            earliest[at - 1] = after;
        }
    }
    earliest
}

/// Counts by position whose sums of a prefix take O(log n).
struct Counts(Vec<u32>);

impl Counts {
    fn add(&mut self, position: usize) {
        let mut at = position + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// The count of all positions before this one.
    fn before(&self, position: usize) -> u64 {
        let mut at = position;
        let mut sum = 0;
        while at > 0 {
            sum += u64::from(self.0[at]);
            at &= at - 1;
        }
        sum
    }

    fn total(&self) -> u64 {
        self.before(self.0.len() - 1)
    }
}
