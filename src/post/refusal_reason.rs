//! Why a post was refused, for the log.

/// Why a post was refused, in words without its values.
#[derive(Debug, Default)]
pub struct RefusalReason {
    /// What is wrong.
    pub reason: Option<String>,
    /// The fields at fault, as JSON pointers with a blank between.
    pub pointers: Option<String>,
}
