//! The flags of `completions` and `man`, which are made from the definitions of all flags.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Behind the flags of `completions`.
pub const OF_COMPLETIONS: &str = "Examples:\n  \
                                  . <(hookbridge completions bash)\n  \
                                  mkdir -p ~/.zfunc && hookbridge completions zsh > ~/.zfunc/_hookbridge\n  \
                                  hookbridge completions fish > ~/.config/fish/completions/hookbridge.fish\n\n\
                                  zsh finds it with fpath+=(~/.zfunc) before compinit in ~/.zshrc.";

/// Behind the flags of `man`.
pub const OF_MAN: &str = "Examples:\n  \
                          hookbridge man /usr/local/share/man/man1\n  \
                          hookbridge man pages && man pages/hookbridge-serve.1";

/// The flags of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to complete commands and flags
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The flags of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder that the pages go to; it is made if need be
    pub dir: PathBuf,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// With bash-completion or without
    Bash,
    /// A function for a folder of `fpath`
    Zsh,
    /// A file for its folder of completions
    Fish,
}
