//! The program: flags in, a command run, an exit code out. 0 done, 1 failed at work, 2 bad flags
//! or files.

use clap::{CommandFactory as _, Parser as _};
use hookbridge::args::{Cli, Command};
use hookbridge::cli::stderr::Stderr;
use hookbridge::cli::{self, Failure};
use std::backtrace::Backtrace;
use std::io::Write as _;
use std::panic;
use std::process::ExitCode;

fn main() -> ExitCode {
    let stderr = match Stderr::start() {
        Ok(stderr) => stderr,
        // Without a thread nothing else would start either.
        Err(error) => {
            drop(writeln!(anstream::stderr(), "hookbridge: cannot start a thread: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let panicked = stderr.clone();
    panic::set_hook(Box::new(move |panic| {
        panicked.say(&format_args!("{panic}\n{}", Backtrace::capture()));
    }));
    let said = LastLines(stderr);
    run(&said.0)
}

/// Whatever ends it, a panic too: what was said before is written.
struct LastLines(Stderr);

impl Drop for LastLines {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn run(stderr: &Stderr) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return flags(&error, stderr),
    };
    let done = match (cli.version, cli.command) {
        (true, _) => {
            writeln!(anstream::stdout(), "{}", cli::version::line()).map_err(Failure::at_work)
        }
        (false, Some(Command::Serve(args))) => cli::serve::run(*args, stderr),
        (false, Some(Command::Dev(args))) => cli::dev::run(&args, stderr),
        (false, Some(Command::Spool(command))) => cli::spool::run(command, stderr),
        (false, None) => {
            stderr.say(&Cli::command().render_help().ansi());
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Plainly, since the log may not have been started.
            stderr.say(&format_args!("hookbridge: {}", failure.chain()));
            failure.exit_code()
        }
    }
}

/// Flags that cannot be read, or a question for help.
fn flags(error: &clap::Error, stderr: &Stderr) -> ExitCode {
    if error.use_stderr() {
        stderr.say(&error.render().ansi().to_string().trim_end());
        return ExitCode::from(2);
    }
    // A reader that has seen enough, as `head` has, is no failure.
    drop(error.print());
    ExitCode::SUCCESS
}
