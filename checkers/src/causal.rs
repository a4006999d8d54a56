//! Causality in histories of registers whose values are written once: what each session knew when,
//! and whether what it read fits.
//!
//! Three strengths are told apart (Bouajjani et al., POPL 2017). Causal consistency (CC): each read
//! has an explanation by its causal past. Causal convergence (CCv): one order of conflicting
//! writes explains all reads. Causal memory (CM): for each session one order explains all of its
//! reads. The last two are each stronger than the first, and neither implies the other.

pub mod convergence;
pub mod evidence;
pub mod history;
pub(crate) mod known;
pub mod lowering;
pub mod order;
pub mod path;
pub mod serialization;

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
pub(crate) mod tests;
