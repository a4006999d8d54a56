//! `faultbench completions`: a script for the shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Ended};
use crate::verdict::Exit;

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench completions bash > ~/.local/share/bash-completion/completions/faultbench
  faultbench completions fish > ~/.config/fish/completions/faultbench.fish")]
pub struct CompletionsArgs {
    shell: Shell,
}

pub fn main(args: &CompletionsArgs) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "faultbench", &mut script);
    super::print(&script);
    Ok(Exit::Valid)
}
