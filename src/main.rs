//! The program: flags in, a command run, an exit code out. 0 done, 1 failed at work, 2 bad flags
//! or files.

use clap::CommandFactory as _;
use hookbridge::args::{Cli, Command};
use hookbridge::cli::stderr::Stderr;
use hookbridge::cli::{self, Failure, environment, log_panics};
use std::env;
use std::io::Write as _;
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
    log_panics(&stderr);
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
    let typed: Vec<_> = env::args_os().collect();
    let environment = environment::check(&typed, env::vars_os());
    let (cli, fault) = match (Cli::read(&typed), environment) {
        (Ok(cli), _) if cli.version => (cli, None),
        // It tells it beside what else is wrong.
        (Ok(cli), Err(fault)) if matches!(cli.command, Some(Command::Check(_))) => {
            (cli, Some(fault))
        }
        (Err(error), _) if !error.use_stderr() => return help(&error),
        // It says what a value that was refused is, where a flag can only say what it is not.
        (_, Err(error)) => return report(&Failure::of_configuration(error), stderr),
        (Err(error), Ok(())) => {
            stderr.fail(&error.render().ansi().to_string().trim_end());
            return ExitCode::from(2);
        }
        (Ok(cli), Ok(())) => (cli, None),
    };
    let done = match (cli.version, cli.command) {
        (true, _) => {
            writeln!(anstream::stdout(), "{}", cli::version::line()).map_err(Failure::at_work)
        }
        (false, Some(Command::Serve(args))) => cli::serve::run(*args, stderr),
        (false, Some(Command::Dev(args))) => cli::dev::run(&args, stderr),
        (false, Some(Command::Send(args))) => cli::send::run(&args, stderr),
        (false, Some(Command::Tail(args))) => cli::tail::run(*args, stderr),
        (false, Some(Command::Spool(command))) => cli::spool::run(command, stderr),
        (false, Some(Command::Redrive(args))) => cli::redrive::run(&args, stderr),
        (false, Some(Command::Check(args))) => cli::check::run(&args, &typed, fault),
        (false, Some(Command::Probe(args))) => cli::probe::run(&args),
        (false, Some(Command::Credential(args))) => cli::credential::run(&args, stderr),
        (false, Some(Command::Completions(args))) => cli::completions::run(&args),
        (false, Some(Command::Man(args))) => cli::man::run(&args),
        (false, Some(Command::Contract(args))) => cli::contract::run(&args),
        (false, None) => {
            stderr.say(&Cli::command().render_help().ansi());
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, stderr),
    }
}

/// Plainly, since the log may not have been started.
fn report(failure: &Failure, stderr: &Stderr) -> ExitCode {
    stderr.fail(&format_args!("hookbridge: {}", failure.chain()));
    failure.exit_code()
}

fn help(asked: &clap::Error) -> ExitCode {
    // A reader that has seen enough, as `head` has, is no failure.
    drop(asked.print());
    ExitCode::SUCCESS
}
