//! What the tests are built on that knows the package: where its program is, and its types.
//!
//! Everything else that they are made of is in `testkit`, which knows nothing of it.

pub(crate) mod problem;
pub(crate) mod rig;
pub(crate) mod shell;
pub(crate) mod spool;
pub(crate) mod tool;

use testkit::bridge::launch::Program;

/// The bridge that is tested.
pub(crate) const HOOKBRIDGE: Program = Program::at(env!("CARGO_BIN_EXE_hookbridge"));
