//! `hookbridge completions`: what a shell completes commands and flags by.
//!
//! Promise: it is made from the flags' own definitions, so that it knows each of them.

use crate::args::Cli;
use crate::args::generated::{CompletionsArgs, Shell};
use crate::cli::Failure;
use crate::cli::screen::Screen;
use clap::CommandFactory as _;
use clap_complete::{Shell as Completed, generate};

/// The name that is completed.
const PROGRAM: &str = "hookbridge";

/// Prints them.
pub fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let shell = match args.shell {
        Shell::Bash => Completed::Bash,
        Shell::Zsh => Completed::Zsh,
        Shell::Fish => Completed::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    let mut screen = Screen::new();
    screen.print(&String::from_utf8_lossy(&script));
    screen.end().map_err(Failure::at_work)
}
