//! Customers in the requests of Spirii's routes.

use padron_domain::{
    Billing, Customer, CustomerField, CustomerKind, CustomerReference, Finance, LINE_PATTERN, Patch, Payout,
    Violation, alpha_3_of_alpha_2,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::response::{CustomerResponse, MASK};
use crate::{
    Body, Object, WithWarnings,
    customer::{
        schema::{ExternalIdSchema, ReferenceSchema},
        write::{
            CustomerBody, FieldPointers, apply, apply_optional, apply_or, apply_or_default, push_required,
        },
    },
    lenient::patch_fields,
    read_back,
};

/// The fields of a customer in Spirii's dialect.
///
/// A new customer requires `name`, `country`, `contactDetails`, `ownerId` and `type`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "SpiriiCustomerFields", transform = read_back::<WithWarnings<CustomerResponse>>)]
pub struct CustomerFields {
    /// Name of the customer, at most 80 characters.
    #[schemars(with = "Option<String>", length(max = MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    name: Patch<String>,
    /// Type of the customer, in upper or lower case: `private`, `business` or `CPOSubsidiary`. A CPO cannot be created here.
    #[schemars(with = "Option<String>", extend("pattern" = kind_pattern()))]
    r#type: Patch<String>,
    /// Id of the customer in the caller's own system, unique in the organization, at most 40 characters.
    #[schemars(with = "Option<ExternalIdSchema>")]
    external_id: Patch<String>,
    /// Country, an ISO 3166-1 alpha-2 code.
    #[schemars(with = "Option<String>", extend("pattern" = "^([A-Za-z]{2})?$"))]
    country: Patch<String>,
    /// Contact of the customer.
    #[schemars(with = "Option<ContactFields>")]
    contact_details: Patch<Object<ContactFields>>,
    /// Billing data of the customer.
    #[schemars(with = "Option<BillingFields>")]
    billing_details: Patch<Object<BillingFields>>,
    /// Number or id of the parent in the hierarchy; `null` if there is none.
    #[schemars(with = "Option<ReferenceSchema>")]
    owner_id: Patch<CustomerReference>,
    /// Ids of the customer's locations, at most 20.
    #[schemars(with = "Option<Vec<i64>>")]
    locations: Patch<Vec<i64>>,
    /// Bank account for payouts. A masked account number, which shows only its last characters, cannot be sent back.
    #[schemars(with = "Option<PayoutFields>")]
    payout_information: Patch<Object<PayoutFields>>,
    /// Language and currency of the customer.
    #[schemars(with = "Option<FinancialFields>")]
    financial_setup: Patch<Object<FinancialFields>>,
    /// Aggregation of the customer's bills.
    #[schemars(with = "Option<SettingsFields>")]
    billing_settings: Patch<Object<SettingsFields>>,
    /// Other fields of a customer are accepted if they are unchanged, so that a client can read a customer, change it and send it back.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The contact of a customer. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "SpiriiContactDetailsFields")]
struct ContactFields {
    /// Name of the contact person.
    #[schemars(with = "Option<String>")]
    name: Patch<String>,
    /// E-mail address.
    #[schemars(with = "Option<String>")]
    email: Patch<String>,
    /// Phone number.
    #[schemars(with = "Option<String>")]
    phone: Patch<String>,
}

/// The billing data of a customer. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "SpiriiBillingDetailsFields")]
struct BillingFields {
    /// Payment method, such as `Invoice`.
    #[schemars(with = "Option<String>")]
    payment_method: Patch<String>,
    /// Delivery format of invoices, such as `Email`.
    #[schemars(with = "Option<String>")]
    invoice_format: Patch<String>,
    /// Global location number (GS1).
    #[schemars(with = "Option<String>")]
    gln: Patch<String>,
    /// E-mail address that invoices are sent to.
    #[schemars(with = "Option<String>")]
    invoice_email: Patch<String>,
    /// Tax id of the customer, at most 40 characters.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_TAX_ID_LENGTH), extend("pattern" = LINE_PATTERN))]
    vat_number: Patch<String>,
    /// Street and exterior number.
    #[schemars(with = "Option<String>")]
    address: Patch<String>,
    /// City.
    #[schemars(with = "Option<String>")]
    city: Patch<String>,
    /// Postal code.
    #[schemars(with = "Option<String>")]
    zip_code: Patch<String>,
}

/// The bank account for payouts to a customer. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "SpiriiPayoutInformationFields")]
struct PayoutFields {
    /// International bank account number (IBAN).
    #[schemars(with = "Option<String>")]
    iban: Patch<String>,
    /// Bank identifier code (SWIFT/BIC).
    #[schemars(with = "Option<String>")]
    swift_code: Patch<String>,
    /// Name of the account holder.
    #[schemars(with = "Option<String>")]
    bank_account_holder_name: Patch<String>,
    /// Registration number of the bank.
    #[schemars(with = "Option<String>")]
    bank_registration_number: Patch<String>,
    /// Account number.
    #[schemars(with = "Option<String>")]
    bank_account: Patch<String>,
}

/// The language and currency of a customer. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "SpiriiFinancialSetupFields")]
struct FinancialFields {
    /// Language, an ISO 639-1 code.
    #[schemars(with = "Option<String>")]
    language: Patch<String>,
    /// Currency, an ISO 4217 code.
    #[schemars(with = "Option<String>")]
    currency: Patch<String>,
}

/// The aggregation of a customer's bills. Omitted fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "SpiriiBillingSettingsFields")]
struct SettingsFields {
    /// Aggregation of a document, such as `customer`: what one document covers.
    #[schemars(with = "Option<String>")]
    charge_key_document_aggregation: Patch<String>,
    /// Aggregation of a line, such as `location`: what one line covers.
    #[schemars(with = "Option<String>")]
    charge_key_line_aggregation: Patch<String>,
    /// Method of reimbursement for company cars, such as `MANUAL`.
    #[schemars(with = "Option<String>")]
    company_car_reimbursement_method: Patch<String>,
}

/// The JSON pointers of the fields in requests and responses.
pub const POINTERS: FieldPointers = FieldPointers { within: "", of: pointer_of };

/// Returns the JSON pointer of a field; empty if the dialect does not have the field.
fn pointer_of(field: CustomerField) -> &'static str {
    match field {
        CustomerField::Name => "/name",
        CustomerField::Kind => "/type",
        CustomerField::TaxId => "/billingDetails/vatNumber",
        CustomerField::Email => "/contactDetails/email",
        CustomerField::Phone => "/contactDetails/phone",
        CustomerField::ContactName => "/contactDetails/name",
        CustomerField::Address => "/billingDetails/address",
        CustomerField::Zip => "/billingDetails/zipCode",
        CustomerField::Country => "/country",
        CustomerField::ExternalId => "/externalId",
        CustomerField::Parent => "/ownerId",
        CustomerField::Billing => "/billingDetails",
        CustomerField::InvoiceEmail => "/billingDetails/invoiceEmail",
        CustomerField::Payout => "/payoutInformation",
        CustomerField::Finance => "/financialSetup",
        CustomerField::Locations => "/locations",
        // This dialect does not have these fields.
        CustomerField::TaxSystem
        | CustomerField::DefaultInvoiceUse
        | CustomerField::State
        | CustomerField::Metadata
        | CustomerField::Status
        | CustomerField::Categorization
        | CustomerField::Notifications
        | CustomerField::Person => "",
    }
}

/// The maximum length of a name in this dialect, in characters.
const MAX_NAME_LENGTH: usize = 80;

impl Body for CustomerFields {
    const REQUIRED: &'static [&'static str] = &["name", "country", "contactDetails", "ownerId", "type"];
}

