//! Transactions that each polled what the other sent: circular information flow (G1c of Adya 1999).
//!
//! Kafka does not keep the messages of transactions apart, so that one writes between those of
//! another is allowed, and the order of writes is no dependency here.

use serde_json::json;

use super::Found;
use super::history::{Done, History};
use super::order::{Orders, finding};
use crate::OpType;
use crate::budget::{Exhausted, Meter};
use crate::graph::cycles::shortest_of_any;
use crate::graph::{GraphBuilder, WR};

pub(super) fn judge(
    history: &History,
    orders: &Orders,
    found: &mut Found,
    meter: &mut Meter,
) -> Result<(), Exhausted> {
    let operations = history.done.len() as u32;
    let mut builder = GraphBuilder::with_nodes(operations);
    for (number, done) in (0..).zip(&history.done) {
        if done.kind != OpType::Ok {
            continue;
        }
        for message in done.messages.iter().filter(|message| message.is_polled) {
            meter.step(builder.bytes())?;
            if let Some(writer) = orders.writers.get(&(message.key, message.value)) {
                builder.edge(*writer, number, WR);
            }
        }
    }
    let Some(cycle) = shortest_of_any(&builder.build(), operations, meter)? else {
        return Ok(());
    };
    let ops: Vec<&Done> = cycle
        .iter()
        .map(|e| &history.done[e.from as usize])
        .collect();
    found.add("G1c", || {
        let told = cycle.iter().map(|edge| {
            let index = |number: u32| history.done[number as usize].index;
            format!(
                "op {} polled what op {} sent",
                index(edge.to),
                index(edge.from)
            )
        });
        let told: Vec<String> = told.collect();
        let summary = format!("each would have to come before itself: {}", told.join("; "));
        finding("G1c", summary, &ops, json!({ "cycle": told }))
    });
    Ok(())
}
