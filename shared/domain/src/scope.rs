//! Scopes: what a credential may be used for, beside the role that it acts in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Role;

/// A scope of a credential. Each endpoint requires one.
///
/// The access tokens of the operator's issuer have no scopes: for them, only the role decides. For all other credentials, scope and role
/// must both allow a request. The names are those of Timbrix, with a few more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// Reading users.
    ReadUser,
    /// Acting for the user themselves, such as accepting an invitation.
    WriteUser,
    /// Reading organizations.
    ReadOrganization,
    /// Changing an organization's account and settings.
    WriteOrganization,
    /// Reading members and invitations.
    ReadMembers,
    /// Changing members and invitations.
    WriteMembers,
    /// Reading customers.
    ReadCustomers,
    /// Changing customers.
    WriteCustomers,
    /// Reading webhooks.
    ReadWebhooks,
    /// Changing webhooks.
    WriteWebhooks,
    /// Reading API keys, without their secrets.
    ReadApiKeys,
    /// Creating, changing and revoking API keys.
    WriteApiKeys,
    /// Reading OAuth apps, without their secrets.
    ReadOauthApps,
    /// Creating, changing and deleting OAuth apps.
    WriteOauthApps,
    /// Reading the audit trail.
    ReadEvents,
    /// Everything in one organization, including deleting and transferring it.
    AdminOrganization,
    /// Everything.
    AdminAll,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 17] = [
        Self::ReadUser,
        Self::WriteUser,
        Self::ReadOrganization,
        Self::WriteOrganization,
        Self::ReadMembers,
        Self::WriteMembers,
        Self::ReadCustomers,
        Self::WriteCustomers,
        Self::ReadWebhooks,
        Self::WriteWebhooks,
        Self::ReadApiKeys,
        Self::WriteApiKeys,
        Self::ReadOauthApps,
        Self::WriteOauthApps,
        Self::ReadEvents,
        Self::AdminOrganization,
        Self::AdminAll,
    ];

    /// Returns the name of the scope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadUser => "read:user",
            Self::WriteUser => "write:user",
            Self::ReadOrganization => "read:organization",
            Self::WriteOrganization => "write:organization",
            Self::ReadMembers => "read:members",
            Self::WriteMembers => "write:members",
            Self::ReadCustomers => "read:customers",
            Self::WriteCustomers => "write:customers",
            Self::ReadWebhooks => "read:webhooks",
            Self::WriteWebhooks => "write:webhooks",
            Self::ReadApiKeys => "read:api-keys",
            Self::WriteApiKeys => "write:api-keys",
            Self::ReadOauthApps => "read:oauth-apps",
            Self::WriteOauthApps => "write:oauth-apps",
            Self::ReadEvents => "read:events",
            Self::AdminOrganization => "admin:organization",
            Self::AdminAll => "admin:all",
        }
    }

    /// Returns what the scope allows, in a few words.
    pub const fn description(self) -> &'static str {
        match self {
            Self::ReadUser => "Read users",
            Self::WriteUser => "Accept and decline invitations",
            Self::ReadOrganization => "Read the organization",
            Self::WriteOrganization => "Change the organization's account and settings",
            Self::ReadMembers => "Read members and invitations",
            Self::WriteMembers => "Change members and invitations",
            Self::ReadCustomers => "Read customers",
            Self::WriteCustomers => "Change customers",
            Self::ReadWebhooks => "Read webhooks",
            Self::WriteWebhooks => "Change webhooks",
            Self::ReadApiKeys => "Read API keys, without their secrets",
            Self::WriteApiKeys => "Create, change and revoke API keys",
            Self::ReadOauthApps => "Read OAuth apps, without their secrets",
            Self::WriteOauthApps => "Create, change and delete OAuth apps, and revoke their tokens",
            Self::ReadEvents => "Read the audit trail",
            Self::AdminOrganization => {
                "Everything in the organization, including deleting and transferring it"
            }
            Self::AdminAll => "Everything",
        }
    }

    /// Returns the scope with this name; `None` if there is none. Names are case-sensitive (RFC 6749 §3.3).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Returns the least role to which the scope is of any use.
    pub const fn least_role(self) -> Role {
        match self {
            Self::ReadUser
            | Self::WriteUser
            | Self::ReadOrganization
            | Self::ReadMembers
            | Self::ReadCustomers
            | Self::WriteCustomers => Role::Member,
            Self::WriteOrganization
            | Self::WriteMembers
            | Self::ReadWebhooks
            | Self::WriteWebhooks
            | Self::ReadApiKeys
            | Self::WriteApiKeys
            | Self::ReadOauthApps
            | Self::WriteOauthApps
            | Self::ReadEvents => Role::Admin,
            Self::AdminOrganization | Self::AdminAll => Role::Owner,
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// No scopes.
    pub const NONE: Self = Self(0);
    /// What most clients need. Clients of the Model Context Protocol ask for all of it.
    pub const USUAL: Self = Self::of(&[
        Scope::ReadUser,
        Scope::ReadOrganization,
        Scope::ReadMembers,
        Scope::ReadCustomers,
        Scope::WriteCustomers,
    ]);
    /// All scopes but those of administrators.
    pub const WITHOUT_ADMIN: Self =
        Self(Self::of(&Scope::ALL).0 & !Scope::AdminOrganization.bit() & !Scope::AdminAll.bit());
    /// The maximum length of a list of scopes in a request, with repetitions.
    pub const MAX_LISTED: usize = 50;
    /// What is wrong with a longer list.
    pub const TOO_MANY: &'static str = "At most 50 scopes.";

    /// Creates a set of these scopes.
    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < scopes.len() {
            bits |= scopes[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Parses a list of names that are separated by spaces (RFC 6749 §3.3); `None` if one of them is no scope.
    pub fn parse(list: &str) -> Option<Self> {
        list.split(' ').filter(|name| !name.is_empty()).map(Scope::parse).collect()
    }

    /// Returns the scopes that both these and `limit` allow.
    #[must_use]
    pub fn limited_to(self, limit: Self) -> Self {
        Scope::ALL.into_iter().filter(|scope| self.allows(*scope) && limit.allows(*scope)).collect()
    }

    /// Returns the scopes of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the scope is an element of the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Returns the elements, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Returns whether a credential with these scopes may be used where `required` is required.
    ///
    /// `admin:organization` stands for all scopes of one organization, `admin:all` for all scopes. A scope to write does not include the
    /// one to read.
    pub const fn allows(self, required: Scope) -> bool {
        let is_of_organization = !matches!(required, Scope::ReadUser | Scope::WriteUser | Scope::AdminAll);
        self.contains(required)
            || self.contains(Scope::AdminAll)
            || (is_of_organization && self.contains(Scope::AdminOrganization))
    }

    /// Returns the scopes of `required` that these do not allow.
    #[must_use]
    pub fn missing_of(self, required: Self) -> Self {
        required.iter().filter(|scope| !self.allows(*scope)).collect()
    }

    /// Returns the scopes that are of use to a role.
    #[must_use]
    pub fn within(self, role: Role) -> Self {
        self.iter().filter(|scope| scope.least_role() <= role).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Formats the names of the scopes, separated by spaces, as in OAuth (RFC 6749 §3.3).
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{}", scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::name))
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let parse = |name: &String| Scope::parse(name).ok_or_else(|| de::Error::custom("not a scope"));
        names.iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_is_not_reading_and_admins_of_one_organization_are_not_admins_of_all() {
        let only = |scope| Scopes::of(&[scope]);
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
            assert!(only(scope).allows(scope) && only(Scope::AdminAll).allows(scope));
            assert_eq!(Scopes::NONE.missing_of(only(scope)), only(scope));
        }
        assert!(!only(Scope::WriteCustomers).allows(Scope::ReadCustomers));
        assert!(only(Scope::AdminOrganization).allows(Scope::WriteApiKeys));
        for personal in [Scope::ReadUser, Scope::WriteUser, Scope::AdminAll] {
            assert!(!only(Scope::AdminOrganization).allows(personal), "{}", personal.name());
        }
        let (all, one) = (only(Scope::AdminOrganization), only(Scope::ReadCustomers));
        assert_eq!((all.limited_to(one), one.limited_to(all)), (one, one));
        assert_eq!(only(Scope::WriteUser).limited_to(all), Scopes::NONE);
        let mixed = Scopes::of(&[Scope::ReadMembers, Scope::WriteMembers]);
        assert_eq!(mixed.within(Role::Member), only(Scope::ReadMembers));
        assert_eq!(mixed.to_string(), "read:members write:members");
    }
}
