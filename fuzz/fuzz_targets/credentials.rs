//! `cargo fuzz run credentials`: see [`hookbridge_fuzz::credentials`].
#![no_main]

use hookbridge_fuzz::Target as _;
use hookbridge_fuzz::credentials::CredentialsFile;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<CredentialsFile> = LazyLock::new(|| CredentialsFile);

fuzz_target!(|input: &[u8]| TARGET.run(input));
