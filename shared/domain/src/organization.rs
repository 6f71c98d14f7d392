//! The organization: the account and its fiscal profile.

use serde::{Deserialize, Serialize};

use crate::{OrganizationId, Timestamp, UserId};

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

impl Organization {
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
