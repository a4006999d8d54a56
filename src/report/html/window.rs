//! The window: which bars a page holds when there are more than it may.

use std::ops::Range;

use super::picture::Picture;

/// Ranges of bars, in order and apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub rows: Vec<Range<u32>>,
    /// Bars of the picture that are in no range.
    pub left_out: u64,
}

impl Window {
    /// Bars before and after those of the failures, as many as fit into `bars_max`. Those of the
    /// failures are in it whatever the limit. Without failures it is the beginning.
    pub fn around_failures(picture: &Picture, bars_max: usize) -> Window {
        let count = picture.ops.len() as u32;
        let failing = failing(picture);
        if picture.ops.len() <= bars_max || failing.is_empty() {
            let end = count.min(u32::try_from(bars_max).unwrap_or(u32::MAX));
            return Window::new(std::iter::once(0..end).collect(), count);
        }
        // The widest margin that fits: it fits up to some margin and never again beyond.
        let (mut fits, mut fails) = (0, count);
        while fails - fits > 1 {
            let margin = fits + (fails - fits) / 2;
            let total: u32 = around(&failing, margin, count).iter().map(range_len).sum();
            if total as usize <= bars_max {
                fits = margin;
            } else {
                fails = margin;
            }
        }
        Window::new(around(&failing, fits, count), count)
    }

    fn new(rows: Vec<Range<u32>>, count: u32) -> Window {
        let kept: u32 = rows.iter().map(range_len).sum();
        Window {
            rows,
            left_out: u64::from(count - kept),
        }
    }
}

fn range_len(range: &Range<u32>) -> u32 {
    range.end - range.start
}

/// The bars of all failures, in order.
fn failing(picture: &Picture) -> Vec<u32> {
    let ops = picture.failures.iter().flat_map(|failure| &failure.ops);
    let mut failing: Vec<u32> = ops.copied().collect();
    failing.sort_unstable();
    failing.dedup();
    failing
}

/// The rows with a margin on both sides, as ranges that do not touch.
fn around(rows: &[u32], margin: u32, count: u32) -> Vec<Range<u32>> {
    let mut ranges: Vec<Range<u32>> = Vec::new();
    for &row in rows {
        let start = row.saturating_sub(margin);
        let end = row.saturating_add(margin).saturating_add(1).min(count);
        match ranges.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::picture::{Bar, Failure, Outcome};

    fn picture(count: usize, failing: &[u32]) -> Picture {
        let bar = Bar {
            lane: 0,
            process: 0,
            outcome: Outcome::Ok,
            begin: 0,
            end: Some(0),
            invoke: 0,
            complete: Some(1),
            f: 0,
            key: None,
            node: None,
            value: None,
            result: None,
            error: None,
        };
        Picture {
            ops: vec![bar; count],
            failures: vec![Failure {
                ops: failing.to_vec(),
                ..Failure::default()
            }],
            ..Picture::default()
        }
    }

    fn rows(count: usize, failing: &[u32], bars_max: usize) -> Vec<(u32, u32)> {
        let window = Window::around_failures(&picture(count, failing), bars_max);
        let ranges = window.rows.iter().map(|range| (range.start, range.end));
        ranges.collect()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        assert_eq!(rows(100, &[5], 100), [(0, 100)]);
        assert_eq!(rows(100, &[], 10), [(0, 10)]);
    }

    #[test]
    fn the_widest_margin_that_fits_is_found() {
        assert_eq!(rows(100, &[50], 11), [(45, 56)]);
        assert_eq!(rows(100, &[10, 80], 12), [(8, 13), (78, 83)]);
        assert_eq!(rows(100, &[10, 12], 9), [(7, 16)]);
        assert_eq!(rows(100, &[99], 5), [(95, 100)]);
    }

    #[test]
    fn failing_bars_are_kept_beyond_the_limit() {
        let window = Window::around_failures(&picture(100, &[10, 50, 90]), 1);
        assert_eq!(window.rows, [10..11, 50..51, 90..91]);
        assert_eq!(window.left_out, 97);
    }
}
