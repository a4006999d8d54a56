//! The parts of the page that are words and tables: they are there without a script too.

use std::fmt::Write;

use faultbench_checkers::report::Report;
use faultbench_checkers::statistics::{FunctionStatistics, Scope, Statistics};

use super::picture::{Failure, Picture};
use super::texts::clipped;
use crate::report::diagram::lattice::Standing;

/// Findings shown at once; the others unfold.
const FINDINGS_OPEN: usize = 3;
/// Rows of a table of scopes.
const SCOPES_MAX: usize = 100;
/// Characters of a name in a table.
const NAME_CHARS_MAX: usize = 80;

/// Text as HTML: nothing in it is markup any more, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The findings as a list. The script gives its buttons their meaning.
pub fn findings(picture: &Picture) -> String {
    if picture.failures.is_empty() {
        return String::new();
    }
    let items: Vec<String> = picture
        .failures
        .iter()
        .enumerate()
        .map(|(n, failure)| finding(picture, n, failure))
        .collect();
    let (open, folded) = items.split_at(items.len().min(FINDINGS_OPEN));
    let mut out = format!("<ol class=\"findings\">\n{}</ol>\n", open.concat());
    if !folded.is_empty() {
        let _ = write!(
            out,
            "<details><summary>{} more findings</summary>\n\
             <ol class=\"findings\" start=\"{}\">\n{}</ol>\n</details>\n",
            folded.len(),
            open.len() + 1,
            folded.concat()
        );
    }
    out
}

fn finding(picture: &Picture, number: usize, failure: &Failure) -> String {
    let mut out = format!(
        "<li><p><strong>{}</strong> {}</p>\n",
        escape(&failure.anomaly),
        escape(&failure.story)
    );
    if !failure.states.is_empty() {
        let states = failure.states.iter().map(|state| escape(state));
        let states: Vec<String> = states
            .map(|state| format!("<code>{state}</code>"))
            .collect();
        let _ = writeln!(out, "<p>Possible just before it: {}</p>", states.join(" "));
    }
    if let Some(svg) = &failure.diagram {
        out += &diagram(svg);
    }
    let index = |row: &u32| {
        let bar = &picture.ops[*row as usize];
        bar.complete.unwrap_or(bar.invoke).to_string()
    };
    let mut indices: Vec<String> = failure.ops.iter().map(index).collect();
    let beyond = failure.beyond.iter();
    indices.extend(beyond.map(|index| format!("{index} (not in the picture)")));
    let _ = write!(out, "<p class=\"ops\">Operations {}", indices.join(" "));
    if !failure.ops.is_empty() {
        let _ = write!(
            out,
            " <button type=\"button\" class=\"show\" data-failure=\"{number}\">Show in the \
             picture</button>"
        );
    }
    out.push_str("</p></li>\n");
    out
}

/// A drawing, which scrolls by itself where it is too wide.
fn diagram(svg: &str) -> String {
    format!("<div class=\"diagram\" tabindex=\"0\">\n{svg}\n</div>\n")
}

/// The consistency models and what the history says of them.
pub fn lattice(report: &Report) -> String {
    Standing::of(report).map_or_else(String::new, |standing| {
        format!(
            "<section id=\"models\">\n<h2>Consistency models</h2>\n{}</section>\n",
            diagram(&standing.svg())
        )
    })
}

/// Sentences about what went wrong beside the findings.
pub fn notes(class: &str, notes: &[String]) -> String {
    let items = notes.iter().map(|note| {
        let note = escape(&clipped(note, super::failures::STORY_CHARS_MAX));
        format!("<li>{note}</li>\n")
    });
    let items: String = items.collect();
    match items.is_empty() {
        true => items,
        false => format!("<ul class=\"{class}\">\n{items}</ul>\n"),
    }
}

/// Tables of what was asked and answered: overall, then by phase, fault and node.
pub fn statistics(statistics: &Statistics) -> String {
    let overall = &statistics.overall;
    let mut out = functions(&overall.functions);
    let availability = escape(&overall.availability.text());
    let _ = writeln!(out, "<p>Available: {availability}</p>");
    for (title, named, found) in [
        ("By phase", "Phase", &statistics.phases),
        ("By fault", "Fault", &statistics.faults),
        ("By node", "Node", &statistics.nodes),
    ] {
        if !found.is_empty() {
            let _ = write!(
                out,
                "<details><summary>{title}</summary>\n{}</details>\n",
                scopes(named, found)
            );
        }
    }
    out
}

fn functions(functions: &[FunctionStatistics]) -> String {
    let head = [
        "Function",
        "ok",
        "failed",
        "indefinite",
        "per second",
        "p50",
        "p95",
        "p99",
        "max",
    ];
    let rows = functions.iter().map(|of| {
        let ms = |ns: fn(&faultbench_checkers::statistics::Latency) -> u64| {
            let latency = of.latency.as_ref().map(ns);
            latency.map_or_else(|| "–".to_owned(), |ns| format!("{:.1} ms", ns as f64 / 1e6))
        };
        vec![
            clipped(&of.f, NAME_CHARS_MAX),
            of.ok.to_string(),
            of.fail.to_string(),
            of.info.to_string(),
            of.rate
                .map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}")),
            ms(|latency| latency.p50),
            ms(|latency| latency.p95),
            ms(|latency| latency.p99),
            ms(|latency| latency.max),
        ]
    });
    table(&head, rows.take(SCOPES_MAX))
}

fn scopes(named: &str, scopes: &[Scope]) -> String {
    let head = [
        named,
        "from",
        "to",
        "ok",
        "failed",
        "indefinite",
        "available",
    ];
    let seconds = |time: Option<i64>| {
        time.map_or_else(|| "–".to_owned(), |ns| format!("{:.2} s", ns as f64 / 1e9))
    };
    let rows = scopes.iter().take(SCOPES_MAX).map(|scope| {
        let sum = |count: fn(&FunctionStatistics) -> u64| {
            scope.functions.iter().map(count).sum::<u64>().to_string()
        };
        vec![
            clipped(&scope.name, NAME_CHARS_MAX),
            seconds(scope.begin),
            seconds(scope.end),
            sum(|of| of.ok),
            sum(|of| of.fail),
            sum(|of| of.info),
            scope.availability.text(),
        ]
    });
    let mut out = table(&head, rows);
    if scopes.len() > SCOPES_MAX {
        let _ = writeln!(out, "<p>… and {} more</p>", scopes.len() - SCOPES_MAX);
    }
    out
}

/// A table whose first column names the row. It scrolls by itself where it is too wide.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::from("<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>");
    for name in head {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (n, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = match n {
                0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                _ => write!(out, "<td>{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    out
}
