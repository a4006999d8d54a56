//! Collects the bars of a picture while a history goes by, in bounded memory.

use faultbench_checkers::events::{FaultWindow, Phase, Timeline};
use faultbench_checkers::report::Report;
use faultbench_checkers::{Op, OpType, Value};
use rustc_hash::FxHashMap;

use super::picture::{Band, Bar, Clock, Outcome, Picture};
use super::texts::{Texts, clipped};
use super::{failures, lanes, linearizations};

/// Calls collected: some 100 bytes each.
pub const COLLECTED_CALLS_MAX: usize = 1 << 20;
/// Bytes of texts collected; shared by equal texts.
pub const COLLECTED_TEXT_BYTES_MAX: usize = 64 << 20;
/// Faults, and phases, drawn.
pub const BANDS_MAX: usize = 1000;
/// Characters of a band's description.
const BAND_CHARS_MAX: usize = 200;

/// Takes a history in, an operation at a time.
#[derive(Default)]
pub struct Collector {
    bars: Vec<Bar>,
    texts: Texts,
    /// The bar each process has open.
    open: FxHashMap<i64, usize>,
    timeline: Timeline,
    /// Times of the bars, where all operations have one.
    untimed: bool,
    uncollected: u64,
}

impl Collector {
    /// Takes the next operation, of whatever process.
    pub fn push(&mut self, op: &Op) {
        let Some(process) = op.process.client() else {
            self.timeline.push(op);
            return;
        };
        self.untimed |= op.time.is_none();
        if op.kind == OpType::Invoke {
            self.invoke(op, process);
        } else {
            self.complete(op, process);
        }
    }

    fn invoke(&mut self, op: &Op, process: i64) {
        let full = self.bars.len() >= COLLECTED_CALLS_MAX
            || self.texts.bytes() >= COLLECTED_TEXT_BYTES_MAX;
        if full {
            self.uncollected += 1;
            self.open.remove(&process);
            return;
        }
        let texts = &mut self.texts;
        let bar = Bar {
            lane: 0,
            process,
            outcome: Outcome::Open,
            begin: op.time.unwrap_or(0),
            end: None,
            invoke: op.index,
            complete: None,
            f: texts.id(&op.f),
            key: op.key.as_ref().map(|key| texts.id(key)),
            node: op.node.as_ref().map(|node| texts.id(node)),
            value: shown(&op.value).map(|value| texts.id(value)),
            result: None,
            error: None,
        };
        self.open.insert(process, self.bars.len());
        self.bars.push(bar);
    }

    fn complete(&mut self, op: &Op, process: i64) {
        let Some(at) = self.open.remove(&process) else {
            return;
        };
        let bar = &mut self.bars[at];
        bar.outcome = match op.kind {
            OpType::Ok => Outcome::Ok,
            OpType::Fail => Outcome::Fail,
            OpType::Info | OpType::Invoke => Outcome::Info,
        };
        bar.end = Some(op.time.unwrap_or(0).max(bar.begin));
        bar.complete = Some(op.index);
        let result = shown(&op.value).map(|value| self.texts.id(value));
        bar.result = result.filter(|result| Some(*result) != bar.value);
        bar.error = op.error.as_ref().map(|error| self.texts.id(error));
    }

    /// The picture of the history with what `report` found in it.
    pub fn finish(mut self, report: &Report) -> Picture {
        if self.untimed {
            for bar in &mut self.bars {
                bar.begin = bar.invoke as i64;
                bar.end = bar.complete.map(|index| index as i64);
            }
        }
        let lanes = lanes::assign(&mut self.bars, &self.texts);
        let failures = failures::of(report, &self.bars);
        let linearizations = linearizations::of(report, &self.bars);
        // Windows are measured in time, which says nothing about an axis of indices.
        let (faults, phases) = match self.untimed {
            true => (Vec::new(), Vec::new()),
            false => (faults(&self.timeline), phases(&self.timeline)),
        };
        Picture {
            clock: match self.untimed {
                true => Clock::Indices,
                false => Clock::Nanoseconds,
            },
            lanes,
            ops: self.bars,
            texts: self.texts,
            faults,
            phases,
            failures,
            linearizations,
            uncollected: self.uncollected,
        }
    }
}

/// A value worth showing: nil says nothing.
fn shown(value: &Value) -> Option<&Value> {
    (!value.is_nil()).then_some(value)
}

fn faults(timeline: &Timeline) -> Vec<Band> {
    let band = |window: &FaultWindow| Band {
        family: clipped(&window.family, BAND_CHARS_MAX),
        what: clipped(&window.what, BAND_CHARS_MAX),
        begin: window.begin,
        end: window.end,
    };
    timeline
        .windows()
        .iter()
        .take(BANDS_MAX)
        .map(band)
        .collect()
}

fn phases(timeline: &Timeline) -> Vec<Band> {
    let begins = timeline.phases();
    let nexts = begins.iter().skip(1).map(|(_, begin)| Some(*begin));
    let bands = begins.iter().zip(nexts.chain([None]));
    let band = |((phase, begin), end): (&(Phase, i64), Option<i64>)| Band {
        family: phase.name().to_owned(),
        what: phase.name().to_owned(),
        begin: *begin,
        end,
    };
    bands.take(BANDS_MAX).map(band).collect()
}
