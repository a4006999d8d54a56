//! faultbench: property-based fault injection for distributed stores.

#[cfg(target_os = "linux")]
pub mod host;
pub mod node;
pub mod plan;
