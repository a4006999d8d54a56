//! What the host is said to be able to do.

use crate::harness::{Scenario, Test};

pub const TESTS: &[Test] = &[];

pub const SCENARIOS: &[Scenario] = &[];
