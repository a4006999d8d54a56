//! A picture as the JSON its page draws from: a column for each field of the bars, small numbers
//! wherever there is a neighbour to count from.
//!
//! `page.js` and its companions are the other half of this format; the two travel together in
//! every page, so it has no version.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::picture::{Band, Bar, Clock, Failure, Outcome, Picture};
use super::texts::{TextId, clipped};
use super::window::Window;

/// Characters of a state of the linearization.
const STATE_CHARS_MAX: usize = 100;

#[derive(Serialize)]
struct Document<'a> {
    timed: bool,
    /// What all times count from. A browser's numbers are exact to 2⁵³ only.
    origin: i64,
    /// The right edge, from the origin.
    end: i64,
    texts: Vec<&'a str>,
    /// The node of each lane; -1 for none. So it is with all references that may be missing.
    lanes: Vec<i64>,
    ops: Columns,
    faults: Vec<Stretch<'a>>,
    phases: Vec<Stretch<'a>>,
    /// Stretches of which calls were left out, with their number.
    gaps: Vec<Gap>,
    failures: Vec<FailureData<'a>>,
    points: Vec<Point>,
}

/// The bars, a position each.
#[derive(Default, Serialize)]
struct Columns {
    /// From the begin of the bar before.
    begin: Vec<i64>,
    /// -1 where it never completed.
    length: Vec<i64>,
    /// From that of the bar before.
    invoke: Vec<i64>,
    /// From the invocation; 0 where it never completed.
    complete: Vec<u64>,
    process: Vec<i64>,
    lane: Vec<u32>,
    outcome: Vec<u8>,
    f: Vec<i64>,
    key: Vec<i64>,
    node: Vec<i64>,
    value: Vec<i64>,
    result: Vec<i64>,
    error: Vec<i64>,
}

#[derive(Serialize)]
struct Stretch<'a> {
    family: &'a str,
    what: &'a str,
    begin: i64,
    /// The right edge of the picture where it did not end.
    end: i64,
}

#[derive(Serialize)]
struct Gap {
    begin: i64,
    end: i64,
    count: u64,
}

#[derive(Serialize)]
struct FailureData<'a> {
    anomaly: &'a str,
    story: &'a str,
    /// Positions in the columns.
    ops: Vec<u32>,
    about: Option<u32>,
    states: &'a [String],
}

/// A call taking effect at a moment.
#[derive(Serialize)]
struct Point {
    /// The number of the order it is of: steps of one order follow each other.
    object: u32,
    op: u32,
    at: i64,
    state: String,
}

/// The part of a picture that is in a window, as JSON that may stand inside a `script` element.
pub fn encode(picture: &Picture, window: &Window) -> String {
    let document = Encoder::new(picture, window).document();
    let json = serde_json::to_string(&document).expect("columns of numbers and texts are JSON");
    inert(&json)
}

/// JSON in which no character means anything to HTML; it reads back as the same values.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => out.push(other),
        }
    }
    out
}

struct Encoder<'a> {
    picture: &'a Picture,
    window: &'a Window,
    origin: i64,
    end: i64,
    /// New numbers of the texts, lanes and rows that are in the window.
    texts: FxHashMap<TextId, i64>,
    used: Vec<&'a str>,
    lanes: HashMap<u32, u32>,
}

impl<'a> Encoder<'a> {
    fn new(picture: &'a Picture, window: &'a Window) -> Encoder<'a> {
        let bars = window.rows.iter().flat_map(|range| bars(picture, range));
        let mut lanes: Vec<u32> = bars.clone().map(|bar| bar.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        Encoder {
            picture,
            window,
            origin: bars.map(|bar| bar.begin).min().unwrap_or(0),
            end: picture.end(),
            texts: FxHashMap::default(),
            used: Vec::new(),
            lanes: (0..).zip(lanes).map(|(new, old)| (old, new)).collect(),
        }
    }

