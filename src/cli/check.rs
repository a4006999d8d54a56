//! `faultbench check`: judges recorded histories.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use faultbench_checkers::checker::{MODELS, ModelKind, Params, model_named};
use faultbench_checkers::formats::{FORMATS, Format, ReadOptions};
use faultbench_checkers::lattice::{self, Model as Consistency};
use faultbench_checkers::transactions::Assume;
use faultbench_checkers::{Op, Value};

use super::input::open;
use super::{Ended, Failure};
use crate::analysis::{Analysis, Limits, Request, analyse_watched};
use crate::report::diagram;
use crate::report::html::collect::Collector;
use crate::report::html::{self, Story};
use crate::report::reading::Reading;
use crate::report::text;
use crate::verdict::{Exit, Findings, Verdict, judge};

/// Check recorded histories: EDN or JSON, of Jepsen, of faultbench, or of others
///
/// Format and model are found out from the first operations unless given. With several files the
/// exit code is that of the worst.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench check history.edn
  faultbench check --model bank history.jsonl --json
  faultbench check store/latest
  faultbench check store/latest --html picture.html
  faultbench check --model list-append history.edn --pictures drawn
  faultbench check registers.edn --consistency read-your-writes,monotonic-reads
  faultbench check registers.edn --witness --json | jq .report.witness
  zcat history.edn.gz | faultbench check --model cas-register --init 0 -")]
pub struct CheckArgs {
    /// History files, run directories, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What the operations mean
    #[arg(long, short, value_parser = PossibleValuesParser::new(MODELS.iter().map(|m| m.name)))]
    model: Option<String>,

    /// The consistency models the store promised, each judged; by default strict-serializable for
    /// transactions and linearizable for single objects
    #[arg(long, value_delimiter = ',', value_name = "MODEL", value_parser = parse_consistency)]
    consistency: Vec<Consistency>,

    /// What is known of single registers, to order what transactions write to them
    #[arg(long, value_delimiter = ',',
          value_parser = PossibleValuesParser::new(Assume::NAMES))]
    assume: Vec<String>,

    /// The format of the files
    #[arg(long, value_parser = PossibleValuesParser::new(FORMATS.iter().map(|f| f.name)))]
    format: Option<String>,

    /// The value of a register before any write; for bank, the total of all accounts
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    init: Option<String>,

    /// Whether values are pairs of an independent key and its value; found out unless given
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    independent: Option<bool>,

    /// A read that returned nil tells nothing, as in Knossos, instead of having found nil
    #[arg(long)]
    nil_read_is_unknown: bool,

    /// A failed compare-and-set proves that the register did not hold what was expected; only
    /// sound where a store answers failures as consistently as reads
    #[arg(long)]
    failed_cas_informs: bool,

    /// The history has no times: the order of each session is all there is, and part of every model
    /// of transactions; always so of plume, awdit, dbcop, dbcop-yaml
    /// and cobra
    #[arg(long)]
    sessions_only: bool,

    /// If the answer is valid, say an order of the operations that explains it; with --json, whole
    #[arg(long)]
    witness: bool,

    /// Measure how stale reads of registers are: by how many writes and how much time, for each
    /// node and fault
    #[arg(long)]
    staleness: bool,

    /// How long the analysis of one file may take; then the answer is unknown
    #[arg(long, default_value = "60s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    budget: Duration,

    /// Count and report lines that cannot be read; the answer is then at best unknown
    #[arg(long)]
    skip_bad_lines: bool,

    /// Leave out a last line that was cut off, as in the log of a run that was killed
    #[arg(long)]
    drop_torn_line: bool,

    /// Take operations without a process, and completions without an invocation
    #[arg(long)]
    lenient: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Write pictures of the cycles found and of the consistency models, as SVG and as DOT
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,

    /// Write a page that shows the history and the findings, for any browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub fn main(args: &CheckArgs) -> Ended {
    let request = args.request()?;
    let draws = args.html.is_some() || args.pictures.is_some();
    if draws && args.files.len() > 1 {
        let count = args.files.len();
        return Err(Failure::usage(format!(
            "--html and --pictures draw one history, but {count} files are given; check them one \
             at a time"
        )));
    }
    let mut exit = Exit::Valid;
    let mut failures = Vec::new();
    for file in &args.files {
        let source = file.display().to_string();
        let mut collector = args.html.as_ref().map(|_| Collector::default());
        let mut watch = |op: &Op| collector.iter_mut().for_each(|into| into.push(op));
        let progress = Reading::begin(&source);
        let analysed = open(file, Some(&progress))
            .and_then(|input| analyse_watched(input, &source, &request, &mut watch));
        drop(progress);
        match analysed {
            Ok(mut analysis) => {
                let verdict = judge(&Findings {
                    report: Some(&analysis.report),
                    ok_ops: analysis.ok_ops,
                    ..Findings::default()
                });
                exit = exit.worse(verdict.exit());
                if let Some(dir) = &args.pictures {
                    failures.extend(pictures(dir, &analysis).err());
                }
                if let (Some(path), Some(collector)) = (&args.html, collector) {
                    let drawn = draw(path, &source, &analysis, &verdict, collector);
                    failures.extend(drawn.err());
                }
                if !args.witness {
                    // It was for the picture.
                    analysis.report.witness.clear();
                }
                print_analysis(args.json, &source, &analysis, &verdict);
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    if failures.is_empty() {
        return Ok(exit);
    }
    Err(Failure {
        exit: exit.worse(Exit::Usage),
        message: failures.join("\n"),
    })
}

impl CheckArgs {
    fn request(&self) -> Result<Request, Failure> {
        let model: Option<&'static ModelKind> = self.model.as_deref().and_then(model_named);
        let mut assume = Assume::default();
        for name in &self.assume {
            let known = assume.add(name);
            debug_assert!(known, "clap knows the names");
        }
        let init = self.init.as_deref().map(parse_init).transpose()?;
        Ok(Request {
            model,
            params: Params {
                total: init.as_ref().and_then(Value::as_int),
                init,
                consistency: self.consistency.clone(),
                assume,
                lenient: self.lenient,
                independent: self.independent,
                nil_read_is_unknown: self.nil_read_is_unknown,
                failed_cas_informs: self.failed_cas_informs,
                sessions_only: self.sessions_only,
                witness: self.witness || self.html.is_some(),
                ..Params::default()
            },
            read: ReadOptions {
                format: self.format.as_deref().and_then(Format::from_name),
                skip_bad_lines: self.skip_bad_lines,
                drop_torn_tail: self.drop_torn_line,
                lenient: self.lenient,
            },
            staleness: self.staleness,
            budget: Limits {
                wall: self.budget,
                ..Limits::default()
            },
        })
    }
}

fn parse_consistency(name: &str) -> Result<Consistency, String> {
    Consistency::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = lattice::MODELS.iter().map(|kind| kind.name).collect();
        format!("there is no such model; choose from {}", known.join(", "))
    })
}

