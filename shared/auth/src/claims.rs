//! The claims of a token (RFC 7519 §4, RFC 9068, OpenID Connect Core §2).

use std::fmt;

use padron_domain::{Customer, Email, OrganizationId, Timestamp, UserId, to_line, trim};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, Visitor},
};
use uuid::Uuid;

use crate::{
    issuer::Audience,
    principal::User,
    token::{Header, RejectionReason},
};

/// The maximum difference between the clocks of issuer and verifier, in seconds.
const LEEWAY: u64 = 60;
/// The maximum length of a subject, in bytes.
const MAX_SUBJECT_LENGTH: usize = 1024;

/// The maximum length of a name that is taken from a token, in characters: that of a customer's name.
const MAX_NAME_LENGTH: usize = Customer::MAX_NAME_LENGTH;

/// The claims that decide whether a token is accepted, and those about the user.
///
/// The types of the former are strict. An `exp` that is text, null, negative or out of range is not treated as absent, but
/// rejected (CVE-2026-25537). A claim that is given twice is rejected too.
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
    azp: Option<String>,
    token_use: Option<String>,
    // These claims distinguish an ID token from an access token.
    nonce: Option<serde_json::Value>,
    at_hash: Option<IgnoredAny>,
    c_hash: Option<IgnoredAny>,
    s_hash: Option<IgnoredAny>,
    auth_time: Option<IgnoredAny>,
    /// The claim of logout tokens and security event tokens.
    events: Option<IgnoredAny>,
    scope: Option<IgnoredAny>,
    scp: Option<IgnoredAny>,
    /// The token type that Keycloak sets: `Bearer`, `ID` or `Refresh`.
    typ: Option<String>,
    // These claims describe the user. A claim of the wrong type is treated as absent.
    email: Option<serde_json::Value>,
    email_verified: Option<serde_json::Value>,
    name: Option<serde_json::Value>,
}

/// A claim with one value or an array of values.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A number of seconds since 1970 (RFC 7519 §2). The JSON number may have an exponent, or a fraction, which is cut off.
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
                // Beyond 2⁵³ an `f64` has no fraction, and its seconds are not exact.
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

/// Deserializes a claim that may be absent, but not null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(deserializer).map(Some)
}

/// The reason why a token is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClaimProblem {
    /// The token was valid, but has expired.
    Expired,
    /// The token is not valid.
    Refused(RejectionReason),
}

impl From<RejectionReason> for ClaimProblem {
    fn from(refusal: RejectionReason) -> Self {
        Self::Refused(refusal)
    }
}

impl Claims {
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, RejectionReason> {
        serde_json::from_slice(payload).map_err(|_| "a claim is missing, given twice or of the wrong type")
    }

    /// Returns the instant at which the token expires, including the allowed difference between clocks.
    pub(crate) fn expires_at(&self) -> Timestamp {
        let millis = self.exp.0.saturating_add(LEEWAY).saturating_mul(1000);
        i64::try_from(millis).ok().and_then(Timestamp::from_millis).unwrap_or(Timestamp::LATEST)
    }

    /// Returns the user whom the token identifies, if the token is valid at `now`.
    ///
    /// The caller must have checked the issuer and the signature.
    pub(crate) fn user(
        self,
        header: &Header,
        audience: &Audience,
        organization: Option<OrganizationId>,
        now: Timestamp,
    ) -> Result<User, ClaimProblem> {
        // A clock that is set before 1970 is wrong, so no token is accepted.
        let now = u64::try_from(now.seconds()).map_err(|_| "the clock is wrong")?;
        if self.nbf.is_some_and(|nbf| nbf.0 > now + LEEWAY) {
            return Err(ClaimProblem::Refused("not valid yet"));
        }
        if self.iat.is_some_and(|iat| iat.0 > now + LEEWAY) {
            return Err(ClaimProblem::Refused("issued in the future"));
        }
        self.check_use(header)?;
        self.check_audience(audience)?;
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT_LENGTH {
            return Err(ClaimProblem::Refused("the subject is empty or too long"));
        }
        // Expiry is checked last, so that only tokens that were valid are reported as expired. A client reacts by getting a new
        // token.
        if self.exp.0.saturating_add(LEEWAY) <= now {
            return Err(ClaimProblem::Expired);
        }
        Ok(self.into_user(organization))
    }

    /// Returns the user whom an ID token identifies (OpenID Connect Core §3.1.3.7), if it is valid at `now`, and was issued for this client
    /// and this sign-in.
    ///
    /// The caller must have checked the issuer and the signature.
    pub(crate) fn id_token_user(
        self,
        client_id: &str,
        nonce: &str,
        organization: Option<OrganizationId>,
        now: Timestamp,
    ) -> Result<User, RejectionReason> {
        let now = u64::try_from(now.seconds()).map_err(|_| "the clock is wrong")?;
        let audiences = match &self.aud {
            Some(OneOrMany::One(one)) => std::slice::from_ref(one),
            Some(OneOrMany::Many(many)) => many,
            None => &[],
        };
        let is_for_client = audiences.iter().any(|audience| audience == client_id);
        // A token for several audiences says which of them has asked for it.
        let is_of_client = match &self.azp {
            Some(party) => party == client_id,
            None => audiences.len() == 1,
        };
        if !is_for_client || !is_of_client {
            return Err("an ID token for another client");
        }
        if self.nonce.as_ref().and_then(serde_json::Value::as_str) != Some(nonce) {
            return Err("an ID token of another sign-in");
        }
        if self.token_use.as_deref().is_some_and(|token_use| token_use != "id") {
            return Err("not an ID token");
        }
        if self.iat.is_none_or(|iat| iat.0 > now + LEEWAY) || self.nbf.is_some_and(|nbf| nbf.0 > now + LEEWAY)
        {
            return Err("issued in the future");
        }
        if self.exp.0.saturating_add(LEEWAY) <= now {
            return Err("the ID token has expired");
        }
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT_LENGTH {
            return Err("the subject is empty or too long");
        }
        Ok(self.into_user(organization))
    }

    /// Checks that the token is an access token. An ID token tells an application who signed in, and is not valid for an API (RFC
    /// 9068 §5).
    fn check_use(&self, header: &Header) -> Result<(), RejectionReason> {
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
        // Some issuers add these claims to access tokens too, but always together with claims that only access tokens have.
        let says_access = header.is_access_token()
            || [&self.scope, &self.scp].into_iter().any(Option::is_some)
            || self.client_id.is_some();
        if (self.nonce.is_some() || self.auth_time.is_some()) && !says_access {
            return Err("an ID token");
        }
        Ok(())
    }

    fn check_audience(&self, audience: &Audience) -> Result<(), RejectionReason> {
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
        // Amazon Cognito and others send the boolean as a string.
        let is_verified = match &self.email_verified {
            Some(serde_json::Value::Bool(verified)) => *verified,
            Some(serde_json::Value::String(verified)) => verified == "true",
            _ => false,
        };
        // Even a signed claim is text from outside. It is stored and shown to other users.
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

/// Returns the id of a user: `sub` if it is a UUID, otherwise the UUIDv5 (RFC 9562 §5.5) of `sub` in the namespace of its issuer.
fn user_id(issuer: &str, subject: &str) -> UserId {
    UserId::parse(subject).unwrap_or_else(|| {
        let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, issuer.as_bytes());
        UserId::new(Uuid::new_v5(&namespace, subject.as_bytes()))
    })
}
