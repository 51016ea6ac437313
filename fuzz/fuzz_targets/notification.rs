//! `cargo fuzz run notification`: see [`hookbridge_fuzz::notification`].
#![no_main]

use hookbridge_fuzz::Target as _;
use hookbridge_fuzz::notification::Body;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Body> = LazyLock::new(|| Body);

fuzz_target!(|input: &[u8]| TARGET.run(input));
