//! What a person sees: the summary of a run or a check, and the progress of work under way.

pub mod diagram;
#[cfg(target_os = "linux")]
pub mod doctor;
pub mod html;
pub mod progress;
mod style;
pub mod text;
