//! The program: flags in, a command run, an exit code out. 0 done, 1 failed at work, 2 bad flags
//! or files.

use clap::{CommandFactory as _, Parser as _};
use hookbridge::args::{Cli, Command};
use hookbridge::cli::{self, Failure};
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match (cli.version, cli.command) {
        (true, _) => {
            writeln!(anstream::stdout(), "{}", cli::version::line()).map_err(Failure::at_work)
        }
        (false, Some(Command::Serve(args))) => cli::serve::run(*args),
        (false, Some(Command::Dev(args))) => cli::dev::run(&args),
        (false, Some(Command::Spool(command))) => cli::spool::run(command),
        (false, None) => {
            say(&Cli::command().render_help().ansi());
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

/// Plainly, since the log may not have been started.
fn report(failure: &Failure) -> ExitCode {
    say(&format_args!("hookbridge: {}", failure.chain()));
    failure.exit_code()
}

/// On stderr; where nobody reads it, the exit code has to do.
fn say(text: &dyn std::fmt::Display) {
    drop(writeln!(anstream::stderr(), "{text}"));
}
