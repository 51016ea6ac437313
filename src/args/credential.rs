//! The flags of `credential`.

use clap::Args;

/// Behind the flags.
pub const EXAMPLES: &str = "Examples:\n  \
                            (umask 077; hookbridge credential video >> credentials)\n  \
                            hookbridge credential partner --generate --app-ids 555,556 >> credentials";

/// The flags of `credential`.
#[derive(Debug, Args)]
pub struct CredentialArgs {
    /// Who is to post
    pub user: String,

    /// Each `app_id` that the user may speak for; all without it
    #[arg(long, value_name = "APP_ID,…", value_delimiter = ',')]
    pub app_ids: Vec<String>,

    /// Make a password up, and say it on stderr
    #[arg(long)]
    pub generate: bool,
}
