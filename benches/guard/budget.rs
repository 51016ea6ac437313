//! A count, and what it may be at most.

use std::fmt;

/// One line of what is shown.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) name: String,
    pub(crate) found: f64,
    pub(crate) at_most: f64,
}

impl Budget {
    pub(crate) fn is_kept(&self) -> bool {
        self.found <= self.at_most
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, found, at_most } = self;
        // Whole numbers where there are many.
        let decimals = if *at_most < 100.0 { 3 } else { 0 };
        let verdict = if self.is_kept() { "" } else { "  OVER ITS BUDGET" };
        write!(f, "  {name:14}{found:>8.decimals$}   at most {at_most}{verdict}")
    }
}
