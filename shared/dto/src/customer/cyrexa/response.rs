//! Customers in the responses of Cyrexa's routes.

use padron_domain::{
    self as domain, Categorization, Customer, CustomerAddress, CustomerStatus, alpha_3_of_words,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    customer_type::CustomerType,
    parts::{AddressEntry, Document, NamePart, Notification, SecretQuestion, Telephone},
};

/// A customer in Cyrexa's dialect, in the envelope that the lists of Cyrexa have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerEnvelope")]
pub struct CustomerEnvelope {
    /// The customer.
    customer: CustomerResponse,
}

/// A customer in Cyrexa's dialect.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaCustomer")]
pub struct CustomerResponse {
    /// Id of the customer, 24 hexadecimal digits.
    id: String,
    /// Type of the customer: `Person` or `Organization`.
    #[schemars(extend("enum" = ["Person", "Organization"]))]
    customer_type: &'static str,
    /// Name of the customer.
    customer_name: String,
    /// Verification status, in the published spelling.
    #[schemars(with = "String", extend("enum" = [
        "new", "verified", "under_verificaiton", "blacklisted", "under_investigation", "dispute", "on_hold", "bancrupted",
    ]))]
    customer_status: CustomerStatus,
    /// Category of the customer.
    #[schemars(with = "String", extend("enum" = ["category1", "category2", "category3"]))]
    categorization: Categorization,
    /// Notifications that the customer can receive.
    notifications: Vec<Notification>,
    /// Personal data of the customer.
    person: PersonResponse,
    /// Delivery of a second factor; `null` if there is none.
    twofa: Option<TwoFactorResponse>,
}

/// The personal data of a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaPerson")]
struct PersonResponse {
    /// First name.
    first_name: Option<NamePart>,
    /// Last name.
    last_name: Option<NamePart>,
    /// Full name, the same as `customerName`.
    full_name: String,
    /// Id of the person's group.
    group_id: Option<String>,
    /// Gender.
    gender: Option<String>,
    /// Date of birth.
    date_of_birth: Option<String>,
    /// Place of birth.
    place_of_birth: Option<String>,
    /// Nationality.
    nationality: Option<String>,
    /// E-mail address.
    email: String,
    /// Phone numbers.
    telephone_numbers: Vec<Telephone>,
    /// Addresses.
    addresses: Vec<AddressEntry>,
    /// Documents.
    documents: Vec<Document>,
    /// Secret questions, without their answers.
    #[serde(rename = "SecretQuestion")]
    secret_question: Vec<SecretQuestion>,
}

/// The delivery of a second factor, without any code.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaTwoFactor")]
struct TwoFactorResponse {
    /// Type of the target, such as `SMS`.
    target_type: Option<String>,
    /// Target: a phone number or an address.
    target_value: Option<String>,
}

impl From<Customer> for CustomerEnvelope {
    fn from(customer: Customer) -> Self {
        Self { customer: customer.into() }
    }
}

impl From<Customer> for CustomerResponse {
    fn from(customer: Customer) -> Self {
        let domain::Person {
            first_name,
            last_name,
            group_id,
            gender,
            date_of_birth,
            place_of_birth,
            nationality,
            telephone_numbers,
            addresses,
            documents,
            secret_questions,
            twofa,
        } = customer.person;
        let person = PersonResponse {
            first_name: first_name.map(Into::into),
            last_name: last_name.map(Into::into),
            full_name: customer.name.clone(),
            group_id,
            gender,
            date_of_birth,
            place_of_birth,
            nationality,
            email: customer.email,
            telephone_numbers: telephones_with_main(customer.phone, telephone_numbers),
            addresses: addresses_with_main(customer.address, customer.country, addresses),
            documents: documents.into_iter().map(Into::into).collect(),
            secret_question: secret_questions.into_iter().map(Into::into).collect(),
        };
        let customer_type = CustomerType::of(customer.kind).name();
        let twofa = twofa.map(|domain::TwoFactor { target_type, target_value }| TwoFactorResponse {
            target_type,
            target_value,
        });
        Self {
            id: customer.id.to_string(),
            customer_type,
            customer_name: customer.name,
            customer_status: customer.status,
            categorization: customer.categorization,
            notifications: customer.notifications.into_iter().map(Into::into).collect(),
            person,
            twofa,
        }
    }
}

/// Returns the phone numbers of a customer, with `phone` as the number of the first one.
fn telephones_with_main(phone: Option<String>, mut known: Vec<domain::Telephone>) -> Vec<Telephone> {
    if known.is_empty() && phone.is_some() {
        known.push(domain::Telephone::default());
    }
    if let Some(first) = known.first_mut() {
        first.number = phone.unwrap_or_default();
    }
    known.into_iter().map(Into::into).collect()
}

/// Returns the addresses of a customer, with `main` and `country` as the main part of the first one.
///
/// The list has an address as soon as any of these parts is known.
fn addresses_with_main(
    main: CustomerAddress,
    country: Option<String>,
    mut known: Vec<domain::PersonAddress>,
) -> Vec<AddressEntry> {
    let is_known = main != CustomerAddress::default() || country.is_some();
    if known.is_empty() && is_known {
        known.push(domain::PersonAddress::default());
    }
    if let Some(first) = known.first_mut() {
        first.street = Some(main.street);
        first.apartment = main.interior;
        first.area = Some(main.neighborhood);
        first.city = Some(main.city);
        first.zip_code = Some(main.zip);
        match first.street_number.first_mut() {
            Some(number) => *number = main.exterior,
            None => first.street_number.push(main.exterior),
        }
        if first.street_number.iter().all(String::is_empty) {
            first.street_number.clear();
        }
        // The country stays as the caller sent it if it means the record's country or is not a known country.
        let agrees = |given: &String| {
            let known = alpha_3_of_words(given);
            known.is_none() || known == country.as_deref()
        };
        first.country = first.country.take().filter(agrees).or(country);
    }
    known.into_iter().map(Into::into).collect()
}

/// A list of customers without envelopes, as `getByOrganization` and `getByCustomerType` return it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomers")]
pub struct CustomersResponse {
    /// Customers of the page.
    pub customers: Vec<CustomerResponse>,
}
