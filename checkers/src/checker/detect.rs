//! The choice of a model from a history's vocabulary.

use super::models::{MODELS, ModelKind, model_named};
use crate::value::Value;
use crate::{Op, OpType};

/// Picks the model from the functions and values of a history's first operations.
///
/// Reads and writes alone pick `cas-register`, which decides plain registers by the same method and
/// does not stumble over a compare-and-set further on.
///
/// # Errors
/// A sentence that lists what was seen and what to pass to `--model`.
pub fn detect(ops: &[Op]) -> Result<&'static ModelKind, String> {
    let mut functions: Vec<&str> = ops
        .iter()
        .filter(|op| op.process.client().is_some())
        .map(|op| op.f.as_ref())
        .collect();
    functions.sort_unstable();
    functions.dedup();
    let name = match functions.as_slice() {
        [] => {
            return Err("no client operation was seen: nothing tells which model to check".into());
        }
        ["read"] => ops.iter().find_map(read_tells),
        ["txn"] => ops.iter().find_map(transaction_tells),
        fs if fits(fs, "bank") => Some("bank"),
        fs if fits(fs, "set") => Some("set"),
        fs if fits(fs, "cas-register") => Some("cas-register"),
        fs if fits(fs, "kv") => Some("kv"),
        fs if fits(fs, "queue") => Some("queue"),
        fs if fits(fs, "stack") => Some("stack"),
        fs if fits(fs, "priority-queue") => Some("priority-queue"),
        fs if fits(fs, "mutex") => Some("mutex"),
        _ => None,
    };
    name.and_then(model_named).ok_or_else(|| {
        let names: Vec<&str> = MODELS.iter().map(|kind| kind.name).collect();
        format!(
            "the functions {} fit no model; pass one with --model: {}",
            functions.join(", "),
            names.join(", ")
        )
    })
}

fn fits(functions: &[&str], model: &str) -> bool {
    model_named(model).is_some_and(|kind| functions.iter().all(|f| kind.functions.contains(f)))
}

/// What the value of a read alone says about its model.
fn read_tells(op: &Op) -> Option<&'static str> {
    if op.kind != OpType::Ok || op.process.client().is_none() {
        return None;
    }
    match &op.value {
        Value::Map(_) => Some("bank"),
        Value::List(_) | Value::Set(_) => Some("set"),
        Value::Nil => None,
        _ => Some("cas-register"),
    }
}

/// What the micro-operations of a transaction say about its model.
fn transaction_tells(op: &Op) -> Option<&'static str> {
    let mops = op.value.as_items()?;
    let name = |mop: &Value| Some(mop.as_items()?.first()?.as_name()?.to_owned());
    mops.iter().find_map(|mop| match name(mop)?.as_str() {
        "append" => Some("list-append"),
        "w" => Some("rw-register"),
        "add" => Some("set-add"),
        "inc" => Some("counter-inc"),
        _ => None,
    })
}
