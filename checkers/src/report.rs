//! What a checker answers: a validity, the findings behind it, and figures.

use serde::Serialize;

use crate::budget::Exhausted;
use crate::checker::NOTHING_TESTED;
use crate::history::Warnings;
use crate::lattice::Model;

/// The answer of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    Valid,
    Invalid,
    Unknown,
}

impl Validity {
    pub fn name(self) -> &'static str {
        match self {
            Validity::Valid => "valid",
            Validity::Invalid => "invalid",
            Validity::Unknown => "unknown",
        }
    }

    /// The validity of two parts together: a violation anywhere decides, doubt comes next.
    pub fn and(self, other: Validity) -> Validity {
        match (self, other) {
            (Validity::Invalid, _) | (_, Validity::Invalid) => Validity::Invalid,
            (Validity::Unknown, _) | (_, Validity::Unknown) => Validity::Unknown,
            _ => Validity::Valid,
        }
    }
}

/// One thing a checker found: an anomaly with its evidence, told in words first.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The anomaly's name in the field's terms, kebab-case: `lost`, `wrong-total`,
    /// `nonlinearizable`.
    pub anomaly: &'static str,
    /// One sentence an engineer understands without the papers.
    pub summary: String,
    /// Indices of the operations it is about, in the order of the story.
    pub ops: Vec<u64>,
    /// Nanoseconds since the start of the run at which it shows, where the history has times.
    pub time: Option<i64>,
    /// Everything else, for programs.
    pub details: serde_json::Value,
}

/// The answer of a checker with its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The checker that answered: `bank`, `linearizable`, `set`.
    pub checker: &'static str,
    /// What was promised, as a noun phrase: "linearizable registers".
    pub promise: String,
    pub validity: Validity,
    /// The answer about each consistency model that was claimed, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Why the answer is `unknown`; `None` otherwise.
    pub unknown: Option<String>,
    /// Evidence, most telling first. At most [`Report::FINDINGS_MAX`]; `figures` has the full
    /// counts.
    pub findings: Vec<Finding>,
    /// Counts and measures by name.
    pub figures: serde_json::Map<String, serde_json::Value>,
    /// Oddities of the history that leave it a meaning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Where one was asked for and the answer is `valid`: orders that explain the history.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<Witness>,
}

/// The answer about one consistency model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The model's name.
    pub model: &'static str,
    pub validity: Validity,
}

impl Claim {
    pub fn new(model: Model, validity: Validity) -> Claim {
        Claim {
            model: model.name(),
            validity,
        }
    }
}

/// An order of operations in which each could have had its result, checked by replaying it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Witness {
    /// The object they are about; null if there is only one.
    pub key: serde_json::Value,
    /// Indices of their completions, or of the invocations of indefinite ones that took effect.
    pub ops: Vec<u64>,
    /// What the object is after each of them, of the first [`Witness::STATES_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
}

impl Witness {
    /// States told of one order at the most; each may be as large as the object.
    pub const STATES_MAX: usize = 1000;
}

impl Report {
    /// Findings kept in a report; a broken store can have millions.
    pub const FINDINGS_MAX: usize = 32;

    /// A valid report without findings or figures, to be filled in.
    pub fn new(checker: &'static str, promise: impl Into<String>) -> Report {
        Report {
            checker,
            promise: promise.into(),
            validity: Validity::Valid,
            claims: Vec::new(),
            unknown: None,
            findings: Vec::new(),
            figures: serde_json::Map::new(),
            warnings: Vec::new(),
            witness: Vec::new(),
        }
    }

    /// Makes the answer `unknown` for this reason, unless a violation was found already.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.validity = self.validity.and(Validity::Unknown);
        if self.validity == Validity::Unknown {
            self.unknown = Some(reason.into());
        }
    }

    /// Ends a check that is done with its findings: any is a violation. True if nothing stands in
    /// the way of calling a history without them valid: something succeeded, and the budget held.
    pub(crate) fn conclude(&mut self, succeeded: u64, exhausted: Option<Exhausted>) -> bool {
        self.findings.truncate(Report::FINDINGS_MAX);
        if !self.findings.is_empty() {
            self.validity = Validity::Invalid;
        }
        if succeeded == 0 {
            self.doubt(NOTHING_TESTED);
        } else if let Some(exhausted) = exhausted {
            self.doubt(exhausted.to_string());
        } else {
            return true;
        }
        false
    }

    /// Adds what pairing found odd.
    pub(crate) fn warn(&mut self, warnings: &Warnings) {
        self.warnings
            .extend(warnings.first.iter().map(ToString::to_string));
        let more = warnings.count() - warnings.first.len() as u64;
        if more > 0 {
            self.warnings
                .push(format!("{more} more operations are odd in the same ways"));
        }
    }

    pub fn figure(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }
}
