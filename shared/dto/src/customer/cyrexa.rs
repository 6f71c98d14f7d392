//! Cyrexa: `GET /organization/getCustomers/{organizationId}`.
//!
//! Its page shows passwords, PINs, answers and codes; they are never kept, so they are never here.

use padron_domain::{
    Categorization, Customer, CustomerAddress, CustomerKind, CustomerStatus, Document, NamePart,
    Notification, Person, PersonAddress, Telephone, TwoFactor,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A customer in Cyrexa's dialect, in the envelope its lists have.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerEnvelope")]
pub struct CustomerEnvelope {
    customer: CustomerResponse,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaCustomer")]
struct CustomerResponse {
    /// 24 hex digits.
    id: String,
    /// `Person` or `Organization`.
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
    notifications: Vec<NotificationResponse>,
    /// The person.
    person: PersonResponse,
    /// How a second factor reaches them.
    twofa: Option<TwoFactorResponse>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaNotification")]
struct NotificationResponse {
    notification_type: String,
    is_enabled: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaPerson")]
struct PersonResponse {
    first_name: Option<NamePartResponse>,
    last_name: Option<NamePartResponse>,
    full_name: String,
    group_id: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
    place_of_birth: Option<String>,
    nationality: Option<String>,
    email: String,
    telephone_numbers: Vec<TelephoneResponse>,
    addresses: Vec<AddressesResponse>,
    documents: Vec<DocumentResponse>,
    #[serde(rename = "SecretQuestion")]
    secret_question: Vec<SecretQuestionResponse>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaNamePart")]
struct NamePartResponse {
    name: String,
    order: Option<i64>,
    abbreviation: Option<String>,
    language: Option<String>,
    native: Option<String>,
    suffix: Option<String>,
    prefix: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaTelephone")]
struct TelephoneResponse {
    phone_type: Option<String>,
    operator: Option<String>,
    encoding: Option<String>,
    country: Option<String>,
    number: String,
    purpose: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaAddresses")]
struct AddressesResponse {
    address_purpose: Option<String>,
    address: AddressResponse,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaAddress")]
struct AddressResponse {
    country: String,
    area: String,
    zip_code: String,
    city: String,
    street: String,
    street_number: Vec<String>,
    building: Option<String>,
    apartment: Option<String>,
    entrance: Option<String>,
    floor: Option<String>,
    door_number: Option<String>,
    geo_position: Option<GeoPosition>,
    alternative: Option<Alternative>,
    related_to_address: Vec<RelatedAddress>,
    additional_data: Vec<Datum>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaGeoPosition")]
struct GeoPosition {
    latitude: Option<f64>,
    longitude: Option<f64>,
    altitude: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaAlternative")]
struct Alternative {
    word1: String,
    word2: String,
    word3: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaRelatedAddress")]
struct RelatedAddress {
    relation_type: String,
    address: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaDatum")]
struct Datum {
    name: String,
    r#type: String,
    value: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CyrexaDocument")]
struct DocumentResponse {
    purpose: Option<String>,
    name: Option<String>,
    document_type: Option<String>,
    location: Option<String>,
    verification_response: Option<String>,
    status: Option<String>,
    metadata: Vec<Datum>,
}

/// A question; its answer is not kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaSecretQuestion")]
struct SecretQuestionResponse {
    question: String,
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
        let Person {
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
            telephone_numbers: telephones(customer.phone, telephone_numbers),
            addresses: self::addresses(customer.address, customer.country, addresses),
            documents: documents.into_iter().map(Into::into).collect(),
            secret_question: secret_questions
                .into_iter()
                .map(|question| SecretQuestionResponse { question })
                .collect(),
        };
        let customer_type = match customer.kind {
            CustomerKind::Private => "Person",
            CustomerKind::Business | CustomerKind::Cpo | CustomerKind::CpoSubsidiary => "Organization",
        };
        let twofa = twofa
            .map(|TwoFactor { target_type, target_value }| TwoFactorResponse { target_type, target_value });
        let notification = |Notification { notification_type, is_enabled }| NotificationResponse {
            notification_type,
            is_enabled,
        };
        Self {
            customer: CustomerResponse {
                id: customer.id.to_string(),
                customer_type,
                customer_name: customer.name,
                customer_status: customer.status,
                categorization: customer.categorization,
                notifications: customer.notifications.into_iter().map(notification).collect(),
                person,
                twofa,
            },
        }
    }
}

/// The record's phone number is that of the first.
fn telephones(phone: Option<String>, mut known: Vec<Telephone>) -> Vec<TelephoneResponse> {
    match (phone, known.first_mut()) {
        (Some(phone), Some(first)) => first.number = phone,
        (Some(number), None) => known.push(Telephone { number, ..Telephone::default() }),
        (None, Some(_)) => drop(known.remove(0)),
        (None, None) => {}
    }
    known.into_iter().map(Into::into).collect()
}

/// The main part of the first address is the record's.
fn addresses(
    main: CustomerAddress,
    country: Option<String>,
    mut known: Vec<PersonAddress>,
) -> Vec<AddressesResponse> {
    let is_known = main != CustomerAddress::default();
    if known.is_empty() && is_known {
        known.push(PersonAddress::default());
    }
    if let Some(first) = known.first_mut() {
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        first.street = text(main.street);
        first.apartment = main.interior;
        first.area = text(main.neighborhood);
        first.city = text(main.city);
        first.zip_code = text(main.zip);
        if !main.exterior.is_empty() {
            if first.street_number.is_empty() {
                first.street_number.push(main.exterior);
            } else {
                first.street_number[0] = main.exterior;
            }
        }
        first.country = first.country.take().or(country);
    }
    known.into_iter().map(Into::into).collect()
}

impl From<NamePart> for NamePartResponse {
    fn from(part: NamePart) -> Self {
        let NamePart { name, order, abbreviation, language, native, suffix, prefix } = part;
        Self { name, order, abbreviation, language, native, suffix, prefix }
    }
}

impl From<Telephone> for TelephoneResponse {
    fn from(telephone: Telephone) -> Self {
        let Telephone { phone_type, operator, encoding, country, number, purpose } = telephone;
        Self { phone_type, operator, encoding, country, number, purpose }
    }
}

impl From<PersonAddress> for AddressesResponse {
    fn from(address: PersonAddress) -> Self {
        let PersonAddress {
            address_purpose,
            country,
            area,
            zip_code,
            city,
            street,
            street_number,
            building,
            apartment,
            entrance,
            floor,
            door_number,
            geo_position,
            alternative,
            related_to_address,
            additional_data,
        } = address;
        let geo_position = geo_position.map(|position| {
            let [latitude, longitude, altitude] = position.map(|decimal| decimal.parse().ok());
            GeoPosition { latitude, longitude, altitude }
        });
        let related = |[relation_type, address]: [String; 2]| RelatedAddress { relation_type, address };
        Self {
            address_purpose,
            address: AddressResponse {
                country: country.unwrap_or_default(),
                area: area.unwrap_or_default(),
                zip_code: zip_code.unwrap_or_default(),
                city: city.unwrap_or_default(),
                street: street.unwrap_or_default(),
                street_number,
                building,
                apartment,
                entrance,
                floor,
                door_number,
                geo_position,
                alternative: alternative.map(|[word1, word2, word3]| Alternative { word1, word2, word3 }),
                related_to_address: related_to_address.into_iter().map(related).collect(),
                additional_data: additional_data.into_iter().map(Into::into).collect(),
            },
        }
    }
}

impl From<Document> for DocumentResponse {
    fn from(document: Document) -> Self {
        let Document { purpose, name, document_type, location, verification_response, status, metadata } =
            document;
        Self {
            purpose,
            name,
            document_type,
            location,
            verification_response,
            status,
            metadata: metadata.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<[String; 3]> for Datum {
    fn from([name, r#type, value]: [String; 3]) -> Self {
        Self { name, r#type, value }
    }
}
