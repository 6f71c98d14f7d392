//! The organization as the API answers it.

use std::collections::BTreeMap;

use padron_domain::{
    Address, Certificate, Customization, Legal, Organization, OrganizationId, PdfExtra, PendingStep,
    Periodicity, Plan, Receipts, Role, SelfInvoice, SubscriptionStatus, Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;

/// The union of the two bodies that Timbrix documents for an organization: the account in camelCase, the normalized
/// profile in snake_case. A client of either page reads what it expects.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
pub struct OrganizationResponse {
    /// UUID of the organization.
    id: String,
    /// Name of the account.
    name: String,
    /// URL-friendly identifier, unique and immutable.
    slug: String,
    /// Logo: what the caller set, or else `logo_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    /// `free`, `pro` or `enterprise`.
    #[schemars(extend("enum" = ["free", "pro", "enterprise"]), with = "String")]
    plan: Plan,
    /// UUID of the owner.
    #[serde(rename = "ownerId")]
    owner_id: String,
    /// Customer id at Stripe, if there is one.
    #[serde(rename = "stripeCustomerId", skip_serializing_if = "Option::is_none")]
    stripe_customer_id: Option<String>,
    /// State of the subscription.
    #[serde(rename = "subscriptionStatus")]
    #[schemars(extend("enum" = ["none", "active", "past_due", "canceled"]), with = "String")]
    subscription_status: SubscriptionStatus,
    /// Until when the subscription is paid.
    #[serde(rename = "subscriptionPeriodEnd", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    subscription_period_end: Option<Timestamp>,
    /// When the organization was created.
    #[serde(rename = "createdAt")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    account_created_at: Timestamp,
    /// When the organization was last changed.
    #[serde(rename = "updatedAt")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    account_updated_at: Timestamp,
    /// What the caller keeps with it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// IANA time zone.
    timezone: String,
    /// The same instant as `createdAt`.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// The same instant as `updatedAt`.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// Whether no blocking step is pending and the certificate is valid at the time of the answer.
    is_production_ready: bool,
    /// What is left to do.
    pending_steps: Vec<PendingStepResponse>,
    /// Who the organization is before the law.
    legal: LegalResponse,
    /// How its invoices look.
    customization: CustomizationResponse,
    /// Certificate for sealing invoices (CSD).
    certificate: CertificateResponse,
    /// Electronic signature (FIEL).
    fiel: FielResponse,
    /// How receipts are invoiced.
    receipts: ReceiptsResponse,
    /// How customers invoice themselves.
    self_invoice: SelfInvoiceResponse,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PendingStep")]
struct PendingStepResponse {
    /// `legal`, `certificate` or `logo`.
    r#type: &'static str,
    /// What to do.
    description: &'static str,
    /// Whether it keeps the organization from issuing invoices.
    blocking: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Legal")]
struct LegalResponse {
    /// Commercial name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Registered name, without the corporate suffix.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_name: Option<String>,
    /// Tax system of the SAT catalogue `c_RegimenFiscal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_system: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// RFC, read from the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    rfc: Option<String>,
    /// The same as `address.zip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    /// Fiscal address.
    address: AddressResponse,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Address")]
struct AddressResponse {
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exterior: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interior: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    neighborhood: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    municipality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Customization")]
struct CustomizationResponse {
    /// Whether there is a logo, set or uploaded.
    has_logo: bool,
    /// Accent colour, six hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    /// Number of the next invoice.
    next_folio_number: u64,
    /// Number of the next test invoice.
    next_folio_number_test: u64,
    /// What the PDF shows beyond the required.
    pdf_extra: PdfExtraResponse,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PdfExtra")]
struct PdfExtraResponse {
    codes: bool,
    address_codes: bool,
    product_key: bool,
    round_unit_price: bool,
    tax_breakdown: bool,
    ieps_breakdown: bool,
    render_carta_porte: bool,
    repeat_signature: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Certificate")]
struct CertificateResponse {
    /// Whether there is one.
    has_certificate: bool,
    #[serde(flatten)]
    details: CertificateDetails,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Fiel")]
struct FielResponse {
    /// Whether there is one.
    has_fiel: bool,
    #[serde(flatten)]
    details: CertificateDetails,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct CertificateDetails {
    /// When it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    updated_at: Option<Timestamp>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Receipts")]
struct ReceiptsResponse {
    /// How often receipts are gathered in one invoice.
    #[schemars(extend("enum" = ["day", "week", "month"]), with = "String")]
    periodicity: Periodicity,
    /// For how many days a customer may invoice a receipt.
    duration_days: u16,
    /// Number of the next receipt.
    next_folio_number: u64,
    /// Number of the next test receipt.
    next_folio_number_test: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SelfInvoice")]
struct SelfInvoiceResponse {
    /// Uses of the SAT catalogue `c_UsoCFDI` that customers may choose; empty: all.
    allowed_cfdi_uses: Vec<String>,
    /// Whether to withhold ISR under RESICO.
    apply_resico_isr: bool,
    /// Where customers ask for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_email: Option<String>,
    /// Whether that address is proven.
    support_email_verified: bool,
}

impl OrganizationResponse {
    /// The organization as it stands at that instant: readiness depends on it.
    pub fn new(organization: Organization, now: Timestamp) -> Self {
        let pending_steps = organization.pending_steps(now);
        let is_production_ready = organization.is_production_ready(now);
        let Organization {
            id,
            version: _,
            name,
            slug,
            logo,
            plan,
            owner,
            stripe_customer_id,
            metadata,
            subscription_status,
            subscription_period_end,
            timezone,
            created_at,
            updated_at,
            deleted_at: _,
            purging: _,
            legal,
            customization,
            certificate,
            fiel,
            receipts,
            self_invoice,
        } = organization;
        Self {
            id: id.to_string(),
            name,
            slug,
            plan,
            owner_id: owner.to_string(),
            stripe_customer_id,
            subscription_status,
            subscription_period_end,
            account_created_at: created_at,
            account_updated_at: updated_at,
            metadata,
            timezone,
            created_at,
            updated_at,
            is_production_ready,
            pending_steps: pending_steps.into_iter().map(Into::into).collect(),
            legal: legal.into(),
            customization: CustomizationResponse::new(customization, logo.is_some()),
            logo,
            certificate: CertificateResponse {
                has_certificate: certificate.is_some(),
                details: certificate.map(Into::into).unwrap_or_default(),
            },
            fiel: FielResponse {
                has_fiel: fiel.is_some(),
                details: fiel.map(Into::into).unwrap_or_default(),
            },
            receipts: receipts.into(),
            self_invoice: self_invoice.into(),
        }
    }
}

/// An organization in a user's list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrganizationEntry")]
#[serde(rename_all = "camelCase")]
pub struct OrganizationEntry {
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: OrganizationId,
    /// Name of the account.
    name: String,
    /// URL-friendly identifier.
    slug: String,
    /// The user's role in it: `member`, `admin` or `owner`.
    #[schemars(extend("enum" = ["member", "admin", "owner"]), with = "String")]
    role: Role,
    /// When the user joined.
    #[schemars(with = "String", extend("format" = "date-time"))]
    joined_at: Timestamp,
}

impl OrganizationEntry {
    /// An organization, and the user's place in it.
    pub fn new(organization: Organization, role: Role, joined_at: Timestamp) -> Self {
        let Organization { id, name, slug, .. } = organization;
        Self { id, name, slug, role, joined_at }
    }
}

impl From<PendingStep> for PendingStepResponse {
    fn from(step: PendingStep) -> Self {
        let (r#type, description) = match step {
            PendingStep::Legal => ("legal", "Complete legal information"),
            PendingStep::Certificate => ("certificate", "Upload a valid certificate (CSD)"),
            PendingStep::Logo => ("logo", "Add a logo"),
        };
        Self { r#type, description, blocking: step.is_blocking() }
    }
}

impl From<Legal> for LegalResponse {
    fn from(legal: Legal) -> Self {
        let Legal { name, legal_name, tax_system, website, phone, rfc, address } = legal;
        Self {
            name,
            legal_name,
            tax_system,
            website,
            phone,
            rfc,
            zip: address.zip.clone(),
            address: address.into(),
        }
    }
}

impl From<Address> for AddressResponse {
    fn from(address: Address) -> Self {
        let Address { street, exterior, interior, neighborhood, city, municipality, zip, state } = address;
        Self { street, exterior, interior, neighborhood, city, municipality, zip, state }
    }
}

impl CustomizationResponse {
    fn new(customization: Customization, has_logo: bool) -> Self {
        let Customization { color, next_folio_number, next_folio_number_test, pdf_extra } = customization;
        Self { has_logo, color, next_folio_number, next_folio_number_test, pdf_extra: pdf_extra.into() }
    }
}

impl From<PdfExtra> for PdfExtraResponse {
    fn from(extra: PdfExtra) -> Self {
        let PdfExtra {
            codes,
            address_codes,
            product_key,
            round_unit_price,
            tax_breakdown,
            ieps_breakdown,
            render_carta_porte,
            repeat_signature,
        } = extra;
        Self {
            codes,
            address_codes,
            product_key,
            round_unit_price,
            tax_breakdown,
            ieps_breakdown,
            render_carta_porte,
            repeat_signature,
        }
    }
}

impl From<Certificate> for CertificateDetails {
    fn from(certificate: Certificate) -> Self {
        let Certificate { updated_at, expires_at, serial_number } = certificate;
        Self {
            updated_at: Some(updated_at),
            expires_at: Some(expires_at),
            serial_number: Some(serial_number),
        }
    }
}

impl From<Receipts> for ReceiptsResponse {
    fn from(receipts: Receipts) -> Self {
        let Receipts { periodicity, duration_days, next_folio_number, next_folio_number_test } = receipts;
        Self { periodicity, duration_days, next_folio_number, next_folio_number_test }
    }
}

impl From<SelfInvoice> for SelfInvoiceResponse {
    fn from(self_invoice: SelfInvoice) -> Self {
        let SelfInvoice { allowed_cfdi_uses, apply_resico_isr, support_email, support_email_verified } =
            self_invoice;
        Self { allowed_cfdi_uses, apply_resico_isr, support_email, support_email_verified }
    }
}
