//! What a host can do, for the terminal.

use std::fmt::Write;

use super::style::{BAD, DIM, DOUBT, GOOD};
use crate::host::abilities::{Abilities, State};

/// A line for each ability; where something is missing, why and the way round.
pub fn text(found: &Abilities) -> String {
    let mut out = String::new();
    let width = found
        .abilities
        .iter()
        .map(|a| a.name.len())
        .max()
        .unwrap_or(0);
    for ability in &found.abilities {
        let (style, mark, notes): (_, _, Vec<&str>) = match &ability.state {
            State::Yes { detail } => (GOOD, "yes", vec![detail]),
            State::Partial { why, way_round } => (DOUBT, "partly", vec![why, way_round]),
            State::No { why, way_round } => (BAD, "no", vec![why, way_round]),
        };
        let name = &ability.name;
        let _ = writeln!(
            out,
            "{style}{mark:6}{style:#} {name:width$}  {}",
            ability.about
        );
        for note in notes.into_iter().filter(|note| !note.is_empty()) {
            let _ = writeln!(out, "       {:width$}  {DIM}{note}{DIM:#}", "");
        }
    }
    let fabric = &found.fabric;
    let _ = writeln!(
        out,
        "\nnetwork between nodes: {} ({})",
        fabric.backend, fabric.why
    );
    let can = if found.can_run() {
        format!("{GOOD}This machine can run clusters.{GOOD:#}")
    } else {
        format!("{BAD}This machine cannot run clusters{BAD:#}; `faultbench check` and `plan` work.")
    };
    let _ = writeln!(out, "{can}");
    out
}
