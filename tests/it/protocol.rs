//! HTTP as it comes over the wire: reuse, framing, early answers, senders that are slow, silent or
//! gone, and limits.

mod early;
mod framing;
mod heads;
mod leaving;
mod limits;
mod reuse;
mod slow;
