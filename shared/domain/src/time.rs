//! Timestamps and clocks.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{civil, fmt::temporal::DateTimePrinter};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A timestamp in UTC, in milliseconds since 1970, printed in the format of RFC 3339: `2025-01-26T10:00:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The earliest timestamp: the beginning of the year 0. RFC 3339 has no earlier one.
    pub const EARLIEST: Self = Self(jiff::Timestamp::constant(-62_167_219_200, 0));
    /// The latest timestamp that can be stored: `9999-12-30T22:00:00.000Z`.
    pub const LATEST: Self = Self(jiff::Timestamp::constant(253_402_207_200, 0));

    /// Creates a timestamp from milliseconds since 1970; `None` outside the years -9999 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Returns the milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Returns the whole seconds since 1970, rounded down. This is the `NumericDate` of RFC 7519.
    pub fn seconds(self) -> i64 {
        self.millis().div_euclid(1000)
    }

    /// Returns the timestamp one millisecond later.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(Duration::from_millis(1))
    }

    /// Returns the timestamp that is `duration` later, at most [`Timestamp::LATEST`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0
            .saturating_add(jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX))
            .map_or(self, |later| Self(later).min(Self::LATEST))
    }

    /// Returns the timestamp that is `duration` earlier, at least [`Timestamp::EARLIEST`].
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let duration = jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX);
        self.0.saturating_sub(duration).map_or(self, |earlier| Self(earlier).max(Self::EARLIEST))
    }

    /// Parses an instant by the grammar of RFC 3339 (§5.6), such as `2026-01-15T12:00:00.5-06:00`.
    ///
    /// Parts finer than a millisecond are cut off, and a second of 60 is read as 59. An instant outside the years 0 to 9999 in
    /// UTC becomes [`Timestamp::EARLIEST`] or [`Timestamp::LATEST`].
    pub fn parse(text: &str) -> Result<Self, InstantProblem> {
        ParsedInstant::read(text).map(|parts| parts.millisecond)
    }

    /// Parses an instant like [`Timestamp::parse`], but rounds up to the first millisecond that is not before it.
    pub fn parse_rounding_up(text: &str) -> Result<Self, InstantProblem> {
        let ParsedInstant { millisecond, is_finer } = ParsedInstant::read(text)?;
        Ok(if is_finer { millisecond.next() } else { millisecond })
    }
}

/// The reason why a text is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstantProblem {
    /// The text does not follow the grammar of RFC 3339.
    Form,
    /// The text has the form of an instant, but there is no such date, time or offset.
    Value,
}

impl InstantProblem {
    /// Returns a message that tells the sender of the text what to do about it.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Form => {
                "An instant of RFC 3339 with its offset, such as 2026-01-15T12:00:00Z or 2026-01-15T06:00:00-06:00."
            }
            Self::Value => {
                "This has the form of an instant of RFC 3339, but there is no such date, time or offset. Check the month, the day and \
                 the hour."
            }
        }
    }
}

/// The parts of an instant: its millisecond, and whether it is more precise.
struct ParsedInstant {
    /// The start of the millisecond that the instant is in.
    millisecond: Timestamp,
    /// Whether the instant is later than the start of its millisecond.
    is_finer: bool,
}

impl ParsedInstant {
    /// Parses `date-time` of RFC 3339 (§5.6): `YYYY-MM-DDTHH:MM:SS`, a fraction of any length, and `Z` or an offset.
    ///
    /// Letters may be in lower case.
    fn read(text: &str) -> Result<Self, InstantProblem> {
        let is_of = |text: &str, pattern: &str| {
            let fits = |(byte, pattern): (u8, u8)| match pattern {
                b'0' => byte.is_ascii_digit(),
                b'T' => byte.eq_ignore_ascii_case(&b'T'),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            };
            text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
        };
        const DATE_TIME: &str = "0000-00-00T00:00:00";
        let (date_time, rest) = text.split_at_checked(DATE_TIME.len()).ok_or(InstantProblem::Form)?;
        let (fraction, offset) = match rest.strip_prefix('.') {
            Some(rest) => {
                rest.split_at(rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len()))
            }
            None => ("0", rest),
        };
        let is_utc = offset.eq_ignore_ascii_case("Z");
        if !is_of(date_time, DATE_TIME) || fraction.is_empty() || !(is_utc || is_of(offset, "+00:00")) {
            return Err(InstantProblem::Form);
        }
        // The numbers are parsed by hand, because lists read thousands of them. All characters are digits here, and no number has
        // more than four.
        let number = |from: usize, to: usize| {
            date_time.as_bytes()[from..to]
                .iter()
                .fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'))
        };
        let part = |from: usize| i8::try_from(number(from, from + 2)).unwrap_or(i8::MAX);
        let second = Some(part(17)).filter(|second| *second <= 60).ok_or(InstantProblem::Value)?;
        let local =
            civil::DateTime::new(number(0, 4), part(5), part(8), part(11), part(14), second.min(59), 0);
        let local = local.map_err(|_| InstantProblem::Value)?;
        let offset = if is_utc { 0 } else { parse_offset(offset).ok_or(InstantProblem::Value)? };
        let seconds = local.duration_since(civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs() - offset * 60;
        let (milliseconds, finer) = fraction.split_at(fraction.len().min(3));
        let digits = milliseconds.bytes().map(|digit| i64::from(digit - b'0')).chain([0, 0]).take(3);
        let milliseconds = digits.fold(0, |number, digit| number * 10 + digit);
        let millis = seconds * 1000 + milliseconds;
        let (first, last) = (Timestamp::EARLIEST.millis(), Timestamp::LATEST.millis());
        Ok(Self {
            millisecond: Timestamp::from_millis(millis.clamp(first, last)).ok_or(InstantProblem::Value)?,
            is_finer: (first..last).contains(&millis) && finer.bytes().any(|digit| digit != b'0'),
        })
    }
}

