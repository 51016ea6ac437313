//! The table, by what is at fault: the head, the body as JSON, its fields.

mod fields;
pub(super) mod heads;
mod json;

use crate::refusals::row::Row;

/// Every row.
pub(super) fn rows() -> Vec<Row> {
    [heads::rows(), json::rows(), fields::of_any_type(), fields::of_one_type()]
        .into_iter()
        .flatten()
        .collect()
}
