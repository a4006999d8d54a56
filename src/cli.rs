//! The command line: one file per subcommand. Each parses, calls the library, and ends with an
//! exit code; none has logic of its own.

mod check;
mod completions;
mod convert;
mod doctor;
#[cfg(target_os = "linux")]
mod gate;
mod input;
mod list;
#[cfg(target_os = "linux")]
mod node;
mod options;
mod plan;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(target_os = "linux")]
mod run;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::verdict::Exit;

/// Property-based fault injection for distributed stores.
#[derive(Parser)]
#[command(name = "faultbench", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  faultbench run --workload bank --nemesis partition
  faultbench run --workload register --nemesis partition,kill,pause --time-limit 60s --seed 7
  faultbench run --workload bank --bug split-transfer
  faultbench check history.edn --model cas-register
  faultbench gate ci/gate.toml --junit gate.xml
  faultbench list

Exit codes: 0 valid, 1 safety violation, 2 unknown, 3 did not serve or recover, 4 too little
happened to conclude anything, 254 wrong usage or unreadable input, 255 the harness failed.";

#[derive(Subcommand)]
enum Command {
    #[cfg(target_os = "linux")]
    Run(run::RunArgs),
    #[cfg(target_os = "linux")]
    Gate(gate::GateArgs),
    Check(check::CheckArgs),
    Convert(convert::ConvertArgs),
    Plan(plan::PlanArgs),
    #[cfg(target_os = "linux")]
    Replay(replay::ReplayArgs),
    List(list::ListArgs),
    Doctor(doctor::DoctorArgs),
    Completions(completions::CompletionsArgs),
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Node(node::NodeArgs),
}

/// Parses `args` (the program's name first), does what they ask, and returns how to exit.
pub fn main(args: impl Iterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // Nothing is left to tell whoever closed the stream.
            let _ = error.print();
            return if wrong { Exit::Usage } else { Exit::Valid };
        }
    };
    let result = match cli.command {
        #[cfg(target_os = "linux")]
        Command::Run(args) => run::main(args),
        #[cfg(target_os = "linux")]
        Command::Gate(args) => gate::main(&args),
        Command::Check(args) => check::main(&args),
        Command::Convert(args) => convert::main(&args),
        Command::Plan(args) => plan::main(&args),
        #[cfg(target_os = "linux")]
        Command::Replay(args) => replay::main(args),
        Command::List(args) => list::main(&args),
        Command::Doctor(args) => doctor::main(&args),
        Command::Completions(args) => completions::main(&args),
        #[cfg(target_os = "linux")]
        Command::Node(args) => node::main(&args),
    };
    result.unwrap_or_else(|failure| {
        anstream::eprintln!("faultbench: {}", failure.message);
        failure.exit
    })
}

/// Why a subcommand could not do its work.
struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn usage(message: impl ToString) -> Failure {
        Failure {
            exit: Exit::Usage,
            message: message.to_string(),
        }
    }

    fn harness(message: impl ToString) -> Failure {
        Failure {
            exit: Exit::Harness,
            message: message.to_string(),
        }
    }
}

/// How a subcommand ends.
type Ended = Result<Exit, Failure>;

/// Writes to standard output. A reader that went away (`| head`) is no error.
fn print(bytes: &[u8]) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
