//! Histories of concurrent operations, the formats they are recorded in, and the checkers that
//! decide whether a store kept its promise.
//!
//! The crate is pure: it starts no thread, reads no clock and does no I/O outside [`formats`].
//! A checker takes operations one at a time ([`Op`]), lowers them to packed columns, and answers
//! with a [`report::Report`] within a [`budget::Budget`].
#![forbid(unsafe_code)]

pub mod budget;
pub mod events;
pub mod formats;
pub mod history;
pub mod op;
pub mod report;
pub mod value;

pub use op::{Op, OpType, Process};
pub use value::Value;
