//! A checked history as one page that needs nothing else: the verdict, the findings in words, the
//! picture, the statistics.
//!
//! The page holds its data as columns ([`data`]) and draws what is visible of them on a canvas, as
//! Porcupine's and Knossos' pictures cannot once a history has more than some hundred operations.
//! It fetches nothing and says so to the browser (`Content-Security-Policy`), which then runs no
//! script but the page's own, whatever a value in the history looks like.

pub mod collect;
mod data;
pub mod failures;
mod lanes;
mod linearizations;
pub mod picture;
pub mod texts;
mod window;
mod words;

use faultbench_checkers::report::Report;
use faultbench_checkers::statistics::Statistics;

use self::picture::Picture;
use self::window::Window;
use self::words::escape;
use crate::report::text;
use crate::verdict::{Exit, Verdict};

/// Bytes of a page at the most: a browser opens it at once, and it fits into a mail.
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Calls a page holds at the most, unless those of its findings alone are more.
pub const PAGE_CALLS_MAX: usize = 200_000;
/// Warnings and problems listed.
const NOTES_MAX: usize = 50;
/// Characters of the history's name.
const SOURCE_CHARS_MAX: usize = 300;

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
/// One module to the browser, in the order in which its parts build on each other.
const SCRIPTS: [&str; 7] = [
    include_str!("html/columns.js"),
    include_str!("html/view.js"),
    include_str!("html/draw.js"),
    include_str!("html/overview.js"),
    include_str!("html/card.js"),
    include_str!("html/input.js"),
    include_str!("html/page.js"),
];

/// What a page tells in words.
pub struct Story<'a> {
    /// Where the history is from.
    pub source: &'a str,
    pub verdict: &'a Verdict,
    pub report: &'a Report,
    pub statistics: &'a Statistics,
    pub warnings: &'a [String],
}

/// The page, of at most [`PAGE_BYTES_MAX`] bytes.
pub fn page(story: &Story<'_>, picture: &Picture) -> String {
    sized(story, picture, PAGE_CALLS_MAX, PAGE_BYTES_MAX)
}

/// The page with as many calls as fit into both limits, halving until they do.
fn sized(story: &Story<'_>, picture: &Picture, calls_max: usize, bytes_max: usize) -> String {
    let mut calls_max = calls_max.min(picture.ops.len());
    loop {
        let window = Window::around_failures(picture, calls_max);
        let page = compose(story, picture, &window);
        if page.len() <= bytes_max || calls_max == 0 {
            return page;
        }
        calls_max /= 2;
    }
}

fn compose(story: &Story<'_>, picture: &Picture, window: &Window) -> String {
    let source = texts::clipped(&story.source, SOURCE_CHARS_MAX);
    let exit = story.verdict.exit();
    let part = |name: &str| match name {
        "title" => escape(&format!("{}: {source}", text::plain_word(exit))),
        "class" => class(exit).to_owned(),
        "word" => text::plain_word(exit).to_owned(),
        "sentence" => escape(&format!("{source}: {}", text::says(story.report))),
        "findings" => words::findings(picture),
        "problems" => words::notes("problems", &problems(story)),
        "window" => words::notes("window", &left_out(picture, window)),
        "lattice" => words::lattice(story.report),
        "statistics" => words::statistics(story.statistics),
        "style" => STYLE.to_owned(),
        "data" => data::encode(picture, window),
        "script" => SCRIPTS.concat(),
        other => unreachable!("the template asks for {other}"),
    };
    fill(TEMPLATE, part)
}

/// Replaces each `{{name}}` of the template. What is put in is not looked at again, so a value
/// that looks like a placeholder stays what it is.
fn fill(template: &str, part: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("placeholders are closed");
        out.push_str(before);
        out.push_str(&part(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn class(exit: Exit) -> &'static str {
    match exit {
        Exit::Valid => "good",
        Exit::Safety => "bad",
        _ => "doubt",
    }
}

/// What stands beside the findings: problems of the other parts, warnings.
fn problems(story: &Story<'_>) -> Vec<String> {
    let verdict = story.verdict;
    let parts = [&verdict.liveness, &verdict.harness, &verdict.coverage];
    let problems = parts.into_iter().flat_map(|part| &part.problems);
    let mut notes: Vec<String> = problems.chain(story.warnings).cloned().collect();
    if notes.len() > NOTES_MAX {
        let more = notes.len() - NOTES_MAX;
        notes.truncate(NOTES_MAX);
        notes.push(format!("… and {more} more"));
    }
    notes
}

/// What the picture does not hold of the history.
fn left_out(picture: &Picture, window: &Window) -> Vec<String> {
    let held = picture.ops.len() as u64 - window.left_out;
    let mut notes = Vec::new();
    if window.left_out > 0 {
        let which = match picture
            .failures
            .iter()
            .any(|failure| !failure.ops.is_empty())
        {
            true => "those around the findings",
            false => "the first",
        };
        notes.push(format!(
            "The picture holds {held} of {} calls, {which}: all would make the page too large. \
             Hatched stretches stand for what is left out.",
            picture.ops.len()
        ));
    }
    if picture.uncollected > 0 {
        notes.push(format!(
            "The last {} calls of the history were judged but not collected for the picture.",
            picture.uncollected
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
