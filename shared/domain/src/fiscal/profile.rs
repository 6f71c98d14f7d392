//! The parts of a fiscal profile.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The defaults of Facturapi.
impl Default for PdfExtra {
    fn default() -> Self {
        Self {
            codes: true,
            address_codes: true,
            product_key: true,
            round_unit_price: false,
            tax_breakdown: true,
            ieps_breakdown: true,
            render_carta_porte: false,
            repeat_signature: false,
        }
    }
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
    /// The RFC of the certificate; `None` if it is not known.
    #[serde(default)]
    pub rfc: Option<String>,
    /// The registered name in the certificate, with the corporate suffix; `None` if it is not known.
    #[serde(default)]
    pub name: Option<String>,
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
