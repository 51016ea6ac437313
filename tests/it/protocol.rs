//! HTTP as it comes over the wire: reuse, framing, early answers, senders that are slow, silent or
//! gone, and limits.

mod early;
mod framing;
mod heads;
pub(crate) mod leaving;
pub(crate) mod limits;
mod reuse;
pub(crate) mod slow;
