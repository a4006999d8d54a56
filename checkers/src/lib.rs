//! Histories of concurrent operations, the formats they are recorded in, and the checkers that
//! decide whether a store kept its promise.
//!
//! The crate is pure: it starts no thread, reads no clock and does no I/O outside [`formats`].
//! A checker takes operations one at a time ([`Op`]), lowers them to packed columns, and answers
//! with a [`report::Report`] within a [`budget::Budget`].
#![forbid(unsafe_code)]

pub mod availability;
pub mod bank;
pub mod budget;
pub mod causal;
pub mod checker;
pub mod comments;
pub mod counter;
pub mod dirty_reads;
pub mod events;
pub mod formats;
pub mod g2;
mod graph;
pub mod history;
mod intern;
pub mod isolation;
pub mod kafka;
pub mod lattice;
pub mod leader;
pub mod linearizable;
pub mod lock;
pub mod log_agreement;
pub mod long_fork;
mod lowering;
pub mod monotonic;
pub mod op;
pub mod queue;
#[cfg(test)]
mod recording;
pub mod report;
pub mod sequential;
pub mod sessions;
pub mod set;
mod shrink;
pub mod statistics;
mod story;
pub mod synthetic;
pub mod transactions;
pub mod unique_ids;
pub mod value;
pub mod watch;

pub use op::{Op, OpType, Process};
pub use value::Value;
