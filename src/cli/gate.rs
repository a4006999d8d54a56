//! `faultbench gate`: many runs, each with what is expected of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, FromArgMatches};

use super::options::PlanOptions;
use super::run::{OutputOptions, check_installed};
use super::{Ended, Failure};
use crate::execute::{Options, execute};
use crate::gate::conduct::{Conduct, Ran};
use crate::gate::file::{self, Case};
use crate::gate::journal::Journal;
use crate::gate::record::Record;
use crate::gate::shard::Shard;
use crate::gate::summary::Summary;
use crate::gate::{junit, markdown};
use crate::plan::Plan;
use crate::report::{gate as gate_text, progress};

/// Carry out a matrix of runs and fail on anything unexpected, in either direction
///
/// The file says which options of `run` to combine, with which seeds, and what is expected: a valid
/// run, or a known anomaly that must still show. Runs that went as expected are not kept.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench gate ci/gate.toml
  faultbench gate ci/gate.toml --list
  faultbench gate ci/gate.toml --shard 2/4 --junit gate.xml --markdown \"$GITHUB_STEP_SUMMARY\"
  faultbench gate ci/gate.toml --resume

A gate file:
  [run]                              # options of `faultbench run`, for every case
  time-limit = \"10s\"

  [[case]]
  workload = [\"bank\", \"register\"]    # a list: each of them in turn
  nemesis = \"partition,kill\"
  seeds = \"1-5\"
  minimum = { ok = 500, faults = 1 } # of each run, or it does not count

  [[case]]
  workload = \"bank\"
  bug = \"split-transfer\"
  expect = \"wrong-total\"

Exit codes: that of the worst surprise: 1 a violation nobody expected, 2 unknown, 3 did not serve or
recover, 4 too little happened, an expected anomaly did not show, or the gate was stopped; 254 the
file cannot be used, 255 the harness failed; 0 if there was no surprise.")]
pub struct GateArgs {
    /// The gate file
    file: PathBuf,

    /// Carry out only a part of the cases: the second of four is 2/4
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    /// Go on with a gate that was stopped
    #[arg(long)]
    resume: bool,

    /// Print the runs there would be, and carry none out
    #[arg(long)]
    list: bool,

    /// Write JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write a summary in Markdown to this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Keep also the runs that went as expected
    #[arg(long)]
    keep: bool,

    #[command(flatten)]
    output: OutputOptions,
}

pub fn main(args: &GateArgs) -> Ended {
    let started = Instant::now();
    let cases = read(&args.file)?;
    let cases = match args.shard {
        Some(shard) => shard.of(cases),
        None => cases,
    };
    if args.list {
        list(&cases);
        return Ok(crate::verdict::Exit::Valid);
    }
    for case in &cases {
        check_installed(&[plan(case, case.seeds[0])?])?;
    }
    let progress = progress::bar_on_terminal;
    let options = args.output.enter(started, progress)?;
    let summary = carry_out(args, &cases, &options)?;
    tell(args, &summary)?;
    Ok(summary.exit())
}

/// Reads the file, and sees that every case is one `run` would take.
fn read(path: &Path) -> Result<Vec<Case>, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let cases = file::parse(&text).map_err(|error| wrong(error.to_string()))?;
    for case in &cases {
        plan(case, case.seeds[0])
            .map_err(|failure| wrong(format!("case {}: {}", case.name, failure.message)))?;
    }
    Ok(cases)
}

/// The plan `run` would have for the case.
fn plan(case: &Case, seed: u64) -> Result<Plan, Failure> {
    let command = PlanOptions::augment_args(clap::Command::new("run").no_binary_name(true));
    let matches = command.try_get_matches_from(&case.args);
    let options = matches.and_then(|matches| PlanOptions::from_arg_matches(&matches));
    let first_line = |error: clap::Error| {
        let text = error.to_string();
        let paragraph = text.split("\n\n").next().unwrap_or_default();
        Failure::usage(paragraph.trim_start_matches("error: "))
    };
    options.map_err(first_line)?.plan(seed)
}

fn list(cases: &[Case]) {
    for case in cases {
        let seeds: Vec<String> = case.seeds.iter().map(u64::to_string).collect();
        let expected = case.expectation.text();
        let seeds = seeds.join(" ");
        let text = format!("{}: {expected}, seeds {seeds}\n", case.name);
        super::print(text.as_bytes());
    }
}

fn carry_out(args: &GateArgs, cases: &[Case], options: &Options) -> Result<Summary, Failure> {
    let path = journal_path(args);
    let open = if args.resume {
        Journal::resume(&path)
    } else {
        Journal::begin(&path)
    };
    let journal =
        open.map_err(|error| Failure::harness(format!("the journal {}: {error}", path.display())))?;
    let total: usize = cases.iter().map(|case| case.seeds.len()).sum();
    let mut number = 0;
    let mut conduct = Conduct {
        run: &mut |case, seed| run(case, seed, options),
        watch: &mut |outcome, again| {
            number += 1;
            if !args.output.quiet {
                let line = gate_text::line(outcome, again);
                anstream::eprintln!("[{number}/{total}] {line}");
            }
        },
        journal,
        store: &args.output.store,
        keep: args.keep,
    };
    conduct.carry_out(cases).map_err(Failure::harness)
}

/// One for each gate and part: `STORE/gate/<file>[-<i>of<n>].jsonl`.
fn journal_path(args: &GateArgs) -> PathBuf {
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let part = args.shard.map(|shard| format!("-{}", shard.text()));
    let name = format!("{stem}{}.jsonl", part.unwrap_or_default());
    args.output.store.join("gate").join(name)
}

fn run(case: &Case, seed: u64, options: &Options) -> Ran {
    let start = Instant::now();
    let results = plan(case, seed)
        .map_err(|failure| failure.message)
        .and_then(|plan| execute(plan, options));
    let took = start.elapsed();
    match results {
        Ok(results) => Ran {
            record: Record::of(&case.name, &case.args, &results, took),
            interrupted: results.interrupted,
        },
        Err(problem) => Ran {
            record: Record::broken(&case.name, &case.args, seed, problem, took),
            interrupted: false,
        },
    }
}

fn tell(args: &GateArgs, summary: &Summary) -> Result<(), Failure> {
    let write = |path: &Option<PathBuf>, text: &dyn Fn() -> Result<String, String>| {
        let Some(path) = path else { return Ok(()) };
        let text = text().map_err(Failure::harness)?;
        fs::write(path, text)
            .map_err(|error| Failure::harness(format!("cannot write {}: {error}", path.display())))
    };
    write(&args.junit, &|| junit::document(summary))?;
    write(&args.markdown, &|| Ok(markdown::document(summary)))?;
    if args.output.json {
        let text = serde_json::to_string(summary).expect("a summary is plain data");
        super::print(format!("{text}\n").as_bytes());
    } else {
        anstream::print!("{}", gate_text::summary(summary));
    }
    Ok(())
}
