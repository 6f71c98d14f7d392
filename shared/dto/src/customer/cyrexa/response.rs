//! Customers as Cyrexa's routes answer them.

use padron_domain::{
    self as domain, Categorization, Customer, CustomerAddress, CustomerStatus, alpha_3_of_words,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    customer_type::CustomerType,
    parts::{AddressEntry, Document, NamePart, Notification, SecretQuestion, Telephone},
};

/// A customer in Cyrexa's dialect, in the envelope its lists have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerEnvelope")]
pub struct CustomerEnvelope {
    customer: CustomerResponse,
}

/// A customer in Cyrexa's dialect.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaCustomer")]
pub struct CustomerResponse {
    /// 24 hex digits.
    id: String,
    /// `Person` or `Organization`.
    #[schemars(extend("enum" = ["Person", "Organization"]))]
    customer_type: &'static str,
    /// Name.
    customer_name: String,
    /// Where it stands in being verified, spelt as published.
    #[schemars(with = "String", extend("enum" = [
        "new", "verified", "under_verificaiton", "blacklisted", "under_investigation", "dispute", "on_hold", "bancrupted",
    ]))]
    customer_status: CustomerStatus,
    /// Category.
    #[schemars(with = "String", extend("enum" = ["category1", "category2", "category3"]))]
    categorization: Categorization,
    /// What it wants to be told.
    notifications: Vec<Notification>,
    /// The person.
    person: PersonResponse,
    /// How a second factor reaches them.
    twofa: Option<TwoFactorResponse>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaPerson")]
struct PersonResponse {
    first_name: Option<NamePart>,
    last_name: Option<NamePart>,
    full_name: String,
    group_id: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    place_of_birth: Option<String>,
    nationality: Option<String>,
    email: String,
    telephone_numbers: Vec<Telephone>,
    addresses: Vec<AddressEntry>,
    documents: Vec<Document>,
    #[serde(rename = "SecretQuestion")]
    secret_question: Vec<SecretQuestion>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaTwoFactor")]
struct TwoFactorResponse {
    target_type: Option<String>,
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
            telephone_numbers: telephones_of(customer.phone, telephone_numbers),
            addresses: addresses_of(customer.address, customer.country, addresses),
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

/// The record's phone number is that of the first.
fn telephones_of(phone: Option<String>, mut known: Vec<domain::Telephone>) -> Vec<Telephone> {
    if known.is_empty() && phone.is_some() {
        known.push(domain::Telephone::default());
    }
    if let Some(first) = known.first_mut() {
        first.number = phone.unwrap_or_default();
    }
    known.into_iter().map(Into::into).collect()
}

/// The main part of the first address is the record's. There is one as soon as anything is known of it.
fn addresses_of(
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
        // As it was given, as long as it means the record's, or nothing that is known.
        let means = |given: &String| {
            let known = alpha_3_of_words(given);
            known.is_none() || known == country.as_deref()
        };
        first.country = first.country.take().filter(means).or(country);
    }
    known.into_iter().map(Into::into).collect()
}

/// Customers as `getByOrganization` and `getByCustomerType` answer them, without envelopes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomers")]
pub struct CustomersResponse {
    /// The customers of the page.
    pub customers: Vec<CustomerResponse>,
}
