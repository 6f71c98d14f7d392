//! Customers in the responses of Spirii's routes.

use padron_domain::{Billing, Customer, CustomerNumber, Finance, Payout, Timestamp, alpha_2_of_alpha_3};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A customer in Spirii's dialect.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiCustomer")]
pub struct CustomerResponse {
    /// Number of the customer.
    id: u64,
    /// Name of the customer.
    name: String,
    /// Type of the customer: `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// Id of the customer in the caller's own system.
    external_id: Option<String>,
    /// Country, an ISO 3166-1 alpha-2 code; `""` if unknown.
    country: String,
    /// Contact of the customer.
    contact_details: ContactDetails,
    /// Billing data of the customer.
    billing_details: BillingDetails,
    /// Charge point operator above the customer in the hierarchy; `null` if there is none.
    cpo: Option<Reference>,
    /// Parent of the customer in the hierarchy; `null` if there is none.
    owner: Option<Reference>,
    /// Ids of the customer's locations.
    locations: Vec<i64>,
    /// Bank account for payouts. Account numbers show only their last four characters, except to admins.
    payout_information: Option<PayoutInformation>,
    /// Language and currency of the customer.
    financial_setup: FinancialSetup,
    /// Aggregation of the customer's bills.
    billing_settings: BillingSettings,
    /// When the customer was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the customer was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
}

/// A reference to a customer, by number and name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiReference")]
pub struct Reference {
    /// Number of the customer.
    id: u64,
    /// Name of the customer.
    name: String,
}

impl Reference {
    /// Creates a reference to a customer.
    pub fn new(number: CustomerNumber, name: &str) -> Self {
        Self { id: number.get(), name: name.into() }
    }
}

/// A page of customers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiCustomerPage")]
pub struct PageResponse {
    /// Customers of the page.
    pub data: Vec<CustomerResponse>,
    /// Total number of customers on all pages.
    pub count: u64,
    /// Maximum number of customers on a page.
    pub limit: u64,
    /// Number of customers that were skipped.
    pub offset: u64,
}

/// The contact of a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiContactDetails")]
struct ContactDetails {
    /// Name of the contact person.
    name: Option<String>,
    /// E-mail address.
    email: String,
    /// Phone number.
    phone: Option<String>,
}

/// The billing data of a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiBillingDetails")]
struct BillingDetails {
    /// Payment method, such as `Invoice`.
    payment_method: String,
    /// Delivery format of invoices, such as `Email`.
    invoice_format: String,
    /// Global location number (GS1).
    gln: Option<String>,
    /// E-mail address that invoices are sent to.
    invoice_email: Option<String>,
    /// Tax id of the customer.
    vat_number: String,
    /// Street and exterior number.
    address: String,
    /// City.
    city: String,
    /// Postal code.
    zip_code: String,
}

/// The bank account for payouts to a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiPayoutInformation")]
struct PayoutInformation {
    /// International bank account number (IBAN).
    iban: Option<String>,
    /// Bank identifier code (SWIFT/BIC).
    swift_code: Option<String>,
    /// Name of the account holder.
    bank_account_holder_name: Option<String>,
    /// Registration number of the bank.
    bank_registration_number: Option<String>,
    /// Account number.
    bank_account: Option<String>,
}

/// The language and currency of a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiFinancialSetup")]
struct FinancialSetup {
    /// Language, an ISO 639-1 code.
    language: String,
    /// Currency, an ISO 4217 code.
    currency: String,
}

/// The aggregation of a customer's bills.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiBillingSettings")]
struct BillingSettings {
    /// Aggregation of a document, such as `customer`: what one document covers.
    charge_key_document_aggregation: String,
    /// Aggregation of a line, such as `location`: what one line covers.
    charge_key_line_aggregation: String,
    /// Method of reimbursement for company cars, such as `MANUAL`.
    company_car_reimbursement_method: String,
}

impl CustomerResponse {
    /// Creates the response for a customer, with references to its parent and its charge point operator.
    ///
    /// Account numbers are masked unless `unmasked`, which is for admins.
    pub fn new(customer: Customer, owner: Option<Reference>, cpo: Option<Reference>, unmasked: bool) -> Self {
        let Billing { payment_method, invoice_format, gln, invoice_email } = customer.billing;
        let Finance {
            language,
            currency,
            charge_key_document_aggregation,
            charge_key_line_aggregation,
            company_car_reimbursement_method,
        } = customer.finance;
        let address = customer.address;
        Self {
            id: customer.number.get(),
            name: customer.name,
            r#type: customer.kind.name(),
            external_id: customer.external_id,
            country: customer.country.as_deref().map(alpha_2).unwrap_or_default(),
            contact_details: ContactDetails {
                name: customer.contact_name,
                email: customer.email,
                phone: customer.phone,
            },
            billing_details: BillingDetails {
                payment_method,
                invoice_format,
                gln,
                invoice_email,
                vat_number: customer.tax_id,
                address: address.street_line(),
                city: address.city,
                zip_code: address.zip,
            },
            cpo,
            owner,
            locations: customer.locations,
            payout_information: customer.payout.map(|payout| PayoutInformation::new(payout, unmasked)),
            financial_setup: FinancialSetup { language, currency },
            billing_settings: BillingSettings {
                charge_key_document_aggregation,
                charge_key_line_aggregation,
                company_car_reimbursement_method,
            },
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }
}

impl PayoutInformation {
    fn new(payout: Payout, unmasked: bool) -> Self {
        let Payout { iban, swift_code, bank_account_holder_name, bank_registration_number, bank_account } =
            payout;
        let shown = |number: Option<String>| if unmasked { number } else { number.as_deref().map(mask) };
        Self {
            iban: shown(iban),
            swift_code,
            bank_account_holder_name,
            bank_registration_number,
            bank_account: shown(bank_account),
        }
    }
}

/// The character that replaces the hidden part of an account number.
pub(super) const MASK: char = '*';

/// Returns the last four characters of a number after four asterisks. A number of at most four characters is hidden entirely.
fn mask(number: &str) -> String {
    let count = number.chars().count();
    let last: String = number.chars().skip(count.saturating_sub(4)).collect();
    if count > 4 { format!("****{last}") } else { "****".into() }
}

/// Masks the account numbers in a response for callers who are not admins, and returns whether any number was unmasked.
pub fn mask_account_numbers(response: &mut Value) -> bool {
    let mut was_shown = false;
    for name in ["iban", "bankAccount"] {
        if let Some(number) = response.pointer_mut(&format!("/payoutInformation/{name}"))
            && let Some(text) = number.as_str()
        {
            let masked = mask(text);
            was_shown |= masked != text;
            *number = masked.into();
        }
    }
    was_shown
}

/// Returns the ISO 3166-1 alpha-2 code of an alpha-3 code; empty if there is none.
fn alpha_2(alpha_3: &str) -> String {
    alpha_2_of_alpha_3(alpha_3).unwrap_or_default().to_owned()
}
