//! Some values of one thing: their middle and how far they lie apart.

use std::fmt;

/// The median of an even number of values is the mean of the two in the middle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of one value at least.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        let max = *values.last().expect("there is one value at least");
        Self { median: f64::midpoint(low, high), min: values[0], max }
    }
}

/// `0.93 (0.88-1.02)`
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, min, max] = [self.median, self.min, self.max].map(Short);
        f.pad(&format!("{median} ({min}-{max})"))
    }
}

/// Shows a number with as many decimals as mean something.
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.0 {
            ..0.1 => 3,
            0.1..10.0 => 2,
            10.0..100.0 => 1,
            _ => 0,
        };
        f.pad(&format!("{:.decimals$}", self.0))
    }
}
