//! A gate on the terminal: a line for each run, and the surprises at the end.

use std::fmt::Write;

use super::style::{BAD, DIM, GOOD};
use super::text::{field, tally, word};
use crate::gate::summary::{RunOutcome, Summary};

/// A run that ended; `again` if its record is of an earlier gate.
pub fn line(outcome: &RunOutcome, again: bool) -> String {
    let record = &outcome.record;
    let (style, judged) = match outcome.surprise {
        None => (GOOD, "as expected"),
        Some(_) => (BAD, "UNEXPECTED"),
    };
    let from = if again { ", carried out before" } else { "" };
    format!(
        "{style}{judged}{style:#} {}, seed {}{from}: {}: {}",
        record.case,
        record.seed,
        word(record.exit()),
        match &outcome.surprise {
            None => &record.sentence,
            Some(surprise) => &surprise.problem,
        }
    )
}

/// The whole gate.
pub fn summary(summary: &Summary) -> String {
    let mut out = String::new();
    let exit = summary.exit();
    let _ = writeln!(out, "{}: {}\n", word(exit), summary.headline());
    for case in &summary.cases {
        let style = if case.surprises().next().is_none() {
            GOOD
        } else {
            BAD
        };
        let _ = writeln!(
            out,
            "  {style}{}{style:#}  {DIM}expected {}{DIM:#}  {}",
            case.name,
            case.expected,
            tally(&case.exits())
        );
        for run in case.runs.iter().filter(|run| run.surprise.is_some()) {
            let record = &run.record;
            field(
                &mut out,
                &format!("seed {}", record.seed),
                &record.problem(),
            );
            field(&mut out, "again", &record.command());
            if let Some(dir) = &record.dir {
                field(&mut out, "run", dir);
            }
        }
        if let Some(missing) = &case.missing {
            field(&mut out, "missing", &missing.problem);
        }
    }
    out
}
