//! What a person sees: the summary of a run or a check, and the progress of work under way.

pub mod diagram;
#[cfg(target_os = "linux")]
pub mod doctor;
pub mod gate;
pub mod html;
pub mod progress;
pub mod reading;
mod style;
pub mod text;
