//! The names of a record's headers. Their values are described in [`crate::delivery::record`].
//!
//! To add a header: a row at the end of the list below, and its value in
//! [`Record::new`](crate::delivery::record::Record::new). A record on disk names its headers by their
//! place in the list, so that rows are neither moved nor taken out. What else a header touches is in
//! `docs/develop.md`.

/// Makes the enum, the list of its values and their texts of one list.
macro_rules! header_names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// The header names of a record. Closed, so that a record costs no text per name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum HeaderName { $($(#[$doc])* $variant),+ }

        impl HeaderName {
            /// Every header that a record may carry, in the order of their numbers.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name on the topic.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The header with this name on a topic.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.as_str() == name)
            }
        }
    };
}

header_names! {
    /// The media type of the value.
    ContentType = "content-type",
    /// The version of `CloudEvents`.
    SpecVersion = "ce_specversion",
    /// The same for the same post, so that consumers can drop repeats.
    Id = "ce_id",
    /// `--source`.
    Source = "ce_source",
    /// `video.` and the notification's own type.
    Type = "ce_type",
    /// The room.
    Subject = "ce_subject",
    /// The notification's own time, RFC 3339 in UTC.
    Time = "ce_time",
    /// Of W3C Trace Context.
    TraceParent = "traceparent",
    /// Of W3C Trace Context.
    TraceState = "tracestate",
    /// Whose credential posted.
    User = "hookbridge-user",
    /// When the bridge had the post, RFC 3339 in UTC with milliseconds. The record's own time is the
    /// same, unless Kafka had refused that.
    Received = "hookbridge-received",
    /// Why a dead letter is one: what the code of its refusal would be.
    Code = "hookbridge-code",
    /// The same in words.
    Detail = "hookbridge-detail",
    /// The fields of a dead letter that are at fault, as the problem document names them.
    Errors = "hookbridge-errors",
    /// How often a dead letter was looked at by `hookbridge redrive` and left.
    Rounds = "hookbridge-rounds",
}
