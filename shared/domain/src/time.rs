//! Instants and where they come from.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC, in milliseconds since 1970, printed as RFC 3339: `2025-01-26T10:00:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The end of the year 9999.
    pub const LATEST: Self = Self(jiff::Timestamp::MAX);

    /// The instant that many milliseconds after 1970; `None` outside the years -9999 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Whole seconds since 1970, rounded down: the `NumericDate` of RFC 7519.
    pub fn seconds(self) -> i64 {
        self.millis().div_euclid(1000)
    }

    /// That much later; the end of time at most.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0
            .saturating_add(jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX))
            .map_or(self, Self)
    }

    /// The first whole millisecond that is not before an instant of RFC 3339.
    pub fn parse_up(text: &str) -> Option<Self> {
        let instant = text.parse::<jiff::Timestamp>().ok()?;
        let is_finer = instant.subsec_nanosecond().rem_euclid(1_000_000) != 0;
        let cut = Self::parse(text)?;
        // Before 1970 what is cut off comes after the millisecond that is left.
        let is_before = is_finer && cut.0 < instant;
        if is_before { Self::from_millis(cut.millis() + 1) } else { Some(cut) }
    }

    /// Reads RFC 3339; finer parts than a millisecond are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_millis(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        MILLISECONDS.print_timestamp(&self.0, jiff::fmt::StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 instant")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::custom("not an RFC 3339 instant"))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Where the time comes from: the system, or a test.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Stands still until a test moves it: milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.millis())))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now()),
            Self::Manual(millis) => {
                Timestamp::from_millis(millis.load(Ordering::SeqCst)).unwrap_or(Timestamp::LATEST)
            }
        }
    }

    /// Moves a manual clock forward; the system's cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_with_milliseconds_in_utc() {
        for (text, printed) in [
            ("2025-01-26T10:00:00Z", "2025-01-26T10:00:00.000Z"),
            ("2025-01-26T10:00:00.1239Z", "2025-01-26T10:00:00.123Z"),
            ("2025-01-26T04:00:00.5-06:00", "2025-01-26T10:00:00.500Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed);
        }
        assert_eq!(Timestamp::parse("yesterday"), None);
        for (text, up) in [
            ("2025-01-26T10:00:00.123Z", "2025-01-26T10:00:00.123Z"),
            ("2025-01-26T10:00:00.1230001Z", "2025-01-26T10:00:00.124Z"),
            ("1960-01-26T10:00:00.1235Z", "1960-01-26T10:00:00.124Z"),
        ] {
            assert_eq!(Timestamp::parse_up(text).unwrap().to_string(), up);
        }
    }
}
