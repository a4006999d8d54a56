//! Text for the terminal: one sentence first, then the evidence, then where it is all kept.

use std::fmt::Write;

use faultbench_checkers::report::{Report, Validity};
use faultbench_checkers::statistics::Statistics;

use super::style::{BAD, DIM, DOUBT, GOOD};
use crate::analysis::Analysis;
use crate::plan::Setting;
use crate::results::Results;
use crate::runner::RunFacts;
use crate::verdict::{Exit, Verdict};

/// Findings shown; `results.json` has more.
const FINDINGS_SHOWN: usize = 5;
/// Orders of operations shown, and operations of each.
const WITNESSES_SHOWN: usize = 10;
const WITNESS_OPS_SHOWN: usize = 100;

/// The verdict on a run in one sentence: what was promised, what happened, under which faults.
pub fn sentence(
    setting: &Setting,
    verdict: &Verdict,
    report: Option<&Report>,
    facts: &RunFacts,
) -> String {
    let who = match &setting.bug {
        Some(bug) => format!("{} with the bug {bug}", setting.target_name()),
        None => setting.target_name().to_owned(),
    };
    let promise = report.map_or("its promise", |report| report.promise.as_str());
    let faults = faults_phrase(setting, facts);
    let problem = |part: &crate::verdict::Part| part.problems.join("; ");
    match verdict.exit() {
        Exit::Valid => format!(
            "{who} kept its promise of {promise} on {} nodes {faults}",
            setting.nodes
        ),
        Exit::Safety => {
            let what = report.map(first_finding).unwrap_or_default();
            let broken = report.and_then(broken);
            let promise = broken.as_deref().unwrap_or(promise);
            format!("{who} broke its promise of {promise} {faults}{what}")
        }
        Exit::Unknown => {
            let why = report.and_then(|report| report.unknown.as_deref());
            let why = why.unwrap_or("there is no history to judge");
            format!("whether {who} kept its promise of {promise} is not known: {why}")
        }
        Exit::Liveness => format!(
            "{who} was not there when it had to be: {}",
            problem(&verdict.liveness)
        ),
        Exit::Coverage => format!(
            "too little happened to judge {who}: {}",
            problem(&verdict.coverage)
        ),
        Exit::Harness | Exit::Usage => {
            format!(
                "faultbench failed, so {who} is not judged: {}",
                problem(&verdict.harness)
            )
        }
    }
}

fn faults_phrase(setting: &Setting, facts: &RunFacts) -> String {
    let cut_short = if facts.interrupted {
        format!(", interrupted after {:.1} s", facts.load.as_secs_f64())
    } else {
        String::new()
    };
    if setting.nemesis.is_empty() {
        return format!("without faults{cut_short}");
    }
    let observed = facts.faults.iter().filter(|fault| fault.observed()).count();
    let kinds: Vec<String> = setting.nemesis.iter().map(ToString::to_string).collect();
    let plural = if observed == 1 { "fault" } else { "faults" };
    format!(
        "through {observed} observed {plural} ({})",
        kinds.join(", ")
    )
}

/// A run's whole summary.
pub fn summary(results: &Results) -> String {
    let mut out = String::new();
    headline(&mut out, results.verdict.exit(), &results.sentence);
    if let Some(report) = &results.report {
        claims(&mut out, report);
        findings(&mut out, report);
        figures(&mut out, report);
    }
    if let Some(statistics) = &results.statistics {
        measures(&mut out, statistics);
    }
    faults(&mut out, results);
    recovery(&mut out, results);
    problems(&mut out, &results.verdict);
    for warning in &results.warnings {
        field(&mut out, "warning", warning);
    }
    out.push('\n');
    field(&mut out, "seed", &results.setting.seed.to_string());
    field(&mut out, "run", &results.dir);
    field(
        &mut out,
        "replay",
        &format!("faultbench replay {}", results.dir),
    );
    out
}

/// A run of a series in one line.
pub fn line(results: &Results) -> String {
    let exit = results.verdict.exit();
    format!(
        "{} seed {}: {}  {DIM}{}{DIM:#}",
        word(exit),
        results.setting.seed,
        results.sentence,
        results.dir
    )
}

/// How a series of runs ended.
pub fn tally(exits: &[Exit]) -> String {
    let counts = Exit::TABLE.iter().filter_map(|(exit, _)| {
        let count = exits.iter().filter(|e| *e == exit).count();
        (count > 0).then(|| format!("{count} {}", plain_word(*exit)))
    });
    let runs = if exits.len() == 1 { "run" } else { "runs" };
    format!(
        "{} {runs}: {}",
        exits.len(),
        counts.collect::<Vec<_>>().join(", ")
    )
}

/// The answer about one recorded history.
pub fn checked(source: &str, analysis: &Analysis, verdict: &Verdict) -> String {
    let mut out = String::new();
    let report = &analysis.report;
    let evidence = match report.validity {
        Validity::Invalid => first_finding(report),
        Validity::Valid | Validity::Unknown => String::new(),
    };
    let says = says(report);
    headline(
        &mut out,
        verdict.exit(),
        &format!("{source}: {says}{evidence}"),
    );
    claims(&mut out, report);
    findings(&mut out, report);
    figures(&mut out, report);
    witness(&mut out, report);
    measures(&mut out, &analysis.statistics);
    problems(&mut out, verdict);
    for warning in &analysis.warnings {
        field(&mut out, "warning", warning);
    }
    out
}

/// What is said of a recorded history, without the evidence.
pub(super) fn says(report: &Report) -> String {
    let promise = &report.promise;
    match report.validity {
        Validity::Valid => format!("keeps the promise of {promise}"),
        Validity::Invalid if report.claims.len() > 1 => claims_told(report),
        Validity::Invalid => format!("breaks the promise of {promise}"),
        Validity::Unknown => report.unknown.clone().unwrap_or_default(),
    }
}

