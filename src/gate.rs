//! A gate: a matrix of runs with what is expected of each, for CI.
//!
//! A [file](file) is expanded to [cases](file::Case), each some options of `faultbench run`, the
//! seeds to run them with and an [expectation](expect::Expectation). Every run leaves a
//! [`record`] of facts, also in a journal from which a gate that was stopped is resumed; the
//! expectation judges those at the end. What is unexpected fails the gate in either direction: a
//! known anomaly that no longer shows is news as well.

pub mod conduct;
pub mod expect;
pub mod file;
pub mod journal;
pub mod junit;
pub mod markdown;
pub mod record;
pub mod shard;
pub mod summary;
