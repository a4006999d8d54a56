//! What the page draws, free of where it came from: the input of the encoder, and what a test
//! makes by hand.

use super::texts::{TextId, Texts};

/// A history as bars in lanes, with what was found out about it.
#[derive(Debug, Default)]
pub struct Picture {
    pub clock: Clock,
    /// From top to bottom, those of a node next to each other.
    pub lanes: Vec<Lane>,
    /// The calls, in the order of their invocations.
    pub ops: Vec<Bar>,
    /// The texts the bars refer to.
    pub texts: Texts,
    pub faults: Vec<Band>,
    pub phases: Vec<Band>,
    /// Most telling first.
    pub failures: Vec<Failure>,
    /// Orders in which the calls may have taken effect, one for each object they are about.
    pub linearizations: Vec<Vec<Step>>,
    /// Calls after the last one collected: there is a limit to what is kept.
    pub uncollected: u64,
}

/// What the horizontal axis measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// Nanoseconds since the start of the run.
    #[default]
    Nanoseconds,
    /// Operation indices, of a history that has no times.
    Indices,
}

/// A row of the picture: a process, and after its retirement the one that took its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// `None` where no node is recorded, or processes speak to several.
    pub node: Option<TextId>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Fail,
    /// Nobody knows.
    Info,
    /// It never completed, so nobody knows either.
    Open,
}

/// A call from its invocation to its completion.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Position in [`Picture::lanes`].
    pub lane: u32,
    pub process: i64,
    pub outcome: Outcome,
    pub begin: i64,
    /// `None` if it never completed.
    pub end: Option<i64>,
    /// Index of the invocation.
    pub invoke: u64,
    /// Index of the completion.
    pub complete: Option<u64>,
    pub f: TextId,
    pub key: Option<TextId>,
    pub node: Option<TextId>,
    /// What it was invoked with.
    pub value: Option<TextId>,
    /// What it completed with, where that is something else.
    pub result: Option<TextId>,
    pub error: Option<TextId>,
}

/// A stretch of time across all lanes: a fault in place, or a phase of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// What decides its colour: `partition`, `kill`, `load`.
    pub family: String,
    pub what: String,
    pub begin: i64,
    /// `None` where the history ends before it does.
    pub end: Option<i64>,
}

/// A finding with the bars it is about.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    /// The anomaly's name.
    pub anomaly: String,
    /// The finding in words.
    pub story: String,
    /// Positions in [`Picture::ops`], in the order of the story.
    pub ops: Vec<u32>,
    /// The one of them that cannot be explained.
    pub about: Option<u32>,
    /// Indices of operations of the story that were not collected.
    pub beyond: Vec<u64>,
    /// The states possible just before `about`.
    pub states: Vec<String>,
    /// A drawing of the finding, as SVG.
    pub diagram: Option<String>,
}

/// A call taking effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Position in [`Picture::ops`].
    pub op: u32,
    /// The state it leaves behind; empty where that is not told.
    pub state: String,
}

impl Picture {
    /// The last moment of any bar, and so the right edge.
    pub fn end(&self) -> i64 {
        let ends = self.ops.iter().map(|bar| bar.end.unwrap_or(bar.begin));
        ends.max().unwrap_or(0)
    }
}