    fn document(mut self) -> Document<'a> {
        let ops = self.columns();
        let mut lanes: Vec<(u32, u32)> = self.lanes.iter().map(|(old, new)| (*new, *old)).collect();
        lanes.sort_unstable();
        let nodes = lanes
            .iter()
            .map(|(_, old)| self.picture.lanes[*old as usize].node);
        let nodes: Vec<Option<TextId>> = nodes.collect();
        let lanes = nodes.into_iter().map(|node| self.text(node)).collect();
        Document {
            timed: self.picture.clock == Clock::Nanoseconds,
            origin: self.origin,
            end: self.since_origin(self.end),
            lanes,
            ops,
            faults: self.stretches(&self.picture.faults),
            phases: self.stretches(&self.picture.phases),
            gaps: self.gaps(),
            failures: self.failures(),
            points: self.points(),
            texts: self.used,
        }
    }

    fn columns(&mut self) -> Columns {
        let mut to = Columns::default();
        let (mut begin, mut invoke) = (self.origin, 0);
        let (picture, window) = (self.picture, self.window);
        for bar in window.rows.iter().flat_map(|range| bars(picture, range)) {
            to.begin.push(bar.begin.saturating_sub(begin));
            to.length
                .push(bar.end.map_or(-1, |end| end.saturating_sub(bar.begin)));
            to.invoke.push((bar.invoke as i64).wrapping_sub(invoke));
            to.complete.push(
                bar.complete
                    .map_or(0, |index| index.saturating_sub(bar.invoke)),
            );
            to.process.push(bar.process);
            to.lane.push(self.lanes[&bar.lane]);
            to.outcome.push(code(bar.outcome));
            to.f.push(self.text(Some(bar.f)));
            to.key.push(self.text(bar.key));
            to.node.push(self.text(bar.node));
            to.value.push(self.text(bar.value));
            to.result.push(self.text(bar.result));
            to.error.push(self.text(bar.error));
            (begin, invoke) = (bar.begin, bar.invoke as i64);
        }
        to
    }

    /// A history may claim any times: those too far apart to count are cut short.
    fn since_origin(&self, time: i64) -> i64 {
        time.saturating_sub(self.origin)
    }

    fn text(&mut self, id: Option<TextId>) -> i64 {
        let Some(id) = id else {
            return -1;
        };
        *self.texts.entry(id).or_insert_with(|| {
            self.used.push(self.picture.texts.text(id));
            self.used.len() as i64 - 1
        })
    }

    fn stretches(&self, bands: &'a [Band]) -> Vec<Stretch<'a>> {
        let stretch = |band: &'a Band| Stretch {
            family: &band.family,
            what: &band.what,
            begin: self.since_origin(band.begin),
            end: self.since_origin(band.end.unwrap_or(self.end).max(band.begin)),
        };
        bands.iter().map(stretch).collect()
    }

    /// From the last bar before to the first one after what is left out.
    fn gaps(&self) -> Vec<Gap> {
        let count = self.picture.ops.len() as u32;
        let kept = self.window.rows.iter();
        let starts = std::iter::once(0).chain(kept.clone().map(|range| range.end));
        let ends = kept.map(|range| range.start).chain([count]);
        let begin_of = |row: u32| self.picture.ops.get(row as usize).map(|bar| bar.begin);
        let left_out = starts.zip(ends).filter(|(start, end)| start < end);
        let gap = |(start, end): (u32, u32)| Gap {
            begin: self.since_origin(begin_of(start).unwrap_or(0)),
            end: self.since_origin(begin_of(end).unwrap_or(self.end)),
            count: u64::from(end - start),
        };
        left_out.map(gap).collect()
    }

    /// The position of a bar in the columns, if it is in the window.
    fn row(&self, row: u32) -> Option<u32> {
        let mut before = 0;
        for range in &self.window.rows {
            if range.contains(&row) {
                return Some(before + row - range.start);
            }
            before += range.end - range.start;
        }
        None
    }

    fn failures(&self) -> Vec<FailureData<'a>> {
        let failure = |failure: &'a Failure| FailureData {
            anomaly: &failure.anomaly,
            story: &failure.story,
            ops: failure
                .ops
                .iter()
                .filter_map(|row| self.row(*row))
                .collect(),
            about: failure.about.and_then(|row| self.row(row)),
            states: &failure.states,
        };
        self.picture.failures.iter().map(failure).collect()
    }

    /// Moments for the steps of the linearizations: each as early as its invocation and the steps
    /// before it in the same order allow, which is before the call's completion.
    fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for (object, order) in (0..).zip(&self.picture.linearizations) {
            let mut at = i64::MIN;
            for step in order {
                at = at.max(self.picture.ops[step.op as usize].begin);
                points.extend(self.row(step.op).map(|op| Point {
                    object,
                    op,
                    at: self.since_origin(at),
                    state: clipped(&step.state, STATE_CHARS_MAX),
                }));
            }
        }
        points
    }
}

fn bars<'a>(picture: &'a Picture, range: &std::ops::Range<u32>) -> std::slice::Iter<'a, Bar> {
    picture.ops[range.start as usize..range.end as usize].iter()
}

fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Fail => 1,
        Outcome::Info => 2,
        Outcome::Open => 3,
    }
}
