//! Whether the replicas came to agree on each key after its last write and the last fault.

use serde::Serialize;

use super::{NEVER, Read, Write};

/// Agreement of replicas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Convergence {
    /// Keys on which the nodes that were read after all writes came to agree.
    pub converged: u64,
    /// Keys on which the last answers of two nodes differ.
    pub diverged: u64,
    /// Keys that tell nothing: fewer than two nodes were read afterwards, or a write was still
    /// open and may have taken effect in between.
    pub untested: u64,
    /// The longest time it took, from the last write and the last fault to the first answer of the
    /// agreement; `None` where no key tells.
    pub slowest_ns: Option<u64>,
}

#[derive(Default)]
pub(super) struct Counter(Convergence);

impl Counter {
    /// Takes a key. `reads` are in the order of their begins; `healed`: when the last fault ended.
    pub fn add(&mut self, writes: &[Write], reads: &[Read], healed: Option<i64>) {
        let quiet = writes
            .iter()
            .map(|write| write.end)
            .max_by_key(|end| end.at);
        let after = |read: &&Read| {
            let calm = quiet.is_none_or(|quiet| quiet.at < read.begin.at);
            calm && healed.is_none_or(|healed| read.begin.time.is_some_and(|time| time > healed))
        };
        let mut last: Vec<&Read> = reads.iter().filter(after).collect();
        last.retain(|read| read.node.is_some());
        last.sort_by_key(|read| read.end.at);
        let mut answers: Vec<&Read> = Vec::new();
        for read in last.iter().rev() {
            if answers.iter().all(|known| known.node != read.node) {
                answers.push(read);
            }
        }
        let open = writes.iter().any(|write| write.end.at == NEVER);
        if answers.len() < 2 || open {
            self.0.untested += 1;
            return;
        }
        let agreed = answers[0].value;
        if answers.iter().any(|read| read.value != agreed) {
            self.0.diverged += 1;
            return;
        }
        self.0.converged += 1;
        let since = quiet.and_then(|quiet| quiet.time).max(healed);
        let differing = last.iter().rposition(|read| read.value != agreed);
        let first = last.get(differing.map_or(0, |at| at + 1));
        let took = first.and_then(|read| Some(read.end.time?.saturating_sub(since?)));
        let took = took.and_then(|ns| u64::try_from(ns).ok());
        self.0.slowest_ns = self.0.slowest_ns.max(took);
    }

    pub fn finish(self) -> Convergence {
        self.0
    }
}

impl Convergence {
    /// `12 keys converged, the slowest 3.1 ms after its last write, 1 diverged, 2 untested`.
    pub fn text(&self) -> String {
        let mut text = format!("{} keys converged", self.converged);
        if let Some(ns) = self.slowest_ns {
            let ms = ns as f64 / 1e6;
            text += &format!(", the slowest within {ms:.1} ms of the last write and fault");
        }
        text + &format!(", {} diverged, {} untested", self.diverged, self.untested)
    }
}
