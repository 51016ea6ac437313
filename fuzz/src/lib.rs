//! What reads bytes of strangers, of an operator's file or of a damaged disk, and what must hold
//! whatever the bytes are.
//!
//! Each file is a [`Target`]. `cargo fuzz` runs one guided by coverage, with a nightly compiler;
//! `cargo run --package hookbridge-fuzz` all of them by chance, with any. Both begin with the inputs of
//! `corpus/`.

pub mod authorization;
pub mod credentials;
pub mod notification;
pub mod segment;

/// Something that reads bytes.
pub trait Target {
    /// Reads an input.
    ///
    /// # Panics
    ///
    /// If a promise is broken.
    fn run(&self, input: &[u8]);
}