impl CustomerBody for CustomerFields {
    const CHECKS_INVOICE_RULES: bool = false;

    fn pointers(&self) -> FieldPointers {
        POINTERS
    }

    fn parent(&self) -> &Patch<CustomerReference> {
        &self.owner_id
    }

    fn others(&self) -> &Map<String, Value> {
        &self.others
    }

    fn write(self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>) {
        let Self {
            name,
            r#type,
            external_id,
            country,
            contact_details,
            billing_details,
            owner_id,
            locations,
            payout_information,
            financial_setup,
            billing_settings,
            others: _,
        } = self;
        if is_new {
            let is_given = |patch: &Patch<String>| matches!(patch, Patch::Set(text) if !text.is_empty());
            for (given, name) in [
                (is_given(&country), "country"),
                (matches!(contact_details, Patch::Set(_)), "contactDetails"),
                (matches!(owner_id, Patch::Set(_)), "ownerId"),
                (is_given(&r#type), "type"),
            ] {
                if !given {
                    push_required(violations, format!("/{name}"), "Required of a new customer.");
                }
            }
        }
        let mut refuse = |field, code, detail: &str| {
            violations.push(Violation { pointer: pointer_of(field).into(), code, detail: detail.into() });
        };
        if let Patch::Set(name) = &name
            && *name != customer.name
            && name.chars().count() > MAX_NAME_LENGTH
        {
            refuse(CustomerField::Name, "too_long", "At most 80 characters.");
        }
        apply(&mut customer.name, name);
        match r#type {
            Patch::Keep => {}
            // For a new customer, the violation has been added above.
            Patch::Clear if is_new => {}
            Patch::Clear => refuse(CustomerField::Kind, "required", "A customer has a type."),
            Patch::Set(text) => match parse_kind(&text) {
                Some(CustomerKind::Cpo) if customer.kind != CustomerKind::Cpo => {
                    refuse(CustomerField::Kind, "cpo_not_allowed", "A CPO cannot be created here.");
                }
                Some(kind) => customer.kind = kind,
                None => {
                    let detail = "One of private, business, CPOSubsidiary.";
                    refuse(CustomerField::Kind, "unknown_value", detail);
                }
            },
        }
        apply_optional(&mut customer.external_id, external_id);
        match country {
            Patch::Set(text) if !text.is_empty() => match alpha_3_of_alpha_2(&text.to_ascii_uppercase()) {
                Some(country) => customer.country = Some(country.into()),
                None => {
                    let detail = "A country's code of ISO 3166-1 alpha-2, such as MX.";
                    refuse(CustomerField::Country, "unknown_value", detail);
                }
            },
            Patch::Set(_) | Patch::Clear => customer.country = None,
            Patch::Keep => {}
        }
        write_contact(customer, contact_details);
        write_billing(customer, billing_details);
        apply_or_default(&mut customer.locations, locations);
        write_finance(customer, financial_setup, billing_settings);
        write_payout(customer, payout_information, violations);
    }
}

/// Returns a regular expression (ECMA-262) that matches the names that [`kind`] accepts.
fn kind_pattern() -> String {
    let either = |letter: char| format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
    let kinds = CustomerKind::ALL.map(|kind| kind.name().chars().map(either).collect::<String>());
    format!("^({})$", kinds.join("|"))
}

/// Returns the kind of customer with a name, ignoring case; `None` if there is none.
fn parse_kind(text: &str) -> Option<CustomerKind> {
    CustomerKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text))
}