/// Parses an offset from UTC, `+HH:MM`, in minutes; `None` if there is no such offset.
fn parse_offset(offset: &str) -> Option<i64> {
    let (hours, minutes): (i64, i64) = (offset[1..3].parse().ok()?, offset[4..].parse().ok()?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
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
                Timestamp::parse(text).map_err(|_| E::custom("not an RFC 3339 instant"))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// A source of the current time: the system, or a test.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The clock of the system.
    System,
    /// A clock that stands still until a test moves it, in milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Creates a clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.millis())))
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        match self {
            // Parts finer than a millisecond would be lost when the timestamp is printed.
            Self::System => {
                Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()).unwrap_or(Timestamp::LATEST)
            }
            Self::Manual(millis) => {
                Timestamp::from_millis(millis.load(Ordering::SeqCst)).unwrap_or(Timestamp::LATEST)
            }
        }
    }

    /// Moves a manual clock forward. The system's clock is not changed.
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
            ("2025-01-26t10:00:00z", "2025-01-26T10:00:00.000Z"),
            ("2025-01-26T10:00:00.12345678901234567890Z", "2025-01-26T10:00:00.123Z"),
            ("2025-01-26T10:00:00+00:00", "2025-01-26T10:00:00.000Z"),
            ("2025-01-26T10:00:00-00:00", "2025-01-26T10:00:00.000Z"),
            ("2025-01-26T10:00:00+23:59", "2025-01-25T10:01:00.000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
            ("1960-01-26T10:00:00.1235Z", "1960-01-26T10:00:00.123Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed, "{text}");
        }
        for (text, up) in [
            ("2025-01-26T10:00:00.123Z", "2025-01-26T10:00:00.123Z"),
            ("2025-01-26T10:00:00.123000Z", "2025-01-26T10:00:00.123Z"),
            ("2025-01-26T10:00:00.1230001Z", "2025-01-26T10:00:00.124Z"),
            ("2025-01-26T10:00:00.1230000000001Z", "2025-01-26T10:00:00.124Z"),
            ("1960-01-26T10:00:00.1235Z", "1960-01-26T10:00:00.124Z"),
        ] {
            assert_eq!(Timestamp::parse_rounding_up(text).unwrap().to_string(), up, "{text}");
        }
    }

    #[test]
    fn an_instant_beyond_what_can_be_stored_is_the_last_one() {
        for text in [
            "9999-12-30T22:00:01Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999999999Z",
            "9999-12-31T23:59:59-23:59",
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp::LATEST), "{text}");
            assert_eq!(Timestamp::parse_rounding_up(text), Ok(Timestamp::LATEST), "{text}");
        }
        assert_eq!(
            Timestamp::parse("9999-12-31T10:00:00+23:59").unwrap().to_string(),
            "9999-12-30T10:01:00.000Z"
        );
        for text in ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59"] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp::EARLIEST), "{text}");
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), "0000-01-01T00:00:00.000Z");
        }
    }

    #[test]
    fn the_published_grammar_decides_what_an_instant_is() {
        for text in [
            "",
            "yesterday",
            "2026-01-01",
            "20260101T000000Z",
            "2026-01-01T00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00 Z",
            "2026-01-01T00:00:00 00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00,5Z",
            "2026-01-01T00:00:00+00",
            "2026-01-01T00:00:00+0000",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Z[Europe/Berlin]",
            "2026-01-01T00:00:00+01:00[Europe/Berlin]",
            "2026-W01-1T00:00:00Z",
            "2026-001T00:00:00Z",
            "+002026-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            " 2026-01-01T00:00:00Z",
            "２026-01-01T00:00:00Z",
            "1767225600",
        ] {
            assert_eq!(Timestamp::parse(text), Err(InstantProblem::Form), "{text}");
        }
        for text in [
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+01:60",
            "2025-02-29T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(InstantProblem::Value), "{text}");
        }
    }
}
