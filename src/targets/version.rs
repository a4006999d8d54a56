//! Asks a system under test for its version.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Target;
use crate::node::NodeId;

/// Characters of a version at the most.
const VERSION_CHARS_MAX: usize = 200;

/// The first line of what the target's version command prints; `None` if there is no such command,
/// or it says nothing.
pub fn detect(target: &Target) -> Option<String> {
    let nowhere = [Ipv4Addr::LOCALHOST];
    let place = target.place(NodeId(0), &nowhere, Path::new("/"));
    if target.description.version.is_empty() {
        return None;
    }
    let command = target.command(&target.description.version, &place).ok()?;
    let output = Command::new(command.program)
        .args(command.args)
        .envs(command.env)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(VERSION_CHARS_MAX).collect())
}
