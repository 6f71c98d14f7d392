//! The rules for the settings of an API key.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::{ApiKey, KeyOwner, RateLimit};
use crate::{
    Error, Failure, Metadata, Patch, Role, Scope, Scopes, Timestamp, Violation, metadata, text::is_line,
};

/// The maximum number of address ranges of a key.
pub const MAX_IP_RANGES: usize = 20;

/// Settings of an API key, as a caller sends them. Those that are left out are `None`.
///
/// The texts have no blank characters at their ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApiKeySettings<'a> {
    /// The name.
    pub name: Option<&'a str>,
    /// The description.
    pub description: Option<&'a str>,
    /// The names of the scopes.
    pub scopes: Option<&'a [String]>,
    /// The address ranges: addresses, or CIDR.
    pub ip_ranges: Option<&'a [String]>,
    /// The limit of requests.
    pub rate_limit: Option<RateLimit>,
    /// The custom data.
    pub metadata: Option<&'a Metadata>,
}

/// Settings that were checked.
#[derive(Clone, Debug, Default)]
pub struct CheckedSettings {
    /// The scopes; `None` if none were sent.
    pub scopes: Option<Scopes>,
    /// The address ranges; `None` if none were sent.
    pub ip_ranges: Option<Vec<IpNet>>,
}

impl ApiKey {
    /// The maximum length of a name, in characters.
    pub const MAX_NAME_LENGTH: usize = 100;
    /// The maximum length of a description, in characters.
    pub const MAX_DESCRIPTION_LENGTH: usize = 500;
    /// The shortest time from now after which a key can expire.
    pub const MIN_LIFETIME: Duration = Duration::from_secs(60 * 60);
    /// The longest time from now after which a key can expire: five years.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(1_827 * 24 * 60 * 60);
    /// The longest time for which a key works after another one has replaced it.
    pub const MAX_OVERLAP: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// The time for which a key works after another one has replaced it, if the caller does not say.
    pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
    /// The time for which the record of a key is kept after its end.
    pub const KEPT_AFTER_END: Duration = Duration::from_secs(90 * 24 * 60 * 60);
    /// The maximum size of a key's record, in bytes. With what is stored beside it, reading a key takes one capacity unit.
    ///
    /// What a revocation and a rotation add later has room beside it.
    pub const MAX_SIZE: usize = 3_200;
    /// The maximum number of live keys of an organization.
    pub const MAX_OF_ORGANIZATION: usize = 50;
    /// The maximum number of live keys that one member has made.
    pub const MAX_OF_MEMBER: usize = 20;
}

impl ApiKeySettings<'_> {
    /// Returns the violation of a list of scopes that has none.
    pub fn no_scopes() -> Violation {
        let detail = "At least one scope. Leave it out for the default ones.".into();
        Violation { pointer: "/scopes".into(), code: "invalid_length", detail }
    }

    /// Checks the settings. Fails with all violations at once.
    pub fn check(&self) -> Result<CheckedSettings, Error> {
        let mut violations = Vec::new();
        let mut violate = |pointer: &str, code: &'static str, detail: &str| {
            violations.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
        };
        let length = |text: &str| text.chars().count();
        if let Some(name) = self.name
            && (!(1..=ApiKey::MAX_NAME_LENGTH).contains(&length(name)) || !is_line(name))
        {
            violate("/name", "invalid_length", "1 to 100 characters, none of them control characters.");
        }
        if let Some(description) = self.description
            && length(description) > ApiKey::MAX_DESCRIPTION_LENGTH
        {
            violate("/description", "invalid_length", "At most 500 characters.");
        }
        let mut not_grantable = false;
        let mut scopes = Scopes::NONE;
        if self.scopes.is_some_and(|scopes| scopes.len() > Scopes::MAX_LISTED) {
            violate("/scopes", "too_many", Scopes::TOO_MANY);
        }
        for (index, name) in self.scopes.into_iter().flatten().take(Scopes::MAX_LISTED).enumerate() {
            let pointer = format!("/scopes/{index}");
            match Scope::parse(name) {
                Some(scope) if ApiKey::is_grantable(scope) => scopes = scopes.iter().chain([scope]).collect(),
                Some(_) => {
                    not_grantable = true;
                    violate(&pointer, "scope_not_grantable", Failure::SCOPE_NOT_GRANTABLE.detail());
                }
                None => violate(&pointer, "unknown_value", "There is no such scope."),
            }
        }
        if self.scopes.is_some_and(<[String]>::is_empty) {
            let Violation { pointer, code, detail } = Self::no_scopes();
            violate(&pointer, code, &detail);
        }
        let mut ranges = Vec::new();
        if self.ip_ranges.is_some_and(|ranges| ranges.len() > MAX_IP_RANGES) {
            violate("/ipRanges", "too_many", "At most 20 ranges.");
        }
        for (index, text) in self.ip_ranges.into_iter().flatten().take(MAX_IP_RANGES).enumerate() {
            match parse_range(text) {
                Some(range) => ranges.push(range),
                None => violate(
                    &format!("/ipRanges/{index}"),
                    "invalid_format",
                    "An address or a range in CIDR, such as 203.0.113.0/24 or 2001:db8::/32.",
                ),
            }
        }
        if let Some(RateLimit { limit, period }) = self.rate_limit {
            if !(1..=RateLimit::MAX_LIMIT).contains(&limit) {
                violate("/rateLimit/limit", "out_of_range", "1 to 1,000,000 requests.");
            }
            if !(1..=RateLimit::MAX_PERIOD).contains(&period) {
                violate("/rateLimit/period", "out_of_range", "1 to 86,400 seconds.");
            }
        }
        for (code, detail) in self.metadata.into_iter().flat_map(metadata::problems) {
            violate("/metadata", code, detail);
        }
        if violations.is_empty() {
            return Ok(CheckedSettings {
                scopes: self.scopes.is_some().then_some(scopes),
                ip_ranges: self.ip_ranges.is_some().then_some(ranges),
            });
        }
        let failure = if not_grantable { Failure::SCOPE_NOT_GRANTABLE } else { Failure::INVALID_REQUEST };
        Err(Error::from(failure).with_violations(violations))
    }
}

