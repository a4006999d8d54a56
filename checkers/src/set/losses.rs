//! Which fault's time the missing elements are from.
//!
//! An element counts for the last fault that had begun when it became known: while it was in place,
//! or after it was lifted, when what it brought about may still last.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::elements::{Fate, OneSet};
use crate::events::FaultWindow;
use crate::story::{self, seconds};

/// Stretches of time told in one sentence.
const STRETCHES_TOLD_MAX: usize = 4;

/// Elements that became known in one stretch of time.
#[derive(Debug)]
struct Loss {
    count: usize,
    first: u32,
    last: u32,
}

/// A stretch of time: the position of a fault, and whether it was lifted by then; `None` before
/// all faults.
type Stretch = Option<(usize, bool)>;

/// The missing elements by stretches of time, in order.
#[derive(Debug, Default)]
pub(super) struct Losses<'a> {
    windows: &'a [FaultWindow],
    by_stretch: BTreeMap<Stretch, Loss>,
}

impl<'a> Losses<'a> {
    pub fn of(fates: &[Fate], windows: &'a [FaultWindow]) -> Losses<'a> {
        let mut by_stretch: BTreeMap<Stretch, Loss> = BTreeMap::new();
        let mut in_order: Vec<&Fate> = fates.iter().collect();
        in_order.sort_by_key(|fate| fate.known.position);
        for fate in in_order {
            let Some(time) = fate.known.time else {
                continue;
            };
            let began = windows.iter().rposition(|window| window.begin <= time);
            let stretch = began.map(|at| (at, windows[at].end.is_some_and(|end| end <= time)));
            let loss = by_stretch.entry(stretch).or_insert(Loss {
                count: 0,
                first: fate.element,
                last: fate.element,
            });
            loss.count += 1;
            loss.last = fate.element;
        }
        // Where there was no fault there is nothing to tell apart.
        if windows.is_empty() {
            by_stretch.clear();
        }
        Losses {
            windows,
            by_stretch,
        }
    }

    /// Whether there is nothing to tell: no fault, or nothing missing.
    pub fn is_empty(&self) -> bool {
        self.by_stretch.is_empty()
    }

    /// The largest of them in words.
    pub fn told(&self, set: &OneSet) -> String {
        let mut largest: Vec<_> = self.by_stretch.iter().collect();
        largest.sort_by_key(|(_, loss)| std::cmp::Reverse(loss.count));
        let told = largest
            .into_iter()
            .take(STRETCHES_TOLD_MAX)
            .map(|(stretch, loss)| {
                let when = match stretch {
                    None => "before any fault".to_owned(),
                    Some((at, false)) => format!("during {}", named(&self.windows[*at])),
                    Some((at, true)) => format!("after {}", named(&self.windows[*at])),
                };
                let Loss { count, first, last } = loss;
                let elements = match first == last {
                    true => format!("{}", set.element(*first)),
                    false => format!("{} to {}", set.element(*first), set.element(*last)),
                };
                format!("{count} known {when}: {elements}")
            });
        told.collect::<Vec<_>>().join("; ")
    }

    pub fn json(&self, set: &OneSet) -> Json {
        let told = self.by_stretch.iter().map(|(stretch, loss)| {
            let fault = stretch.map(|(at, _)| &self.windows[at]);
            json!({
                "fault": fault.map(|window| window.fault),
                "lifted": stretch.map(|(_, lifted)| lifted),
                "count": loss.count,
                "first": story::json(set.element(loss.first)),
                "last": story::json(set.element(loss.last)),
            })
        });
        told.collect()
    }
}

fn named(window: &FaultWindow) -> String {
    let end = window.end.map_or("the end".to_owned(), seconds);
    let begin = seconds(window.begin);
    format!("fault {} ({}, {begin} to {end})", window.fault, window.what)
}
