//! The events of the video service, and the fields that its documentation gives to each.
//!
//! Promise: the one list of types and fields; the printed contracts are made from it too. It does
//! not say what a field must hold: see `rules`.

use crate::metrics::EventKind;

impl EventKind {
    /// The kinds that the documentation knows.
    pub const DOCUMENTED: [Self; 4] =
        [Self::Roomdrop, Self::Recording, Self::Transcoded, Self::FileTransfer];

    /// The documented kind of this `type`, compared byte by byte.
    pub fn documented(name: &str) -> Option<Self> {
        Self::DOCUMENTED.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The fields that are documented for this kind, in the order of the documentation.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Roomdrop => Field::COMMON,
            Self::Recording => &[
                Field::Type,
                Field::TransDate,
                Field::AppId,
                Field::RoomId,
                Field::ConfNum,
                Field::Recording,
            ],
            Self::Transcoded => &[
                Field::Type,
                Field::TransDate,
                Field::AppId,
                Field::RoomId,
                Field::ConfNum,
                Field::Recording,
                Field::Stage,
                Field::FileSize,
            ],
            Self::FileTransfer => &[
                Field::Type,
                Field::TransDate,
                Field::AppId,
                Field::RoomId,
                Field::ConfNum,
                Field::Destination,
                Field::Files,
            ],
            Self::Other => Field::ENVELOPE,
        }
    }
}

/// A member of the posted object that some rule speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Which event it is.
    Type,
    /// When it happened.
    TransDate,
    /// The project it belongs to.
    AppId,
    /// The room of the session.
    RoomId,
    /// The session.
    ConfNum,
    /// Where the recordings lie.
    Recording,
    /// The sequence of a composed file in its session.
    Stage,
    /// The size of a composed file in bytes.
    FileSize,
    /// The storage that files were delivered to.
    Destination,
    /// Where the delivered files lie.
    Files,
}

impl Field {
    /// Every field, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Type,
        Self::TransDate,
        Self::AppId,
        Self::RoomId,
        Self::ConfNum,
        Self::Recording,
        Self::Stage,
        Self::FileSize,
        Self::Destination,
        Self::Files,
    ];

    /// What every notification has, whatever its type.
    pub const ENVELOPE: &'static [Self] = &[Self::Type, Self::AppId];

    /// What every documented notification has.
    pub const COMMON: &'static [Self] =
        &[Self::Type, Self::TransDate, Self::AppId, Self::RoomId, Self::ConfNum];

    /// The field with this key.
    #[allow(clippy::inline_always, reason = "see `Leaves`")]
    #[inline(always)]
    pub(super) fn named(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == key)
    }

    /// The key in the posted object.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::TransDate => "trans_date",
            Self::AppId => "app_id",
            Self::RoomId => "room_id",
            Self::ConfNum => "conf_num",
            Self::Recording => "recording",
            Self::Stage => "stage",
            Self::FileSize => "file_size",
            Self::Destination => "destination",
            Self::Files => "files",
        }
    }

    /// What the field must hold, in words.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Type => "string of at most 128 bytes without control characters",
            Self::AppId => "string of at most 256 bytes without control characters",
            Self::TransDate => "Unix time in seconds or milliseconds, or RFC 3339 with a zone",
            Self::RoomId | Self::ConfNum | Self::Stage | Self::FileSize => "string or number",
            Self::Recording => "URL, or array of URLs or of objects with a url",
            Self::Files => "array of URLs or of objects with a url",
            Self::Destination => "object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Field;
    use crate::metrics::EventKind;
    use crate::webhook::notification::FORWARDED_TYPE_LIMIT;
    use crate::webhook::notification::app_id::AppId;

    #[test]
    fn the_limits_are_named_as_they_are() {
        for (field, limit) in [(Field::Type, FORWARDED_TYPE_LIMIT), (Field::AppId, AppId::LIMIT)] {
            assert!(field.expected().contains(&format!(" {limit} bytes")), "{}", field.name());
        }
    }

    #[test]
    fn every_kind_asks_for_the_common_fields_first() {
        for kind in EventKind::DOCUMENTED {
            assert!(kind.fields().starts_with(Field::COMMON), "{}", kind.as_str());
        }
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(field));
        }
        for kind in EventKind::DOCUMENTED {
            assert_eq!(EventKind::documented(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn other_is_no_type_that_a_sender_can_ask_for() {
        assert_eq!(EventKind::documented(EventKind::Other.as_str()), None);
        assert_eq!(EventKind::documented("Roomdrop"), None);
        assert_eq!(EventKind::documented("room-drop"), None);
    }
}
