//! What a search may spend, and the meter its inner loop reads.
//!
//! The crate reads no clock, so the caller hands one in as a function. A search that runs out says
//! so ([`Exhausted`]) and its checker answers `unknown` with what it had found by then.

use std::time::Duration;

/// How often the clock is looked at: a power of two of steps, so that the test is a mask.
const STEPS_PER_CLOCK_READ: u64 = 1 << 8;

/// Limits on one check. A zero-cost `unlimited` exists for tests and tools.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Wall-clock time from the clock's zero.
    pub wall: Duration,
    /// Elementary steps of each search (states visited, edges relaxed).
    pub steps: u64,
    /// Bytes that all searches may hold together beside their input.
    pub bytes: u64,
    /// Time spent so far: the caller's clock.
    pub clock: &'a (dyn Fn() -> Duration + Sync),
    /// The caller's threads: a checker starts none of its own.
    pub workers: &'a dyn Workers,
}

/// Threads to work on.
pub trait Workers: Sync {
    /// How many there are, at least 1.
    fn count(&self) -> usize;

    /// Runs `job` on each of them and waits for all. The job shares its work out by itself.
    fn run(&self, job: &(dyn Fn() + Sync));
}

/// The calling thread alone.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }

    fn run(&self, job: &(dyn Fn() + Sync)) {
        job();
    }
}

impl Budget<'static> {
    pub fn unlimited() -> Budget<'static> {
        Budget {
            wall: Duration::MAX,
            steps: u64::MAX,
            bytes: u64::MAX,
            clock: &|| Duration::ZERO,
            workers: &Alone,
        }
    }
}

impl<'a> Budget<'a> {
    pub fn meter(&self) -> Meter<'a> {
        Meter {
            budget: *self,
            steps: 0,
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    #[error("the time limit of {0:?} was reached")]
    Wall(Duration),
    #[error("the limit of {0} search steps was reached")]
    Steps(u64),
    #[error("the memory limit of {0} bytes was reached")]
    Bytes(u64),
}

/// Counts one search's spending against its budget.
pub struct Meter<'a> {
    budget: Budget<'a>,
    steps: u64,
}

impl Meter<'_> {
    /// Counts a step. `bytes` is what the search holds now.
    #[inline]
    pub fn step(&mut self, bytes: u64) -> Result<(), Exhausted> {
        self.steps += 1;
        if self.steps > self.budget.steps {
            return Err(Exhausted::Steps(self.budget.steps));
        }
        if bytes > self.budget.bytes {
            return Err(Exhausted::Bytes(self.budget.bytes));
        }
        if self.steps & (STEPS_PER_CLOCK_READ - 1) == 0 {
            return self.check_clock();
        }
        Ok(())
    }

    /// Looks at the clock now: for loops whose single step is long.
    pub fn check_clock(&self) -> Result<(), Exhausted> {
        if (self.budget.clock)() > self.budget.wall {
            return Err(Exhausted::Wall(self.budget.wall));
        }
        Ok(())
    }

    /// A meter of the same budget for another search, with no more steps than these.
    pub fn fresh(&self, steps: u64) -> Meter<'_> {
        self.smaller(steps, u64::MAX)
    }

    /// The same, with no more bytes than these either.
    pub fn smaller(&self, steps: u64, bytes: u64) -> Meter<'_> {
        let mut budget = self.budget;
        budget.steps = budget.steps.min(steps);
        budget.bytes = budget.bytes.min(bytes);
        Meter { budget, steps: 0 }
    }

    pub fn steps(&self) -> u64 {
        self.steps
    }
}