/// Those of several claims that are broken.
fn broken(report: &Report) -> Option<String> {
    let claims = report.claims.iter();
    let broken = claims.filter(|claim| claim.validity == Validity::Invalid);
    let names: Vec<&str> = broken.map(|claim| claim.model).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Which of several claims are broken and which are kept.
fn claims_told(report: &Report) -> String {
    let told = |validity, verb: &str| {
        let claims = report.claims.iter();
        let with = claims.filter(|claim| claim.validity == validity);
        let names: Vec<&str> = with.map(|claim| claim.model).collect();
        (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
    };
    let parts = [
        told(Validity::Invalid, "breaks"),
        told(Validity::Valid, "keeps"),
        told(Validity::Unknown, "may keep"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(crate) fn plain_word(exit: Exit) -> &'static str {
    match exit {
        Exit::Valid => "valid",
        Exit::Safety => "VIOLATION",
        Exit::Unknown => "unknown",
        Exit::Liveness => "not live",
        Exit::Coverage => "not covered",
        Exit::Usage => "unreadable",
        Exit::Harness => "harness failed",
    }
}

pub(super) fn word(exit: Exit) -> String {
    let style = match exit {
        Exit::Valid => GOOD,
        Exit::Safety => BAD,
        _ => DOUBT,
    };
    format!("{style}{}{style:#}", plain_word(exit))
}

fn headline(out: &mut String, exit: Exit, sentence: &str) {
    let _ = writeln!(out, "{}: {sentence}\n", word(exit));
}

pub(super) fn field(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "  {DIM}{name:<13}{DIM:#} {text}");
}

/// The most telling finding, as the end of a sentence.
fn first_finding(report: &Report) -> String {
    let first = report.findings.first();
    first.map_or_else(String::new, |finding| format!(": {}", finding.summary))
}

/// The findings with the operations they are about. The headline has told the first one.
fn findings(out: &mut String, report: &Report) {
    for (n, finding) in report.findings.iter().take(FINDINGS_SHOWN).enumerate() {
        let told = if n == 0 {
            "the above"
        } else {
            &finding.summary
        };
        let ops: Vec<String> = finding.ops.iter().map(u64::to_string).collect();
        let evidence = format!("{DIM}operations {}{DIM:#}", ops.join(" "));
        field(out, finding.anomaly, &format!("{told}; {evidence}"));
    }
    let hidden = report.findings.len().saturating_sub(FINDINGS_SHOWN);
    if hidden > 0 {
        field(out, "", &format!("… and {hidden} more in the JSON output"));
    }
}

/// The answer about each of several claims.
fn claims(out: &mut String, report: &Report) {
    if report.claims.len() < 2 {
        return;
    }
    for (n, claim) in report.claims.iter().enumerate() {
        let text = format!("{} {}", claim.model, claim.validity.name());
        field(out, if n == 0 { "claims" } else { "" }, &text);
    }
}

/// The orders that explain a history, as far as they are short.
fn witness(out: &mut String, report: &Report) {
    for witness in report.witness.iter().take(WITNESSES_SHOWN) {
        let shown = witness.ops.iter().take(WITNESS_OPS_SHOWN);
        let mut text: Vec<String> = shown.map(u64::to_string).collect();
        let hidden = witness.ops.len().saturating_sub(WITNESS_OPS_SHOWN);
        if hidden > 0 {
            text.push(format!("… and {hidden} more in the JSON output"));
        }
        let name = match &witness.key {
            serde_json::Value::Null => "order".to_owned(),
            key => format!("order {key}"),
        };
        field(out, &name, &text.join(" "));
    }
    let hidden = report.witness.len().saturating_sub(WITNESSES_SHOWN);
    if hidden > 0 {
        field(
            out,
            "",
            &format!("… and {hidden} more keys in the JSON output"),
        );
    }
}

fn figures(out: &mut String, report: &Report) {
    let figures: Vec<String> = report
        .figures
        .iter()
        .filter(|(_, value)| value.is_number() || value.is_string())
        .map(|(name, value)| format!("{name} {}", value.to_string().trim_matches('"')))
        .collect();
    if !figures.is_empty() {
        field(out, report.checker, &figures.join(", "));
    }
}

fn measures(out: &mut String, statistics: &Statistics) {
    for (n, line) in statistics.lines().iter().enumerate() {
        field(out, if n == 0 { "clients" } else { "" }, line);
    }
}

fn faults(out: &mut String, results: &Results) {
    for fault in &results.faults {
        let seconds = |ns: i64| ns as f64 / 1e9;
        let window = match (fault.begin_ns, fault.end_ns) {
            (Some(begin), Some(end)) => format!("{:6.2}–{:5.2} s", seconds(begin), seconds(end)),
            _ => "never in place".to_owned(),
        };
        let name = format!("fault {}", fault.id);
        let text = format!(
            "{window}  {}  {DIM}{}{DIM:#}",
            fault.what,
            fault.evidence.reason()
        );
        field(out, &name, &text);
    }
}

fn recovery(out: &mut String, results: &Results) {
    let times = &results.times_ms;
    if let Some(ms) = times.recovery {
        let text = format!("every node served {ms} ms after the last fault was lifted");
        field(out, "recovery", &text);
    }
}

fn problems(out: &mut String, verdict: &Verdict) {
    let parts = [
        ("liveness", &verdict.liveness),
        ("harness", &verdict.harness),
        ("coverage", &verdict.coverage),
    ];
    for (name, part) in parts {
        for problem in &part.problems {
            field(out, name, problem);
        }
    }
}