/// A value of `--init`: an integer, nil, or else a string.
fn parse_init(text: &str) -> Result<Value, Failure> {
    Ok(match (text, text.parse()) {
        ("nil" | "null", _) => Value::Nil,
        (_, Ok(n)) => Value::Int(n),
        _ => Value::str(text),
    })
}

/// Writes the page.
///
/// # Errors
/// A sentence about the file that could not be written.
fn draw(
    path: &Path,
    source: &str,
    analysis: &Analysis,
    verdict: &Verdict,
    collector: Collector,
) -> Result<(), String> {
    let story = Story {
        source,
        verdict,
        report: &analysis.report,
        statistics: &analysis.statistics,
        warnings: &analysis.warnings,
    };
    let page = html::page(&story, &collector.finish(&analysis.report));
    std::fs::write(path, page)
        .map_err(|error| format!("{}: cannot write the page: {error}", path.display()))
}

/// Writes the pictures, and says on standard error what there was nothing to draw of.
///
/// # Errors
/// A sentence about what could not be written.
fn pictures(dir: &Path, analysis: &Analysis) -> Result<(), String> {
    let written = diagram::write(dir, &analysis.report);
    let written = written.map_err(|error| format!("cannot write the pictures: {error}"))?;
    if written.is_empty() {
        anstream::eprintln!("no cycle was found and no consistency model judged: nothing to draw");
    }
    Ok(())
}

fn print_analysis(json: bool, source: &str, analysis: &Analysis, verdict: &Verdict) {
    let text = if json {
        let document = serde_json::json!({
            "version": crate::results::RESULTS_VERSION,
            "file": source,
            "verdict": verdict,
            "report": analysis.report,
            "statistics": analysis.statistics,
            "warnings": analysis.warnings,
        });
        format!("{document}\n")
    } else {
        text::checked(source, analysis, verdict)
    };
    anstream::print!("{text}");
}
