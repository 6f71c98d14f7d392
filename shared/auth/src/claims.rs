//! The claims of a token whose signature holds (RFC 7519 §4, RFC 9068, OpenID Connect Core §2).

use std::fmt;

use padron_domain::{Customer, Email, OrganizationId, Timestamp, UserId, to_line, trim};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, Visitor},
};
use uuid::Uuid;

use crate::{
    issuer::Audience,
    principal::{Principal, User},
    token::{Header, Refusal},
};

/// How far the clocks of issuer and verifier may be apart, in seconds.
const LEEWAY: u64 = 60;
const MAX_SUBJECT_LENGTH: usize = 1024;

/// The longest name that is taken from a token, in characters: the longest that a customer can have.
const MAX_NAME_LENGTH: usize = Customer::MAX_NAME_LENGTH;

/// The claims that decide. Every type is the strict one: an `exp` that is text, null, negative or out of range is not "absent",
/// it is wrong (CVE-2026-25537), and a claim given twice is refused.
#[derive(Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    sub: String,
    exp: NumericDate,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<NumericDate>,
    aud: Option<OneOrMany>,
    client_id: Option<String>,
    token_use: Option<String>,
    // What tells an ID token from an access token.
    nonce: Option<IgnoredAny>,
    at_hash: Option<IgnoredAny>,
    c_hash: Option<IgnoredAny>,
    s_hash: Option<IgnoredAny>,
    auth_time: Option<IgnoredAny>,
    /// Of logout tokens and security events.
    events: Option<IgnoredAny>,
    scope: Option<IgnoredAny>,
    scp: Option<IgnoredAny>,
    /// Keycloak's own mark: `Bearer`, `ID`, `Refresh`.
    typ: Option<String>,
    // Who it is: read if they are of the right type, else as if they were not there.
    email: Option<serde_json::Value>,
    email_verified: Option<serde_json::Value>,
    name: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Seconds since 1970 (RFC 7519 §2): a JSON number that may have a fraction, which is cut off, or an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NumericDate(u64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumericDateVisitor;
        impl Visitor<'_> for NumericDateVisitor {
            type Value = NumericDate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds since 1970")
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                Ok(NumericDate(seconds))
            }
            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                // Beyond 2⁵³ a fraction has no place, and the second is not exact.
                const MAX: f64 = 9_007_199_254_740_992.0;
                if !(0.0..=MAX).contains(&seconds) || (seconds == 0.0 && seconds.is_sign_negative()) {
                    return Err(E::custom("out of range"));
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within range")]
                Ok(NumericDate(seconds as u64))
            }
        }
        deserializer.deserialize_any(NumericDateVisitor)
    }
}

/// A claim that may be absent, but not null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(deserializer).map(Some)
}

/// Whether a token is good, was good, or never was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unacceptable {
    Expired,
    Refused(Refusal),
}

impl From<Refusal> for Unacceptable {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Claims {
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(payload).map_err(|_| "a claim is missing, given twice or of the wrong type")
    }

    /// The instant from which on it is expired.
    pub(crate) fn good_until(&self) -> Timestamp {
        let millis = self.exp.0.saturating_add(LEEWAY).saturating_mul(1000);
        i64::try_from(millis).ok().and_then(Timestamp::from_millis).unwrap_or(Timestamp::LATEST)
    }

    /// Whom the token stands for, if it is good at that instant. The caller has matched `iss` and the signature.
    pub(crate) fn principal(
        self,
        header: &Header,
        audience: &Audience,
        organization: Option<OrganizationId>,
        now: Timestamp,
    ) -> Result<Principal, Unacceptable> {
        // A clock before 1970 accepts nothing.
        let now = u64::try_from(now.seconds()).map_err(|_| "the clock is wrong")?;
        if self.nbf.is_some_and(|nbf| nbf.0 > now + LEEWAY) {
            return Err(Unacceptable::Refused("not valid yet"));
        }
        if self.iat.is_some_and(|iat| iat.0 > now + LEEWAY) {
            return Err(Unacceptable::Refused("issued in the future"));
        }
        self.check_use(header)?;
        self.check_audience(audience)?;
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT_LENGTH {
            return Err(Unacceptable::Refused("the subject is empty or too long"));
        }
        // Last, so that "expired" is said only of what was good: a client takes it as "get a new one".
        if self.exp.0.saturating_add(LEEWAY) <= now {
            return Err(Unacceptable::Expired);
        }
        Ok(Principal::User(self.into_user(organization)))
    }

    /// An ID token tells an application who signed in; it is no key to an API (RFC 9068 §5).
    fn check_use(&self, header: &Header) -> Result<(), Refusal> {
        if self.token_use.as_deref().is_some_and(|r#use| r#use != "access") {
            return Err("the token's use is not access");
        }
        if self.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("bearer")) {
            return Err("the token is not a bearer token");
        }
        if [&self.at_hash, &self.c_hash, &self.s_hash].into_iter().any(Option::is_some) {
            return Err("an ID token");
        }
        if self.events.is_some() {
            return Err("a security event");
        }
        // Some issuers put these into access tokens too, but then with what only access tokens have.
        let says_access = header.is_access_token()
            || [&self.scope, &self.scp].into_iter().any(Option::is_some)
            || self.client_id.is_some();
        if (self.nonce.is_some() || self.auth_time.is_some()) && !says_access {
            return Err("an ID token");
        }
        Ok(())
    }

    fn check_audience(&self, audience: &Audience) -> Result<(), Refusal> {
        let accepted = match audience {
            Audience::Claim(ours) => match &self.aud {
                Some(OneOrMany::One(theirs)) => ours.contains(theirs),
                Some(OneOrMany::Many(theirs)) => theirs.iter().any(|one| ours.contains(one)),
                None => false,
            },
            Audience::CognitoClient(ours) => {
                self.token_use.as_deref() == Some("access")
                    && self.client_id.as_ref().is_some_and(|client| ours.contains(client))
            }
        };
        if accepted { Ok(()) } else { Err("made for another audience") }
    }

    fn into_user(self, organization: Option<OrganizationId>) -> User {
        let text = |claim: Option<serde_json::Value>| match claim {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        // Amazon Cognito and others send the text.
        let is_verified = match &self.email_verified {
            Some(serde_json::Value::Bool(verified)) => *verified,
            Some(serde_json::Value::String(verified)) => verified == "true",
            _ => false,
        };
        // A signed claim is still text from outside: it is stored and shown to others.
        let email = text(self.email).map(|email| trim(&email).to_owned());
        User {
            id: user_id(&self.iss, &self.sub),
            email: email.filter(|email| is_verified && Email::is_plausible(email)),
            name: text(self.name).and_then(|name| to_line(&name, MAX_NAME_LENGTH)),
            organization,
            issued_at: self.iat.and_then(|iat| i64::try_from(iat.0).ok()),
        }
    }
}

/// `sub` if it is a UUID, else the UUIDv5 (RFC 9562 §5.5) of `sub` in the namespace of its issuer.
fn user_id(issuer: &str, subject: &str) -> UserId {
    UserId::parse(subject).unwrap_or_else(|| {
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, issuer.as_bytes());
        UserId::new(Uuid::new_v5(&namespace, subject.as_bytes()))
    })
}
