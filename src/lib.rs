//! faultbench: property-based fault injection for distributed stores.

pub mod node;
pub mod plan;
