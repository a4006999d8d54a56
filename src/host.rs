//! The Linux machinery under a run: the only place in the crate with `unsafe`.
//!
//! `sandbox` is the process structure that lets nothing outlive a run, `fabric` the network between
//! nodes, `process` a node's process, `abilities` what of this the host permits.

pub mod abilities;
pub mod fabric;
pub mod process;
pub mod refused;
pub mod sandbox;