/// Parses an address or a range in CIDR (RFC 4632, RFC 4291). The bits after the prefix are cleared, and a range of IPv4 addresses that are
/// mapped to IPv6 is that range of IPv4.
fn parse_range(text: &str) -> Option<IpNet> {
    let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    match range {
        IpNet::V6(range) => match range.addr().to_ipv4_mapped() {
            Some(address) if range.prefix_len() >= 96 => {
                ipnet::Ipv4Net::new(address, range.prefix_len() - 96).ok().map(|range| range.trunc().into())
            }
            _ => Some(range.trunc().into()),
        },
        IpNet::V4(range) => Some(range.trunc().into()),
    }
}

/// Returns the violation of an expiry that is too near or too far away; `None` if it is valid.
pub fn expiry_violation(expires_at: Timestamp, now: Timestamp) -> Option<Violation> {
    let is_valid = (now.plus(ApiKey::MIN_LIFETIME)..=now.plus(ApiKey::MAX_LIFETIME)).contains(&expires_at);
    (!is_valid).then(|| Violation {
        pointer: "/expiresAt".into(),
        code: "out_of_range",
        detail: "An instant from one hour to five years from now.".into(),
    })
}

impl ApiKey {
    /// Fails if the record is larger than [`Self::MAX_SIZE`].
    pub fn require_size(size: usize) -> Result<(), Error> {
        if size <= Self::MAX_SIZE {
            return Ok(());
        }
        Err(Error::invalid(
            "",
            "too_large",
            "All settings of a key share 3,200 bytes. Shorten the description or the metadata.",
        ))
    }

    /// Changes the expiry. Fails if it is later than it was, has passed, or is too far away.
    pub fn set_expiry(&mut self, change: Patch<Timestamp>, now: Timestamp) -> Result<(), Error> {
        let not_later = || {
            let detail = Failure::EXPIRY_NOT_EXTENDABLE.detail();
            let error = Error::from(Failure::EXPIRY_NOT_EXTENDABLE);
            Err(error.with_violation("/expiresAt", Failure::EXPIRY_NOT_EXTENDABLE.code(), detail))
        };
        let expires_at = match (change, self.expires_at) {
            (Patch::Keep, _) | (Patch::Clear, None) => return Ok(()),
            (Patch::Clear, Some(_)) => return not_later(),
            (Patch::Set(at), before) if before == Some(at) => return Ok(()),
            (Patch::Set(at), Some(before)) if at > before => return not_later(),
            (Patch::Set(at), _) => at,
        };
        if expires_at <= now || expires_at > now.plus(Self::MAX_LIFETIME) {
            let detail = "An instant within five years from now. To end the key now, revoke it.";
            return Err(Error::invalid("/expiresAt", "out_of_range", detail));
        }
        self.expires_at = Some(expires_at);
        Ok(())
    }

    /// Returns the key that replaces this one: `new`, with the settings and the lifetime of this one.
    #[must_use]
    pub fn successor(&self, new: Self) -> Self {
        Self {
            name: self.name.clone(),
            description: self.description.clone(),
            scopes: self.scopes,
            role: self.role,
            owned_by: self.owned_by,
            expires_at: self.renewed_expiry(new.created_at),
            ip_ranges: self.ip_ranges.clone(),
            rate_limit: self.rate_limit,
            metadata: self.metadata.clone(),
            supersedes: Some(self.id),
            ..new
        }
    }

    /// Returns the expiry of a key that replaces this one: it has the same lifetime.
    fn renewed_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let lifetime = self.expires_at?.millis().saturating_sub(self.created_at.millis());
        let lifetime = Duration::from_millis(u64::try_from(lifetime).unwrap_or(0));
        Some(now.plus(lifetime.clamp(Self::MIN_LIFETIME, Self::MAX_LIFETIME)))
    }

    /// Returns whether the key has rights that only admins have, and its creator must have them.
    pub fn needs_admin(&self) -> bool {
        self.owned_by == KeyOwner::Member && self.exceeds(Role::Member)
    }

    /// Returns the names of the settings that differ from those of an earlier version.
    pub fn changed_fields(&self, before: &Self) -> Vec<String> {
        let fields = [
            ("name", self.name != before.name),
            ("description", self.description != before.description),
            ("scopes", self.scopes != before.scopes),
            ("role", self.role != before.role),
            ("expiresAt", self.expires_at != before.expires_at),
            ("ipRanges", self.ip_ranges != before.ip_ranges),
            ("rateLimit", self.rate_limit != before.rate_limit),
            ("metadata", self.metadata != before.metadata),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_addresses_or_cidr_of_both_families() {
        for (text, range) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7/120", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(parse_range(text).unwrap().to_string(), range, "{text}");
        }
        for text in [
            "",
            "203.0.113",
            "203.0.113.7/33",
            "localhost",
            "2001:db8::/129",
            "203.0.113.7/24/1",
            "010.0.0.1",
        ] {
            assert_eq!(parse_range(text), None, "{text}");
        }
        let inside = |range: &str, address: &str| {
            let address: IpAddr = address.parse().unwrap();
            parse_range(range).unwrap().contains(&address.to_canonical())
        };
        assert!(inside("203.0.113.0/24", "::ffff:203.0.113.200"));
        assert!(!inside("203.0.113.0/24", "203.0.114.1"));
    }
}
