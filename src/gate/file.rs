//! The gate file: TOML with the options of `faultbench run`, any of which may be a list of several.
//!
//! ```toml
//! [run]                                # of every case, unless it says otherwise
//! time-limit = "10s"
//!
//! [[case]]
//! workload = ["bank", "register"]      # a list: each of them in turn
//! nemesis = "partition,kill"
//! seeds = "1-5"
//!
//! [[case]]
//! workload = "bank"
//! bug = "split-transfer"
//! expect = "wrong-total"
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::{Table, Value};

use super::expect::{Expectation, Minimum};

/// Runs of a gate at the most.
pub const RUNS_MAX: u64 = 10_000;

/// Options that name a case which has no name, in this order.
const TELLING: [&str; 5] = ["target", "workload", "bug", "nemesis", "with"];

/// One point of the matrix: the same options with several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Unique in the gate.
    pub name: String,
    /// Arguments of `faultbench run`, but for the seed.
    pub args: Vec<String>,
    /// At least one, none twice.
    pub seeds: Vec<u64>,
    pub expectation: Expectation,
}

/// Why a gate file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GateFileError {
    #[error("not a gate file: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("it has no [[case]]; a gate needs at least one")]
    Empty,
    #[error("case {case}: {problem}")]
    Case { case: String, problem: String },
    #[error("it comes to more than {RUNS_MAX} runs; give it fewer seeds or shorter lists")]
    TooMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateFile {
    #[serde(default)]
    run: Table,
    #[serde(default)]
    case: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawCase {
    name: Option<String>,
    #[serde(default = "one_seed")]
    seeds: Seeds,
    #[serde(default)]
    expect: Expect,
    at_least: Option<u64>,
    #[serde(default)]
    minimum: Minimum,
    #[serde(flatten)]
    options: Table,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected seeds such as 7, \"1-20\" or [1, 5, 9]"
)]
enum Seeds {
    One(u64),
    Range(String),
    List(Vec<u64>),
}

fn one_seed() -> Seeds {
    Seeds::One(1)
}

#[derive(Deserialize, Default)]
#[serde(
    untagged,
    expecting = "expected \"valid\", or an anomaly such as \"lost\", or a list of anomalies"
)]
enum Expect {
    #[default]
    Nothing,
    One(String),
    AnyOf(Vec<String>),
}

/// Reads a gate file and expands its matrix.
///
/// # Errors
/// It is no TOML, or no gate; with the line where there is one.
pub fn parse(text: &str) -> Result<Vec<Case>, GateFileError> {
    let file: GateFile = toml::from_str(text)?;
    if file.case.is_empty() {
        return Err(GateFileError::Empty);
    }
    let mut cases = Vec::new();
    let mut runs: u64 = 0;
    for (n, raw) in file.case.iter().enumerate() {
        let wrong = |problem: String| GateFileError::Case {
            case: raw.name.clone().unwrap_or_else(|| (n + 1).to_string()),
            problem,
        };
        let seeds = seeds(&raw.seeds).map_err(wrong)?;
        let expectation = expectation(raw, seeds.len() as u64).map_err(wrong)?;
        let options = options(&file.run, &raw.options).map_err(wrong)?;
        let more = count(&options).saturating_mul(seeds.len() as u64);
        runs = runs.saturating_add(more);
        if runs > RUNS_MAX {
            return Err(GateFileError::TooMany);
        }
        let points = points(&options).into_iter().map(|point| Case {
            name: name(raw.name.as_deref(), &options, &point),
            args: point.iter().flat_map(Choice::args).collect(),
            seeds: seeds.clone(),
            expectation: expectation.clone(),
        });
        cases.extend(points);
    }
    let mut names = BTreeSet::new();
    match cases.iter().find(|case| !names.insert(&case.name)) {
        None => Ok(cases),
        Some(twin) => Err(GateFileError::Case {
            case: twin.name.clone(),
            problem: "another is called the same; give each a `name`".to_owned(),
        }),
    }
}

fn seeds(seeds: &Seeds) -> Result<Vec<u64>, String> {
    let list = match seeds {
        Seeds::One(seed) => vec![*seed],
        Seeds::List(list) => list.clone(),
        Seeds::Range(text) => {
            let bounds = text.split_once('-');
            let bounds = bounds.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            let wrong = || format!("seeds {text:?} are no range such as \"1-20\"");
            let (first, last): (u64, u64) = bounds.ok_or_else(wrong)?;
            // Beyond the limit it is refused with the whole gate: one more is enough for that.
            (first..=last).take(RUNS_MAX as usize + 1).collect()
        }
    };
    let unique: BTreeSet<&u64> = list.iter().collect();
    match list.len() {
        0 => Err("there are no seeds; give at least one".to_owned()),
        count if count > unique.len() => Err("a seed is given twice".to_owned()),
        _ => Ok(list),
    }
}

