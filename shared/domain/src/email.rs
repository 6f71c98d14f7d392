//! E-mail addresses in the form in which they are compared.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::text::{is_blank, is_forbidden};

/// An e-mail address in the normalized form that is compared and hashed.
///
/// ASCII letters are in lower case, and the domain is in its ASCII form (IDNA, UTS #46). Letters beyond ASCII before the `@` stay
/// as they are, because it depends on the mail server whether their case matters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    // RFC 5321 §4.5.3.1 limits the part before the `@`, and the whole address within the angle brackets of a path.
    const MAX_LOCAL_LENGTH: usize = 64;
    /// The maximum length of an address, in bytes.
    pub const MAX_LENGTH: usize = 254;

    /// Parses and normalizes an address; `None` if it is not acceptable.
    ///
    /// Addresses that NFKC changes are rejected, because they look like another address. Quoted local parts, comments, address
    /// literals and domains with a single label are rejected too.
    pub fn parse(text: &str) -> Option<Self> {
        let is_normal = match is_nfkc_quick(text.chars()) {
            IsNormalized::Yes => true,
            IsNormalized::No => false,
            IsNormalized::Maybe => text.chars().eq(text.nfkc()),
        };
        let (local, domain) = text.rsplit_once('@').filter(|_| is_normal)?;
        let is_atom = |atom: &str| {
            !atom.is_empty()
                && atom.chars().all(|letter| {
                    letter.is_ascii_alphanumeric()
                        || "!#$%&'*+-/=?^_`{|}~".contains(letter)
                        || (!letter.is_ascii() && letter.is_alphanumeric())
                })
        };
        if local.len() > Self::MAX_LOCAL_LENGTH || !local.split('.').all(is_atom) {
            return None;
        }
        let domain = idna::domain_to_ascii_strict(domain).ok()?;
        if !domain.contains('.') || domain.ends_with('.') {
            return None;
        }
        let email = format!("{}@{domain}", local.to_ascii_lowercase());
        (email.len() <= Self::MAX_LENGTH).then_some(Self(email))
    }

    /// Returns whether a text that an issuer sends as an e-mail address can be one, and can be shown.
    ///
    /// The text must have at most [`Email::MAX_LENGTH`] bytes in one line, no spaces, and something on both sides of an `@`. Only
    /// [`Email::parse`] can tell whether it is the address that was invited.
    pub fn is_plausible(text: &str) -> bool {
        let sides = text.rsplit_once('@');
        let is_hidden = |letter: char| is_blank(letter) || is_forbidden(letter);
        text.len() <= Self::MAX_LENGTH
            && !text.contains(is_hidden)
            && sides.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("no e-mail address"))
    }
}

/// Hides the address, because it is personal data.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_an_address_are_one() {
        let one = Email::parse("maria@xn--pea-8ma.example").unwrap();
        for same in ["Maria@peña.example", "MARIA@PEÑA.EXAMPLE", "maria@XN--PEA-8MA.example"] {
            assert_eq!(Email::parse(same).unwrap(), one, "{same}");
        }
        assert_ne!(Email::parse("maría@peña.example").unwrap(), one);
        assert_eq!(
            Email::parse("a.b+c@d.example").unwrap().as_str(),
            "a.b+c@d.example",
            "dots and tags count"
        );
    }

    #[test]
    fn what_is_no_address_or_looks_like_another_is_refused() {
        for text in [
            "",
            "@",
            "a@",
            "@b.example",
            "a b@c.example",
            "a@b",
            "a@b.example.",
            "a@b..example",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "\"a b\"@c.example",
            "a@[192.0.2.1]",
            "a@-b.example",
            "a@b_c.example",
            "a@b.example\n",
            "a\0@b.example",
            "a@b@c.example",
            "ａ@b.example",
            "ﬁ@b.example",
            "a@ｂ.example",
            "mari\u{301}a@b.example",
            "a(c)@b.example",
        ] {
            assert!(Email::parse(text).is_none(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@b.example", "a".repeat(64))).is_some());
        assert!(Email::parse(&format!("{}@b.example", "a".repeat(65))).is_none());
        let long = format!("{}.example", vec!["d".repeat(60); 4].join("."));
        assert!(Email::parse(&format!("{}@{long}", "a".repeat(20))).is_none());
    }
}
