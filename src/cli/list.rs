//! `faultbench list`: what there is to choose from.

use clap::{Args, ValueEnum};
use faultbench_checkers::checker::MODELS;
use faultbench_checkers::formats::FORMATS;
use faultbench_checkers::lattice::{self, Model};
use faultbench_workloads::WORKLOADS;
use serde::Serialize;

use super::Ended;
use crate::plan::nemesis::FAMILIES;
use crate::targets::description::Choices;
use crate::targets::{self, TARGETS};
use crate::verdict::Exit;

/// List targets, workloads, nemeses, bugs, checkers, consistency models and history formats
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench list
  faultbench list nemeses
  faultbench list --json | jq -r '.[] | select(.kind == \"bug\").name'")]
pub struct ListArgs {
    /// Only this kind
    kind: Option<Kind>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Targets,
    Workloads,
    Nemeses,
    Bugs,
    Options,
    Checkers,
    Consistency,
    Formats,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    about: String,
}

impl Kind {
    fn rows(self) -> Vec<Row> {
        match self {
            Kind::Targets => rows("target", TARGETS.iter().map(|t| (t.name, t.about))),
            Kind::Workloads => rows("workload", WORKLOADS.iter().map(|w| (w.name, w.about))),
            Kind::Nemeses => FAMILIES.iter().flat_map(nemesis_rows).collect(),
            Kind::Bugs => TARGETS.iter().flat_map(bug_rows).collect(),
            Kind::Options => TARGETS.iter().flat_map(option_rows).collect(),
            Kind::Checkers => rows("checker", MODELS.iter().map(|m| (m.name, m.about))),
            Kind::Consistency => lattice::MODELS.iter().map(consistency_row).collect(),
            Kind::Formats => rows("format", FORMATS.iter().map(|f| (f.name, f.about))),
        }
    }
}

fn rows<'a>(kind: &'static str, named: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Row> {
    named
        .map(|(name, about)| Row {
            kind,
            name: name.to_owned(),
            about: about.to_owned(),
        })
        .collect()
}

fn nemesis_rows(family: &crate::plan::nemesis::Family) -> Vec<Row> {
    let variants = family.variants.iter().map(|variant| Row {
        kind: "nemesis",
        name: format!("{}:{}", family.name, variant.name),
        about: variant.about.to_owned(),
    });
    let mut all = rows("nemesis", [(family.name, family.about)].into_iter());
    all.extend(variants);
    all
}

fn bug_rows(target: &crate::targets::TargetKind) -> Vec<Row> {
    rows(
        "bug",
        (target.bugs)().iter().map(|bug| (bug.name, bug.about)),
    )
}

/// What can be chosen of a target with `--with`.
fn option_rows(target: &crate::targets::TargetKind) -> Vec<Row> {
    let description = targets::describe(target.name);
    let options = description.map_or_else(|_| Default::default(), |target| target.options);
    let row = |(name, option): (String, Choices)| {
        let choices = match option.choices.as_slice() {
            [] => String::new(),
            choices => format!(" ({})", choices.join(", ")),
        };
        Row {
            kind: "option",
            name: format!("{}:{name}", target.name),
            about: format!("{}{choices}; by default {}", option.about, option.default),
        }
    };
    options.into_iter().map(row).collect()
}

fn consistency_row(kind: &lattice::models::ModelKind) -> Row {
    let weaker: Vec<&str> = kind.weaker.iter().copied().map(Model::name).collect();
    let mut about = match weaker.as_slice() {
        [] => "implies no other".to_owned(),
        weaker => format!("implies {}", weaker.join(", ")),
    };
    if !kind.aliases.is_empty() {
        about += &format!("; also {}", kind.aliases.join(", "));
    }
    Row {
        kind: "consistency",
        name: kind.name.to_owned(),
        about,
    }
}

pub fn main(args: &ListArgs) -> Ended {
    let kinds: Vec<Kind> = match args.kind {
        Some(kind) => vec![kind],
        None => Kind::value_variants().to_vec(),
    };
    let groups: Vec<Vec<Row>> = kinds.into_iter().map(Kind::rows).collect();
    if args.json {
        let all: Vec<Row> = groups.into_iter().flatten().collect();
        let text = serde_json::to_string_pretty(&all).expect("rows are plain strings");
        super::print(format!("{text}\n").as_bytes());
        return Ok(Exit::Valid);
    }
    let width = groups
        .iter()
        .flatten()
        .map(|row| row.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for group in groups {
        let heading = group.first().map_or("", |row| row.kind);
        text += &format!("{heading}\n");
        for row in group {
            text += &format!("  {:width$}  {}\n", row.name, row.about);
        }
    }
    super::print(text.as_bytes());
    Ok(Exit::Valid)
}
