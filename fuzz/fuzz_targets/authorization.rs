//! `cargo fuzz run authorization`: see [`hookbridge_fuzz::authorization`].
#![no_main]

use hookbridge_fuzz::Target as _;
use hookbridge_fuzz::authorization::Authorization;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Authorization> = LazyLock::new(|| Authorization::of_one_user());

fuzz_target!(|input: &[u8]| TARGET.run(input));