fn expectation(raw: &RawCase, seeds: u64) -> Result<Expectation, String> {
    let anomalies = match &raw.expect {
        Expect::Nothing => Vec::new(),
        Expect::One(name) if name == "valid" => Vec::new(),
        Expect::One(name) => vec![name.clone()],
        Expect::AnyOf(names) => names.clone(),
    };
    if anomalies.iter().any(|name| name == "valid") {
        return Err("expect is \"valid\" or anomalies, not both".to_owned());
    }
    let shown_min = match (raw.at_least, anomalies.is_empty()) {
        (Some(_), true) => {
            return Err(
                "at-least is of seeds that show an anomaly, and none is expected".to_owned(),
            );
        }
        (Some(least), false) if least == 0 || least > seeds => {
            return Err(format!(
                "at-least is {least}; it must be between 1 and {seeds}"
            ));
        }
        (least, _) => least.unwrap_or(seeds),
    };
    Ok(Expectation {
        anomalies,
        shown_min,
        minimum: raw.minimum,
    })
}

/// An option with what it is set to, one after another.
type Axis = (String, Vec<Setting>);

/// What an option is set to.
#[derive(Debug, Clone)]
enum Setting {
    /// A switch that is on.
    On,
    Value(String),
    /// An option given once for each pair, such as `--with wait=1 --with min-replicas=1`.
    Pairs(Vec<String>),
}

/// An option set to one thing.
#[derive(Debug, Clone)]
struct Choice<'a> {
    option: &'a str,
    setting: &'a Setting,
}

impl Choice<'_> {
    fn args(&self) -> Vec<String> {
        let flag = format!("--{}", self.option);
        // In one word, for a value may begin with a dash.
        let with = |value: &String| format!("{flag}={value}");
        match self.setting {
            Setting::On => vec![flag],
            Setting::Value(value) => vec![with(value)],
            Setting::Pairs(pairs) => pairs.iter().map(with).collect(),
        }
    }

    fn told(&self) -> String {
        match self.setting {
            Setting::On => self.option.to_owned(),
            Setting::Value(value) => value.clone(),
            Setting::Pairs(pairs) => pairs.join(" "),
        }
    }
}

/// The options of a case: its own before those of all.
fn options(common: &Table, own: &Table) -> Result<Vec<Axis>, String> {
    let mut all = common.clone();
    all.extend(own.clone());
    let mut axes = Vec::new();
    for (option, value) in all {
        let values = match value {
            Value::Boolean(false) => continue,
            Value::Array(list) if list.is_empty() => {
                return Err(format!("{option} is an empty list; leave it out instead"));
            }
            Value::Array(list) => list,
            one => vec![one],
        };
        let values = values.into_iter().map(|value| setting(&option, value));
        let values = values.collect::<Result<_, _>>()?;
        axes.push((option, values));
    }
    Ok(axes)
}

fn setting(option: &str, value: Value) -> Result<Setting, String> {
    let table = match value {
        Value::Boolean(true) => return Ok(Setting::On),
        Value::Table(table) => table,
        other => return scalar(option, other).map(Setting::Value),
    };
    let pair = |(name, value)| {
        let value = scalar(&format!("{option}.{name}"), value)?;
        Ok(format!("{name}={value}"))
    };
    table
        .into_iter()
        .map(pair)
        .collect::<Result<_, _>>()
        .map(Setting::Pairs)
}

fn scalar(option: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        other => Err(format!(
            "{option} holds: {}; expected a string, a number, true, a list, or a table",
            other.type_str()
        )),
    }
}

fn count(axes: &[Axis]) -> u64 {
    let lengths = axes.iter().map(|(_, values)| values.len() as u64);
    lengths.fold(1, u64::saturating_mul)
}

/// Every combination; the last option changes fastest.
fn points(axes: &[Axis]) -> Vec<Vec<Choice<'_>>> {
    let mut points = vec![Vec::new()];
    for (option, values) in axes {
        points = points
            .iter()
            .flat_map(|point: &Vec<Choice<'_>>| {
                values.iter().map(move |setting| {
                    let mut longer = point.clone();
                    longer.push(Choice { option, setting });
                    longer
                })
            })
            .collect();
    }
    points
}

/// The name given, with what differs between its points; else what tells most of the case.
fn name(given: Option<&str>, axes: &[Axis], point: &[Choice<'_>]) -> String {
    let differs = |option: &str| {
        let mut axes = axes.iter();
        axes.any(|(name, values)| name == option && values.len() > 1)
    };
    let is_told = |option: &str| given.is_none() && TELLING.contains(&option) || differs(option);
    let mut told: Vec<&Choice> = point
        .iter()
        .filter(|choice| is_told(choice.option))
        .collect();
    // What tells most comes first, in its order.
    let rank = |option: &str| TELLING.iter().position(|telling| *telling == option);
    told.sort_by_key(|choice| rank(choice.option).unwrap_or(TELLING.len()));
    let told = told.into_iter().map(Choice::told);
    let parts: Vec<String> = given.map(str::to_owned).into_iter().chain(told).collect();
    if parts.is_empty() {
        return "defaults".to_owned();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests;
