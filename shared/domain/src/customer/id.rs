//! Numbers and ids of customers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::Timestamp;

/// The number of a customer, which contains the time of its creation.
///
/// It has 42 bits for the milliseconds since 1970, followed by 11 bits that distinguish customers created in the same
/// millisecond. It fits into a JavaScript number, and numbers sort by time of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(u64);

impl CustomerNumber {
    /// The number of bits that distinguish customers created in the same millisecond.
    const DISTINCT_BITS: u32 = 11;
    /// The smallest number.
    pub const MIN: Self = Self(0);
    /// The largest number: 2⁵³ - 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Creates a customer number from an integer; `None` if it has more than 53 bits.
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// Returns the number of a customer created at `created_at`; `None` if the time does not fit into 42 bits.
    ///
    /// Only the lowest 11 bits of `low_bits` are used.
    pub fn from_timestamp(created_at: Timestamp, low_bits: u16) -> Option<Self> {
        let millis = u64::try_from(created_at.millis()).ok().filter(|millis| *millis < 1 << 42)?;
        Self::new((millis << Self::DISTINCT_BITS) | u64::from(low_bits & ((1 << Self::DISTINCT_BITS) - 1)))
    }

    /// Returns a number with random low bits for a customer created at `created_at`. It is likely, but not certain, to be unique.
    pub fn random_from_timestamp(created_at: Timestamp) -> Option<Self> {
        let [.., high, low] = Uuid::new_v4().into_bytes();
        Self::from_timestamp(created_at, u16::from_be_bytes([high, low]))
    }

    /// Returns the time of creation that the number contains.
    pub fn created_at(self) -> Timestamp {
        let millis = i64::try_from(self.0 >> Self::DISTINCT_BITS).unwrap_or_default();
        // 42 bits of milliseconds end in the year 2109.
        Timestamp::from_millis(millis).unwrap_or(Timestamp::LATEST)
    }

    /// Returns the smallest number of a customer created at `instant` or later; `None` if there can be none.
    pub fn first_since(instant: Timestamp) -> Option<Self> {
        if instant.millis() <= 0 { Some(Self(0)) } else { Self::from_timestamp(instant, 0) }
    }

    /// Returns the largest number of a customer created at `instant` or earlier; `None` if there can be none.
    pub fn last_until(instant: Timestamp) -> Option<Self> {
        if instant.millis() < 0 {
            return None;
        }
        Some(Self::from_timestamp(instant, u16::MAX).unwrap_or(Self::MAX))
    }

    /// Returns the number as an integer.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl Serialize for CustomerNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}
impl<'de> Deserialize<'de> for CustomerNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a number of at most 53 bits"))
    }
}

/// The id of a customer: 24 hexadecimal digits in lower case.
///
/// Ids created by this service begin with the customer's number. Imported ids are kept as they are.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerId([u8; 24]);

impl CustomerId {
    /// Creates the id of a customer from the 14 hexadecimal digits of its number and ten digits of `random`.
    pub fn new(number: CustomerNumber, random: u64) -> Self {
        let text = format!("{:014x}{:010x}", number.get(), random & 0xff_ffff_ffff);
        let mut digits = [0; 24];
        digits.copy_from_slice(text.as_bytes());
        Self(digits)
    }

    /// Creates a random id of the customer with this number.
    pub fn random(number: CustomerNumber) -> Self {
        let (_, random) = Uuid::new_v4().as_u64_pair();
        Self::new(number, random)
    }

    /// Parses 24 hexadecimal digits of either case; `None` if the text is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits: [u8; 24] = text.as_bytes().try_into().ok()?;
        digits.make_ascii_lowercase();
        digits.iter().all(u8::is_ascii_hexdigit).then_some(Self(digits))
    }

    /// Returns the number that an id created by this service begins with; `None` if it has more than 53 bits.
    ///
    /// It takes a read of the table to know whether there is such a customer.
    pub fn number(&self) -> Option<CustomerNumber> {
        u64::from_str_radix(&self.as_str()[..14], 16).ok().and_then(CustomerNumber::new)
    }

    /// Returns the hexadecimal digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl Serialize for CustomerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("24 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_are_in_the_order_of_creation() {
        let at = |text| Timestamp::parse(text).unwrap();
        let numbers = [
            CustomerNumber::from_timestamp(at("1970-01-01T00:00:00Z"), 0).unwrap(),
            CustomerNumber::from_timestamp(at("2025-01-26T10:00:00.000Z"), 0).unwrap(),
            CustomerNumber::from_timestamp(at("2025-01-26T10:00:00.000Z"), 2047).unwrap(),
            CustomerNumber::from_timestamp(at("2025-01-26T10:00:00.001Z"), 0).unwrap(),
            CustomerNumber::from_timestamp(at("2109-05-15T07:35:11.103Z"), 2047).unwrap(),
        ];
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!(numbers[4], CustomerNumber::MAX);
        assert!(CustomerNumber::from_timestamp(at("2109-05-15T07:35:11.104Z"), 0).is_none());
        assert!(CustomerNumber::from_timestamp(at("1969-12-31T23:59:59.999Z"), 0).is_none());
        let ids = numbers.map(|number| CustomerId::new(number, u64::MAX));
        assert!(ids.is_sorted_by(|a, b| a < b));
        for (number, id) in numbers.iter().zip(&ids) {
            assert_eq!(id.number(), Some(*number));
            assert_eq!(CustomerId::parse(&id.to_string().to_uppercase()).as_ref(), Some(id));
        }
    }

    #[test]
    fn an_id_is_24_hex_digits() {
        assert!(CustomerId::parse("590ce6c56d04f840aa8438af").is_some());
        for text in [
            "",
            "590ce6c56d04f840aa8438a",
            "590ce6c56d04f840aa8438aff",
            "590ce6c56d04f840aa8438ag",
            "ññññññññññññ",
        ] {
            assert!(CustomerId::parse(text).is_none(), "{text}");
        }
        assert_eq!(CustomerId::parse("ffffffffffffffffffffffff").unwrap().number(), None);
    }
}