/// Writes the contact.
fn write_contact(customer: &mut Customer, details: Patch<Object<ContactFields>>) {
    let ContactFields { name, email, phone } = patch_fields(details);
    apply_optional(&mut customer.contact_name, name);
    apply(&mut customer.email, email);
    apply_optional(&mut customer.phone, phone);
}

/// Writes the billing data.
fn write_billing(customer: &mut Customer, details: Patch<Object<BillingFields>>) {
    let BillingFields {
        payment_method,
        invoice_format,
        gln,
        invoice_email,
        vat_number,
        address,
        city,
        zip_code,
    } = patch_fields(details);
    let Billing { payment_method: method, invoice_format: format, .. } = Billing::default();
    apply_or(&mut customer.billing.payment_method, payment_method, method);
    apply_or(&mut customer.billing.invoice_format, invoice_format, format);
    apply_optional(&mut customer.billing.gln, gln);
    apply_optional(&mut customer.billing.invoice_email, invoice_email);
    apply(&mut customer.tax_id, vat_number);
    // This dialect has street and number in one line. A changed line replaces both.
    if address != Patch::Keep && address != Patch::Set(customer.address.street_line()) {
        apply(&mut customer.address.street, address);
        customer.address.exterior.clear();
    }
    apply(&mut customer.address.city, city);
    apply(&mut customer.address.zip, zip_code);
}

/// Writes the language, the currency and the aggregation of bills.
fn write_finance(
    customer: &mut Customer,
    setup: Patch<Object<FinancialFields>>,
    settings: Patch<Object<SettingsFields>>,
) {
    let default = Finance::default();
    let finance = &mut customer.finance;
    let FinancialFields { language, currency } = patch_fields(setup);
    apply_or(&mut finance.language, language, default.language);
    apply_or(&mut finance.currency, currency, default.currency);
    let SettingsFields {
        charge_key_document_aggregation: document,
        charge_key_line_aggregation: line,
        company_car_reimbursement_method: cars,
    } = patch_fields(settings);
    apply_or(&mut finance.charge_key_document_aggregation, document, default.charge_key_document_aggregation);
    apply_or(&mut finance.charge_key_line_aggregation, line, default.charge_key_line_aggregation);
    apply_or(&mut finance.company_car_reimbursement_method, cars, default.company_car_reimbursement_method);
}

/// Writes the bank account for payouts, and adds a violation for each masked account number.
fn write_payout(
    customer: &mut Customer,
    information: Patch<Object<PayoutFields>>,
    violations: &mut Vec<Violation>,
) {
    let fields = match information {
        Patch::Keep => return,
        Patch::Clear => {
            customer.payout = None;
            return;
        }
        Patch::Set(Object(fields)) => fields,
    };
    let PayoutFields { iban, swift_code, bank_account_holder_name, bank_registration_number, bank_account } =
        fields;
    for (name, number) in [("iban", &iban), ("bankAccount", &bank_account)] {
        if matches!(number, Patch::Set(number) if number.contains(MASK)) {
            let detail =
                "Only the end of the number is there. Leave it out to keep it, or send the whole number.";
            let pointer = format!("{}/{name}", pointer_of(CustomerField::Payout));
            violations.push(Violation { pointer, code: "masked_value", detail: detail.into() });
        }
    }
    let mut payout = customer.payout.take().unwrap_or_default();
    apply_optional(&mut payout.iban, iban);
    apply_optional(&mut payout.swift_code, swift_code);
    apply_optional(&mut payout.bank_account_holder_name, bank_account_holder_name);
    apply_optional(&mut payout.bank_registration_number, bank_registration_number);
    apply_optional(&mut payout.bank_account, bank_account);
    customer.payout = Some(payout).filter(|payout| *payout != Payout::default());
}
