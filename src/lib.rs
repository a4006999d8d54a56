//! faultbench: property-based fault injection for distributed stores.
//!
//! A [`plan`] (a seed made data) becomes a cluster of real processes; the [`runner`] drives clients
//! and faults through it into a history; checkers turn that into a [`verdict`]; a [`report`] shows
//! it. `ARCHITECTURE.md` tells which room is which.
//!
//! What starts processes works on Linux only. Plans, the runner and the analysis of recorded
//! histories build anywhere.
#![deny(unsafe_code)]

pub mod analysis;
pub mod cli;
#[cfg(target_os = "linux")]
pub mod cluster;
#[cfg(target_os = "linux")]
pub mod execute;
pub mod gate;
#[cfg(target_os = "linux")]
#[expect(unsafe_code)]
pub mod host;
pub mod log;
#[cfg(target_os = "linux")]
pub mod nemesis;
pub mod node;
pub mod plan;
pub mod report;
pub mod results;
pub mod runner;
pub mod store;
pub mod targets;
pub mod verdict;
