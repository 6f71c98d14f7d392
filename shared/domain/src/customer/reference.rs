//! References to customers in requests.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::{CustomerId, CustomerNumber};

/// A reference to a customer, by its number or its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerReference {
    /// The number of the customer.
    Number(CustomerNumber),
    /// The id of the customer.
    Id(CustomerId),
}

impl CustomerReference {
    /// A regular expression (ECMA-262) that references match.
    pub const PATTERN: &'static str = "^([0-9a-fA-F]{24}|[0-9]{1,16})$";

    /// Parses a number or 24 hexadecimal digits; `None` if the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        // 24 digits are an id, because no number has that many.
        if let Some(id) = CustomerId::parse(text) {
            return Some(Self::Id(id));
        }
        let is_number =
            !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten().and_then(CustomerNumber::new).map(Self::Number)
    }

    /// Returns the number of the reference, or the one that its id begins with; `None` if there is none.
    pub fn number(&self) -> Option<CustomerNumber> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Id(id) => id.number(),
        }
    }

    /// Returns the id of the reference; `None` if it is a number.
    pub fn id(&self) -> Option<&CustomerId> {
        match self {
            Self::Number(_) => None,
            Self::Id(id) => Some(id),
        }
    }

    /// Returns whether the reference is to the customer with this number and id.
    pub fn refers_to(&self, number: CustomerNumber, id: &CustomerId) -> bool {
        match self {
            Self::Number(named) => *named == number,
            Self::Id(named) => named == id,
        }
    }
}

/// Deserializes a number, or a text with a number or an id.
impl<'de> Deserialize<'de> for CustomerReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = CustomerReference;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a customer's number, or its id of 24 hex digits")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<CustomerReference, E> {
                let number = CustomerNumber::new(number);
                number.map(CustomerReference::Number).ok_or_else(|| E::custom("a number of at most 53 bits"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<CustomerReference, E> {
                CustomerReference::parse(text).ok_or_else(|| E::custom("neither a number nor 24 hex digits"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_named_by_number_or_by_24_hex_digits() {
        for text in ["0", "3559189708800000", "9007199254740991"] {
            assert!(matches!(CustomerReference::parse(text), Some(CustomerReference::Number(_))), "{text}");
        }
        for text in ["590ce6c56d04f840aa8438af", "590CE6C56D04F840AA8438AF", "000000000000000000000000"] {
            assert!(matches!(CustomerReference::parse(text), Some(CustomerReference::Id(_))), "{text}");
        }
        for text in ["", "-1", "+1", "1.0", "9007199254740992", "590ce6c56d04f840aa8438a", "x", "1e3", " 1"] {
            assert!(CustomerReference::parse(text).is_none(), "{text}");
        }
    }
}
