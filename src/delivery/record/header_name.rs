//! The names of a record's headers. Their values are described in [`crate::delivery::record`].

/// The header names of a record. Closed, so that a record costs no text per name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderName {
    /// `content-type`: the media type of the value.
    ContentType,
    /// `ce_specversion`
    SpecVersion,
    /// `ce_id`: the same for the same post, so that consumers can drop repeats.
    Id,
    /// `ce_source`
    Source,
    /// `ce_type`: `video.` and the notification's own type.
    Type,
    /// `ce_subject`: the room.
    Subject,
    /// `ce_time`: the notification's own time, RFC 3339 in UTC.
    Time,
    /// `traceparent` of W3C Trace Context.
    TraceParent,
    /// `tracestate` of W3C Trace Context.
    TraceState,
    /// `hookbridge-user`: whose credential posted.
    User,
    /// `hookbridge-received`: when the bridge had the post, RFC 3339 in UTC with milliseconds. The
    /// record's own time is the same, unless Kafka had refused that.
    Received,
}

impl HeaderName {
    /// Every header that a record may carry, in the order in which they are sent.
    pub const ALL: [Self; 11] = [
        Self::ContentType,
        Self::SpecVersion,
        Self::Id,
        Self::Source,
        Self::Type,
        Self::Subject,
        Self::Time,
        Self::TraceParent,
        Self::TraceState,
        Self::User,
        Self::Received,
    ];

    /// The name on the topic.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentType => "content-type",
            Self::SpecVersion => "ce_specversion",
            Self::Id => "ce_id",
            Self::Source => "ce_source",
            Self::Type => "ce_type",
            Self::Subject => "ce_subject",
            Self::Time => "ce_time",
            Self::TraceParent => "traceparent",
            Self::TraceState => "tracestate",
            Self::User => "hookbridge-user",
            Self::Received => "hookbridge-received",
        }
    }

    /// The header of that name, if it is one of ours.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.as_str() == name)
    }
}
