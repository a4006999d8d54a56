//! The plan as a file: JSON, one fault and one operation a line, so that plans can be read,
//! compared with `diff` and cut with a text editor.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::{OPS_MAX, PLAN_VERSION, Plan, PlanError, PlannedFault, PlannedOp, Setting};

/// Bytes of a plan file at the most.
const PLAN_BYTES_MAX: u64 = OPS_MAX * 128;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    setting: Setting,
    faults: Vec<PlannedFault>,
    ops: Vec<PlannedOp>,
}

/// Why a plan file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    #[error("it is no plan: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its format is version {found}, this faultbench reads version {PLAN_VERSION}")]
    Version { found: u32 },
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("it is longer than {PLAN_BYTES_MAX} bytes")]
    TooLong,
}

impl Plan {
    /// Writes the plan; equal plans give equal bytes.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        write!(out, "{{\n\"setting\": ")?;
        serde_json::to_writer_pretty(&mut out, &self.setting)?;
        write_lines(&mut out, "faults", &self.faults)?;
        write_lines(&mut out, "ops", &self.ops)?;
        out.write_all(b"\n}\n")
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// The text is not JSON, misses or misnames a field, or is of another version.
    pub fn read(input: impl Read) -> Result<Plan, PlanFileError> {
        let mut text = String::new();
        let read = input.take(PLAN_BYTES_MAX + 1).read_to_string(&mut text)?;
        if read as u64 > PLAN_BYTES_MAX {
            return Err(PlanFileError::TooLong);
        }
        let document: Document = serde_json::from_str(&text)?;
        if document.setting.version != PLAN_VERSION {
            return Err(PlanFileError::Version {
                found: document.setting.version,
            });
        }
        let plan = Plan {
            setting: document.setting,
            faults: document.faults,
            ops: document.ops,
        };
        plan.validate()?;
        Ok(plan)
    }
}

fn write_lines<T: Serialize>(out: &mut impl Write, name: &str, items: &[T]) -> io::Result<()> {
    write!(out, ",\n\"{name}\": [")?;
    for (n, item) in items.iter().enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, item)?;
    }
    out.write_all(b"\n]")
}
