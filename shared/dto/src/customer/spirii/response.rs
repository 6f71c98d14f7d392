//! Customers as Spirii's routes answer them.

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
    /// Name.
    name: String,
    /// `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// Id in the caller's own system.
    external_id: Option<String>,
    /// ISO 3166-1 alpha-2; `""` if unknown.
    country: String,
    /// Whom to talk to.
    contact_details: ContactDetails,
    /// How it is billed.
    billing_details: BillingDetails,
    /// The charge point operator above it.
    cpo: Option<Reference>,
    /// The customer it belongs to.
    owner: Option<Reference>,
    /// Ids of its locations.
    locations: Vec<i64>,
    /// Where it is paid out; account numbers show their last four characters only, except to admins.
    payout_information: Option<PayoutInformation>,
    /// Language and currency.
    financial_setup: FinancialSetup,
    /// How its bills are put together.
    billing_settings: BillingSettings,
    /// When it was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When it was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
}

/// Another customer, by number and name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiReference")]
pub struct Reference {
    /// Its number.
    id: u64,
    /// Its name.
    name: String,
}

impl Reference {
    /// A customer by number and name.
    pub fn new(number: CustomerNumber, name: &str) -> Self {
        Self { id: number.get(), name: name.into() }
    }
}

/// A page of customers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiCustomerPage")]
pub struct PageResponse {
    /// The customers of this page.
    pub data: Vec<CustomerResponse>,
    /// How many there are in all.
    pub count: u64,
    /// How many a page has at most.
    pub limit: u64,
    /// How many were skipped.
    pub offset: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiContactDetails")]
struct ContactDetails {
    name: Option<String>,
    email: String,
    phone: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiBillingDetails")]
struct BillingDetails {
    payment_method: String,
    invoice_format: String,
    gln: Option<String>,
    invoice_email: Option<String>,
    vat_number: String,
    address: String,
    city: String,
    zip_code: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiPayoutInformation")]
struct PayoutInformation {
    iban: Option<String>,
    swift_code: Option<String>,
    bank_account_holder_name: Option<String>,
    bank_registration_number: Option<String>,
    bank_account: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SpiriiFinancialSetup")]
struct FinancialSetup {
    language: String,
    currency: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpiriiBillingSettings")]
struct BillingSettings {
    charge_key_document_aggregation: String,
    charge_key_line_aggregation: String,
    company_car_reimbursement_method: String,
}

impl CustomerResponse {
    /// The customer with the names of those above it. `unmasked`: for admins.
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
                address: address.line(),
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
        let shown = |number: Option<String>| if unmasked { number } else { number.as_deref().map(masked) };
        Self {
            iban: shown(iban),
            swift_code,
            bank_account_holder_name,
            bank_registration_number,
            bank_account: shown(bank_account),
        }
    }
}

/// What stands for the hidden part of a number.
pub(super) const MASK: char = '*';

/// The last four characters behind four asterisks; a number that short is hidden whole.
fn masked(number: &str) -> String {
    let count = number.chars().count();
    let last: String = number.chars().skip(count.saturating_sub(4)).collect();
    if count > 4 { format!("****{last}") } else { "****".into() }
}

/// Hides the account numbers in an answer, as they are hidden from those who are no admins, and returns whether any was shown.
pub fn mask_account_numbers(answer: &mut Value) -> bool {
    let mut was_shown = false;
    for name in ["iban", "bankAccount"] {
        if let Some(number) = answer.pointer_mut(&format!("/payoutInformation/{name}"))
            && let Some(text) = number.as_str()
        {
            let masked = masked(text);
            was_shown |= masked != text;
            *number = masked.into();
        }
    }
    was_shown
}

/// ISO 3166-1 alpha-2 of an alpha-3 code.
fn alpha_2(alpha_3: &str) -> String {
    alpha_2_of_alpha_3(alpha_3).unwrap_or_default().to_owned()
}
