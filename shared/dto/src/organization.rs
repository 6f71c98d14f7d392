//! Organizations in responses.

use std::{borrow::Cow, collections::BTreeMap};

use padron_domain::{
    Address, Certificate, Customization, Legal, LogoFile, Organization, OrganizationId, PdfExtra,
    PendingStep, Periodicity, Plan, Receipts, Role, SelfInvoice, SubscriptionStatus, Timestamp, https_url,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// An organization, as the union of the two bodies that Timbrix documents.
///
/// The account is in camelCase, the normalized profile in snake_case, so that clients of either page find the fields they expect.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
pub struct OrganizationResponse {
    /// UUID of the organization.
    id: String,
    /// Name of the account.
    name: String,
    /// URL-friendly identifier, unique and immutable.
    slug: String,
    /// Logo that the caller set, otherwise `logo_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    /// URL of the logo that was uploaded. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    logo_url: Option<String>,
    /// Plan: `free`, `pro` or `enterprise`.
    #[schemars(extend("enum" = ["free", "pro", "enterprise"]), with = "String")]
    plan: Plan,
    /// UUID of the user who owns the organization.
    #[serde(rename = "ownerId")]
    owner_id: String,
    /// Stripe customer id. Absent if there is none.
    #[serde(rename = "stripeCustomerId", skip_serializing_if = "Option::is_none")]
    stripe_customer_id: Option<String>,
    /// Status of the subscription.
    #[serde(rename = "subscriptionStatus")]
    #[schemars(extend("enum" = ["none", "active", "past_due", "canceled"]), with = "String")]
    subscription_status: SubscriptionStatus,
    /// When the paid period of the subscription ends.
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
    /// Key-value pairs that the caller stores with the organization.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// IANA time zone.
    timezone: String,
    /// Same instant as `createdAt`.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// Same instant as `updatedAt`.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// Whether no blocking step is pending and the certificate is valid at the time of the response.
    is_production_ready: bool,
    /// Steps that are not completed yet.
    pending_steps: Vec<PendingStepResponse>,
    /// Legal data of the organization.
    legal: LegalResponse,
    /// Appearance and numbering of invoices.
    customization: CustomizationResponse,
    /// Certificate for sealing invoices (CSD).
    certificate: CertificateResponse,
    /// Electronic signature (FIEL).
    fiel: FielResponse,
    /// Settings for invoicing receipts.
    receipts: ReceiptsResponse,
    /// Settings for customers who invoice themselves.
    self_invoice: SelfInvoiceResponse,
}

/// A step that an organization has not completed yet.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PendingStep")]
struct PendingStepResponse {
    /// Type of the step: `legal`, `certificate` or `logo`.
    r#type: &'static str,
    /// Instruction that completes the step.
    description: &'static str,
    /// Whether the step prevents the organization from issuing invoices.
    blocking: bool,
}

/// The legal data of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Legal")]
pub struct LegalResponse {
    /// Commercial name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Registered name, without the corporate suffix.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_name: Option<String>,
    /// Tax system, a code of the SAT catalogue `c_RegimenFiscal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_system: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// RFC, which is read from the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    rfc: Option<String>,
    /// Postal code, the same as `address.zip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    /// Fiscal address.
    address: AddressResponse,
}

/// A Mexican address.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Address")]
struct AddressResponse {
    /// Street.
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    /// Exterior number.
    #[serde(skip_serializing_if = "Option::is_none")]
    exterior: Option<String>,
    /// Interior number.
    #[serde(skip_serializing_if = "Option::is_none")]
    interior: Option<String>,
    /// Neighborhood (colonia).
    #[serde(skip_serializing_if = "Option::is_none")]
    neighborhood: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// Municipality.
    #[serde(skip_serializing_if = "Option::is_none")]
    municipality: Option<String>,
    /// Postal code, five digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

/// The appearance and numbering of the invoices of an organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Customization")]
pub struct CustomizationResponse {
    /// Whether there is a logo, either set or uploaded.
    has_logo: bool,
    /// Accent colour, six hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    /// Number of the next invoice.
    next_folio_number: u64,
    /// Number of the next test invoice.
    next_folio_number_test: u64,
    /// Optional content of the PDF of an invoice.
    pdf_extra: PdfExtraResponse,
}

/// The optional content of the PDF of an invoice.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PdfExtra")]
struct PdfExtraResponse {
    /// Whether the PDF shows catalogue codes.
    codes: bool,
    /// Whether the PDF shows the codes of the address.
    address_codes: bool,
    /// Whether the PDF shows product keys.
    product_key: bool,
    /// Whether the PDF shows rounded unit prices.
    round_unit_price: bool,
    /// Whether the PDF shows the taxes of each line.
    tax_breakdown: bool,
    /// Whether the PDF shows the IEPS of each line.
    ieps_breakdown: bool,
    /// Whether the PDF shows the Carta Porte complement.
    render_carta_porte: bool,
    /// Whether the PDF repeats the signature on every page.
    repeat_signature: bool,
}

/// The certificate of an organization for sealing invoices (CSD).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Certificate")]
struct CertificateResponse {
    /// Whether a certificate has been uploaded.
    has_certificate: bool,
    /// Public data of the certificate.
    #[serde(flatten)]
    details: CertificateDetails,
}

/// The electronic signature of an organization (FIEL).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Fiel")]
struct FielResponse {
    /// Whether an electronic signature has been uploaded.
    has_fiel: bool,
    /// Public data of the certificate of the electronic signature.
    #[serde(flatten)]
    details: CertificateDetails,
}

/// The public data of a certificate. Its fields are absent if there is no certificate.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct CertificateDetails {
    /// When the certificate was uploaded; when it was deleted, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    updated_at: Option<Timestamp>,
    /// When the certificate expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// Serial number of the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
}

/// The settings of an organization for invoicing receipts.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Receipts")]
pub struct ReceiptsResponse {
    /// Interval at which receipts are combined into one invoice.
    #[schemars(extend("enum" = ["day", "week", "month"]), with = "String")]
    periodicity: Periodicity,
    /// Number of days during which a customer may invoice a receipt.
    duration_days: u16,
    /// Number of the next receipt.
    next_folio_number: u64,
    /// Number of the next test receipt.
    next_folio_number_test: u64,
}

/// The settings of an organization for customers who invoice themselves.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SelfInvoice")]
pub struct SelfInvoiceResponse {
    /// Uses of the SAT catalogue `c_UsoCFDI` that customers may choose. An empty list allows all.
    allowed_cfdi_uses: Vec<String>,
    /// Whether ISR is withheld under RESICO.
    apply_resico_isr: bool,
    /// E-mail address where customers ask for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    support_email: Option<String>,
    /// Whether the support e-mail address is verified.
    support_email_verified: bool,
}

impl OrganizationResponse {
    /// Creates the response for an organization at `now`. The pending steps and the readiness depend on it.
    ///
    /// `api_url` is the URL of the API, which serves the logo.
    pub fn new(organization: Organization, api_url: &str, now: Timestamp) -> Self {
        let logo_url = logo_url(&organization, api_url);
        let has_logo = organization.has_logo();
        let pending_steps = organization.pending_steps(now);
        let is_production_ready = organization.is_production_ready(now);
        let Organization {
            id,
            version: _,
            name,
            slug,
            logo,
            logo_file: _,
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
            certificate_deleted_at,
            fiel_deleted_at,
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
            customization: CustomizationResponse::new(customization, has_logo),
            logo: logo.or_else(|| logo_url.clone()),
            logo_url,
            certificate: CertificateResponse {
                has_certificate: certificate.is_some(),
                details: CertificateDetails::new(certificate, certificate_deleted_at),
            },
            fiel: FielResponse {
                has_fiel: fiel.is_some(),
                details: CertificateDetails::new(fiel, fiel_deleted_at),
            },
            receipts: receipts.into(),
            self_invoice: self_invoice.into(),
        }
    }
}

/// Returns the URL of the logo that was uploaded; `None` if there is none. `api_url` is the URL of the API.
pub fn logo_url(organization: &Organization, api_url: &str) -> Option<String> {
    let file = organization.logo_file.as_ref()?;
    Some(logo_folder(organization.id, api_url) + &file.name())
}

/// Returns the URL of an organization's uploaded logo, maybe an earlier one, if a text is one in any spelling. `api_url` is the URL of the API.
pub fn parse_logo_url(text: &str, organization: OrganizationId, api_url: &str) -> Option<String> {
    // The local API need not use https.
    let url = https_url(text).unwrap_or_else(|| text.to_owned());
    let folder = logo_folder(organization, api_url);
    let is_there = url.get(..folder.len()).is_some_and(|start| start.eq_ignore_ascii_case(&folder));
    let name = url.get(folder.len()..).filter(|_| is_there)?.to_ascii_lowercase();
    LogoFile::is_name(&name).then(|| folder + &name)
}

/// Returns what the URLs of an organization's logos begin with.
fn logo_folder(organization: OrganizationId, api_url: &str) -> String {
    format!("{api_url}/logos/{organization}/")
}

/// An organization in the list of a user.
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
    /// Role of the user in the organization: `member`, `admin` or `owner`.
    #[schemars(extend("enum" = ["member", "admin", "owner"]), with = "String")]
    role: Role,
    /// When the user joined the organization.
    #[schemars(with = "String", extend("format" = "date-time"))]
    joined_at: Timestamp,
}

impl OrganizationEntry {
    /// Creates the entry for an organization and the membership of the user.
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

impl CertificateDetails {
    fn new(certificate: Option<Certificate>, deleted_at: Option<Timestamp>) -> Self {
        let none = Self { updated_at: deleted_at, ..Self::default() };
        certificate.map_or(none, Into::into)
    }
}

impl From<Certificate> for CertificateDetails {
    fn from(certificate: Certificate) -> Self {
        let Certificate { updated_at, expires_at, serial_number, rfc: _, name: _ } = certificate;
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

/// The JSON schema of a time zone.
pub struct TimezoneSchema;

impl JsonSchema for TimezoneSchema {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The name of a time zone in the IANA time zone database.",
            "type": "string",
            "enum": Organization::timezones().collect::<Vec<_>>(),
        })
    }
}
