//! `cargo fuzz run segment`: see [`hookbridge_fuzz::segment`].
#![no_main]

use hookbridge_fuzz::Target as _;
use hookbridge_fuzz::segment::Segment;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TARGET: LazyLock<Segment> = LazyLock::new(|| Segment::in_memory());

fuzz_target!(|input: &[u8]| TARGET.run(input));
