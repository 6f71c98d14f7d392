//! Typed UUIDs, so that the id of an organization cannot be passed as the id of a user.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::{Organization, Profile, Timestamp};

/// A UUID (RFC 9562) that identifies one type of entity.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

/// The id of an organization.
pub type OrganizationId = Id<Organization>;
/// The id of a user: the `sub` claim of their tokens if it is a UUID, otherwise a UUIDv5 of issuer and `sub`.
pub type UserId = Id<Profile>;

impl<T> Id<T> {
    /// Creates an id from a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// Parses the hyphenated form of a UUID in either case; `None` if the text has any other form.
    ///
    /// RFC 9562 prints only this form. Braces, URNs and bare hexadecimal digits are rejected.
    pub fn parse(text: &str) -> Option<Self> {
        // `Uuid` accepts other forms too, but a text of 36 bytes can only be in the hyphenated one.
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return None;
        }
        Uuid::try_parse(text).ok().map(Self::new)
    }

    /// Creates a new random id (UUIDv4).
    pub fn random() -> Self {
        Self(Uuid::new_v4(), PhantomData)
    }

    /// Creates a new id of an instant (UUIDv7), so that ids sort by time.
    pub fn at(instant: Timestamp) -> Self {
        let (seconds, millis) = (instant.seconds(), instant.millis().rem_euclid(1000));
        let nanoseconds = u32::try_from(millis).unwrap_or(0) * 1_000_000;
        let seconds = u64::try_from(seconds).unwrap_or(0);
        Self::new(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds)))
    }

    /// Returns the instant of an id that sorts by time (UUIDv7); `None` of any other id.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
        Timestamp::from_millis(i64::try_from(seconds * 1000).ok()? + i64::from(nanoseconds / 1_000_000))
    }

    /// Returns the UUID.
    pub const fn uuid(&self) -> Uuid {
        self.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<T> de::Visitor<'_> for Visitor<T> {
            type Value = Id<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a UUID")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Id::parse(text).ok_or_else(|| E::custom("not a UUID"))
            }
        }
        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_an_instant_tells_it() {
        let instant = Timestamp::parse("2026-01-15T12:00:00.123Z").unwrap();
        assert_eq!(OrganizationId::at(instant).timestamp(), Some(instant));
        assert_eq!(OrganizationId::random().timestamp(), None);
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = "550e8400-e29b-41d4-a716-446655440000";
        assert_eq!(OrganizationId::parse(id).unwrap().to_string(), id);
        assert_eq!(OrganizationId::parse(&id.to_uppercase()).unwrap().to_string(), id);
        for text in [
            "",
            "550e8400e29b41d4a716446655440000",
            "{550e8400-e29b-41d4-a716-446655440000}",
            "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
            " 550e8400-e29b-41d4-a716-446655440000",
            "550e8400-e29b-41d4-a716-44665544000g",
            "550e8400-e29b-41d4-a716-4466554400é",
            "550e8400-e29b41d4--a716-446655440000",
        ] {
            assert_eq!(OrganizationId::parse(text), None, "{text}");
        }
    }
}
