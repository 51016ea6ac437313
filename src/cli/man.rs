//! `hookbridge man`: the manual pages, one for each command.
//!
//! Promise: they are made from the flags' own definitions, so that they say what `--help` says.

use crate::args::Cli;
use crate::args::generated::ManArgs;
use crate::cli::screen::Screen;
use crate::cli::{Failure, version};
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What stands at the head of each page.
const MANUAL: &str = "hookbridge";

#[derive(Debug, thiserror::Error)]
#[error("cannot write the pages to {}", dir.display())]
struct ManError {
    dir: PathBuf,
    source: io::Error,
}

/// Writes them.
pub fn run(args: &ManArgs) -> Result<(), Failure> {
    let dir = &args.dir;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let written = fs::create_dir_all(dir).and_then(|()| write(&command, dir));
    let pages =
        written.map_err(|source| Failure::at_work(ManError { dir: dir.clone(), source }))?;
    let mut screen = Screen::new();
    screen.print(&format!("{pages} pages written, such as {}/hookbridge.1\n", dir.display()));
    screen.end().map_err(Failure::at_work)
}

/// The page of a command and those of the commands below it; gives how many they are.
fn write(command: &Command, dir: &Path) -> io::Result<usize> {
    let version = version::build().version;
    let page = Man::new(command.clone()).source(format!("{MANUAL} {version}")).manual(MANUAL);
    page.generate_to(dir)?;
    command.get_subcommands().try_fold(1, |pages, below| Ok(pages + write(below, dir)?))
}
