//! Cyrexa: `/organization/getCustomers` and `/customer/…`.
//!
//! Its page shows passwords, PINs, answers and codes; they are never kept, so they are never here.

use padron_domain::{
    Categorization, Customer, CustomerAddress, CustomerField, CustomerKind, CustomerReference,
    CustomerStatus, Document, NamePart, Notification, Patch, Person, PersonAddress, Telephone, TwoFactor,
    Violation, alpha_3_of_words,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::write::{
    CustomerBody, Dropped, FieldPointers, WithWarnings, demand, set, set_optional, set_value,
};
use crate::{Body, Object, read_back};

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
        Self { customer: customer.into() }
    }
}

impl From<Customer> for CustomerResponse {
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
        let customer_type = CustomerType::of(customer.kind).name();
        let twofa = twofa
            .map(|TwoFactor { target_type, target_value }| TwoFactorResponse { target_type, target_value });
        let notification = |Notification { notification_type, is_enabled }| NotificationResponse {
            notification_type,
            is_enabled,
        };
        Self {
            id: customer.id.to_string(),
            customer_type,
            customer_name: customer.name,
            customer_status: customer.status,
            categorization: customer.categorization,
            notifications: customer.notifications.into_iter().map(notification).collect(),
            person,
            twofa,
        }
    }
}

/// The record's phone number is that of the first.
fn telephones(phone: Option<String>, mut known: Vec<Telephone>) -> Vec<TelephoneResponse> {
    if known.is_empty() && phone.is_some() {
        known.push(Telephone::default());
    }
    if let Some(first) = known.first_mut() {
        first.number = phone.unwrap_or_default();
    }
    known.into_iter().map(Into::into).collect()
}

/// The main part of the first address is the record's. There is one as soon as anything is known of it.
fn addresses(
    main: CustomerAddress,
    country: Option<String>,
    mut known: Vec<PersonAddress>,
) -> Vec<AddressesResponse> {
    let is_known = main != CustomerAddress::default() || country.is_some();
    if known.is_empty() && is_known {
        known.push(PersonAddress::default());
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

/// What a customer is, in Cyrexa's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerType")]
pub enum CustomerType {
    /// A human being.
    Person,
    /// Anything else.
    Organization,
}

impl CustomerType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Person, Self::Organization];

    /// As the wire has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Organization => "Organization",
        }
    }

    /// That of a kind.
    pub const fn of(kind: CustomerKind) -> Self {
        match kind {
            CustomerKind::Private => Self::Person,
            CustomerKind::Business | CustomerKind::Cpo | CustomerKind::CpoSubsidiary => Self::Organization,
        }
    }

    /// The kinds that are of it.
    pub fn kinds(self) -> Vec<CustomerKind> {
        match self {
            Self::Person => vec![CustomerKind::Private],
            Self::Organization => {
                vec![CustomerKind::Business, CustomerKind::Cpo, CustomerKind::CpoSubsidiary]
            }
        }
    }
}

/// Customers as `getByOrganization` and `getByCustomerType` answer them, without envelopes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomers")]
pub struct CustomersResponse {
    /// The customers of the page.
    pub customers: Vec<CustomerResponse>,
}

/// A customer as Cyrexa writes it. Required of a new one: `customerType`, and `customerName` or a person's name. Passwords, PINs,
/// answers and codes are accepted and dropped: they are neither kept nor answered.
#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "CyrexaCustomerFields", transform = read_back::<WithWarnings<CustomerResponse>>)]
pub struct CustomerFields {
    /// `Person` or `Organization`.
    #[schemars(with = "Option<CustomerType>")]
    customer_type: Patch<CustomerType>,
    /// Name, 1 to 300 characters without `|`; the same as `person.fullName`.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    customer_name: Patch<String>,
    /// Where it stands in being verified, spelt as published or correctly.
    #[schemars(with = "Option<String>", extend("enum" = [
        "new", "verified", "under_verificaiton", "under_verification", "blacklisted", "under_investigation", "dispute",
        "on_hold", "bancrupted", "bankrupted", null,
    ]))]
    customer_status: Patch<CustomerStatus>,
    /// Category.
    #[schemars(with = "Option<String>", extend("enum" = ["category1", "category2", "category3", null]))]
    categorization: Patch<Categorization>,
    /// What it wants to be told.
    #[schemars(with = "Option<Vec<NotificationFields>>")]
    notifications: Patch<Vec<Object<NotificationFields>>>,
    /// The person.
    #[schemars(with = "Option<PersonFields>")]
    person: Patch<Object<PersonFields>>,
    /// How a second factor reaches them.
    #[schemars(with = "Option<TwoFactorFields>")]
    twofa: Patch<Object<TwoFactorFields>>,
    /// The whole customer, as the lists have it, in place of the fields above.
    #[schemars(with = "Option<Box<CustomerFields>>")]
    customer: Option<Box<Object<CustomerFields>>>,
    /// The other fields of a customer are accepted as they are, so that one can be read, changed and sent back.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CyrexaNotificationFields")]
struct NotificationFields {
    notification_type: String,
    #[serde(default)]
    is_enabled: bool,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaPersonFields")]
struct PersonFields {
    #[schemars(with = "Option<NamePartFields>")]
    first_name: Patch<Object<NamePartFields>>,
    #[schemars(with = "Option<NamePartFields>")]
    last_name: Patch<Object<NamePartFields>>,
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    full_name: Patch<String>,
    #[schemars(with = "Option<String>")]
    group_id: Patch<String>,
    #[schemars(with = "Option<String>")]
    gender: Patch<String>,
    #[schemars(with = "Option<String>")]
    date_of_birth: Patch<String>,
    #[schemars(with = "Option<String>")]
    place_of_birth: Patch<String>,
    #[schemars(with = "Option<String>")]
    nationality: Patch<String>,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    pin_code: Dropped,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    password: Dropped,
    #[schemars(with = "Option<String>")]
    email: Patch<String>,
    #[schemars(with = "Option<Vec<TelephoneFields>>")]
    telephone_numbers: Patch<Vec<Object<TelephoneFields>>>,
    #[schemars(with = "Option<Vec<AddressesFields>>")]
    addresses: Patch<Vec<Object<AddressesFields>>>,
    #[schemars(with = "Option<Vec<DocumentFields>>")]
    documents: Patch<Vec<Object<DocumentFields>>>,
    #[serde(rename = "SecretQuestion")]
    #[schemars(with = "Option<Vec<SecretQuestionFields>>")]
    secret_question: Patch<Vec<Object<SecretQuestionFields>>>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaNamePartFields")]
struct NamePartFields {
    name: Option<String>,
    order: Option<i64>,
    abbreviation: Option<String>,
    language: Option<String>,
    native: Option<String>,
    suffix: Option<String>,
    prefix: Option<String>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaTelephoneFields")]
struct TelephoneFields {
    phone_type: Option<String>,
    operator: Option<String>,
    encoding: Option<String>,
    country: Option<String>,
    number: Option<String>,
    purpose: Option<String>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAddressesFields")]
struct AddressesFields {
    address_purpose: Option<String>,
    address: Object<AddressFields>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAddressFields")]
struct AddressFields {
    country: Option<String>,
    area: Option<String>,
    zip_code: Option<String>,
    city: Option<String>,
    street: Option<String>,
    street_number: Option<Vec<String>>,
    building: Option<String>,
    apartment: Option<String>,
    entrance: Option<String>,
    floor: Option<String>,
    door_number: Option<String>,
    geo_position: Option<Object<GeoPositionFields>>,
    alternative: Option<Object<AlternativeFields>>,
    related_to_address: Option<Vec<Object<RelatedAddressFields>>>,
    additional_data: Option<Vec<Object<DatumFields>>>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaGeoPositionFields")]
struct GeoPositionFields {
    #[schemars(with = "Option<f64>")]
    latitude: Option<Number>,
    #[schemars(with = "Option<f64>")]
    longitude: Option<Number>,
    #[schemars(with = "Option<f64>")]
    altitude: Option<Number>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAlternativeFields")]
struct AlternativeFields {
    word1: Option<String>,
    word2: Option<String>,
    word3: Option<String>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaRelatedAddressFields")]
struct RelatedAddressFields {
    relation_type: Option<String>,
    address: Option<String>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaDatumFields")]
struct DatumFields {
    name: Option<String>,
    r#type: Option<String>,
    value: Option<String>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaDocumentFields")]
struct DocumentFields {
    purpose: Option<String>,
    name: Option<String>,
    document_type: Option<String>,
    location: Option<String>,
    verification_response: Option<String>,
    status: Option<String>,
    metadata: Option<Vec<Object<DatumFields>>>,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaSecretQuestionFields")]
struct SecretQuestionFields {
    question: Option<String>,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    answer: Dropped,
}

#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaTwoFactorFields")]
struct TwoFactorFields {
    #[schemars(with = "Option<String>")]
    target_type: Patch<String>,
    #[schemars(with = "Option<String>")]
    target_value: Patch<String>,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    target_code: Dropped,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    input_code: Dropped,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    codematch: Dropped,
}

/// Where an answer has the fields: within its envelope.
pub const POINTERS: FieldPointers = FieldPointers { within: "/customer", of: pointer_of };

fn pointer_of(field: CustomerField) -> &'static str {
    match field {
        CustomerField::Name => "/customerName",
        CustomerField::Kind => "/customerType",
        CustomerField::Email => "/person/email",
        CustomerField::Phone => "/person/telephoneNumbers/0/number",
        CustomerField::Address => "/person/addresses/0/address",
        CustomerField::Zip => "/person/addresses/0/address/zipCode",
        CustomerField::Country => "/person/addresses/0/address/country",
        CustomerField::Status => "/customerStatus",
        CustomerField::Categorization => "/categorization",
        CustomerField::Notifications => "/notifications",
        CustomerField::Person => "/person",
        // Not of this dialect.
        CustomerField::TaxId
        | CustomerField::TaxSystem
        | CustomerField::DefaultInvoiceUse
        | CustomerField::ContactName
        | CustomerField::State
        | CustomerField::ExternalId
        | CustomerField::Metadata
        | CustomerField::Parent
        | CustomerField::Billing
        | CustomerField::InvoiceEmail
        | CustomerField::Payout
        | CustomerField::Finance
        | CustomerField::Locations => "",
    }
}

impl Body for CustomerFields {
    const SECRETS: &'static [&'static str] =
        &["password", "pinCode", "answer", "targetCode", "inputCode", "codematch"];
    const REQUIRED: &'static [&'static str] = &["customerType"];
    const ENVELOPE: Option<&'static str> = Some("customer");
}

impl CustomerBody for CustomerFields {
    const IS_FOR_INVOICES: bool = false;
    const HAS_COUNTRY_IN_WORDS: bool = true;

    fn pointers(&self) -> FieldPointers {
        if self.customer.is_some() { POINTERS } else { FieldPointers { within: "", of: pointer_of } }
    }

    fn parent(&self) -> &Patch<CustomerReference> {
        // This dialect knows no one above a customer.
        &Patch::Keep
    }

    fn others(&self) -> &Map<String, Value> {
        match &self.customer {
            Some(inner) => &inner.0.others,
            None => &self.others,
        }
    }

    fn write(mut self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>) {
        if let Some(inner) = self.customer.take() {
            // It stands beside the customer in an answer.
            self.others.remove("warnings");
            if self != Self::default() || inner.0.customer.is_some() {
                let detail = "Either the object `customer` or its fields, not both.".into();
                violations.push(Violation { pointer: "/customer".into(), code: "contradiction", detail });
                return;
            }
            let mut found = Vec::new();
            inner.0.write(customer, is_new, &mut found);
            let within = |Violation { pointer, code, detail }| Violation {
                pointer: format!("{}{pointer}", POINTERS.within),
                code,
                detail,
            };
            violations.extend(found.into_iter().map(within));
            return;
        }
        let Self {
            customer_type,
            customer_name,
            customer_status,
            categorization,
            notifications,
            person,
            twofa,
            customer: _,
            others: _,
        } = self;
        match customer_type {
            Patch::Set(kind) if kind != CustomerType::of(customer.kind) || is_new => {
                customer.kind = kind.kinds()[0];
            }
            Patch::Set(_) => {}
            Patch::Keep if !is_new => {}
            Patch::Clear | Patch::Keep => {
                demand(violations, pointer_of(CustomerField::Kind).into(), "Person or Organization.");
            }
        }
        let person = match person {
            Patch::Keep => PersonFields::default(),
            Patch::Clear => PersonFields::cleared(),
            Patch::Set(Object(person)) => person,
        };
        write_name(customer, &customer_name, &person, is_new);
        set_value(&mut customer.status, customer_status);
        set_value(&mut customer.categorization, categorization);
        let notification = |Object(fields): Object<NotificationFields>| {
            let NotificationFields { notification_type, is_enabled } = fields;
            Notification { notification_type, is_enabled }
        };
        set_value(&mut customer.notifications, all(notifications, notification));
        person.write(customer);
        match twofa {
            Patch::Keep => {}
            Patch::Clear => customer.person.twofa = None,
            Patch::Set(Object(TwoFactorFields { target_type, target_value, .. })) => {
                let mut twofa = customer.person.twofa.take().unwrap_or_default();
                set_optional(&mut twofa.target_type, target_type);
                set_optional(&mut twofa.target_value, target_value);
                customer.person.twofa = Some(twofa).filter(|twofa| *twofa != TwoFactor::default());
            }
        }
    }
}

/// The name stands in two pointers. Where they say two things, the one that is not what was there before is meant; a new customer
/// that has neither is called by its person's names.
fn write_name(customer: &mut Customer, customer_name: &Patch<String>, person: &PersonFields, is_new: bool) {
    let said = |patch: &Patch<String>| match patch {
        Patch::Set(name) if *name != customer.name => Some(name.clone()),
        _ => None,
    };
    let name_of = |part: &Patch<Object<NamePartFields>>| match part {
        Patch::Set(Object(part)) => part.name.clone(),
        _ => None,
    };
    let said = said(customer_name).or_else(|| said(&person.full_name));
    match said {
        Some(name) => customer.name = name,
        None if is_new => {
            let names = [name_of(&person.first_name), name_of(&person.last_name)];
            customer.name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        }
        None if *customer_name == Patch::Clear => customer.name.clear(),
        None => {}
    }
}

/// Lists, each element as it is kept.
fn all<F, T>(list: Patch<Vec<F>>, one: impl Fn(F) -> T) -> Patch<Vec<T>> {
    list.map(|list| list.into_iter().map(one).collect())
}

impl PersonFields {
    /// All of it `null`, but for the name, without which there is no customer.
    fn cleared() -> Self {
        Self {
            first_name: Patch::Clear,
            last_name: Patch::Clear,
            full_name: Patch::Keep,
            group_id: Patch::Clear,
            gender: Patch::Clear,
            date_of_birth: Patch::Clear,
            place_of_birth: Patch::Clear,
            nationality: Patch::Clear,
            pin_code: Dropped,
            password: Dropped,
            email: Patch::Clear,
            telephone_numbers: Patch::Clear,
            addresses: Patch::Clear,
            documents: Patch::Clear,
            secret_question: Patch::Clear,
        }
    }

    fn write(self, customer: &mut Customer) {
        let Self {
            first_name,
            last_name,
            full_name: _,
            group_id,
            gender,
            date_of_birth,
            place_of_birth,
            nationality,
            pin_code: Dropped,
            password: Dropped,
            email,
            telephone_numbers,
            addresses,
            documents,
            secret_question,
        } = self;
        let part = |Object(part): Object<NamePartFields>| Some(NamePart::from(part));
        set_value(&mut customer.person.first_name, first_name.map(part));
        set_value(&mut customer.person.last_name, last_name.map(part));
        set_optional(&mut customer.person.group_id, group_id);
        set_optional(&mut customer.person.gender, gender);
        set_optional(&mut customer.person.date_of_birth, date_of_birth);
        set_optional(&mut customer.person.place_of_birth, place_of_birth);
        set_optional(&mut customer.person.nationality, nationality);
        set(&mut customer.email, email);
        if telephone_numbers != Patch::Keep {
            let mut telephones = Vec::new();
            set_value(&mut telephones, all(telephone_numbers, |Object(fields)| Telephone::from(fields)));
            let number = telephones.first_mut().map(|first| std::mem::take(&mut first.number));
            customer.phone = number.filter(|number| !number.is_empty());
            // Of a number alone, the record has all there is to say.
            if telephones == [Telephone::default()] {
                telephones.clear();
            }
            customer.person.telephone_numbers = telephones;
        }
        if addresses != Patch::Keep {
            let mut list = Vec::new();
            set_value(&mut list, all(addresses, |Object(fields)| PersonAddress::from(fields)));
            write_addresses(customer, list);
        }
        set_value(&mut customer.person.documents, all(documents, |Object(fields)| Document::from(fields)));
        let question = |Object(fields): Object<SecretQuestionFields>| fields.question.unwrap_or_default();
        set_value(&mut customer.person.secret_questions, all(secret_question, question));
    }
}

/// Of the first address, the parts that the record has become the record's. A list is replaced whole, and so are they; but where
/// no country is given, it stays: what taxes are paid by depends on it.
fn write_addresses(customer: &mut Customer, mut list: Vec<PersonAddress>) {
    let main = list.first_mut().map(|first| {
        let take = |field: &mut Option<String>| field.take().unwrap_or_default();
        let main = CustomerAddress {
            street: take(&mut first.street),
            exterior: first.street_number.first_mut().map(std::mem::take).unwrap_or_default(),
            interior: Some(take(&mut first.apartment)).filter(|interior| !interior.is_empty()),
            neighborhood: take(&mut first.area),
            city: take(&mut first.city),
            zip: take(&mut first.zip_code),
            // Not of this dialect.
            municipality: customer.address.municipality.clone(),
            state: customer.address.state.clone(),
        };
        // One in words that are not known leaves the record's: which rules hold depends on it.
        if let Some(known) = first.country.as_deref().and_then(alpha_3_of_words) {
            customer.country = Some(known.to_owned());
        }
        // What the record tells as well is not kept twice.
        first.country = first.country.take().filter(|given| Some(given) != customer.country.as_ref());
        if first.street_number.iter().all(String::is_empty) {
            first.street_number.clear();
        }
        main
    });
    if list == [PersonAddress::default()] {
        list.clear();
    }
    let CustomerAddress { municipality, state, .. } = std::mem::take(&mut customer.address);
    customer.address = main.unwrap_or(CustomerAddress { municipality, state, ..CustomerAddress::default() });
    customer.person.addresses = list;
}

impl From<NamePartFields> for NamePart {
    fn from(part: NamePartFields) -> Self {
        let NamePartFields { name, order, abbreviation, language, native, suffix, prefix } = part;
        Self { name: name.unwrap_or_default(), order, abbreviation, language, native, suffix, prefix }
    }
}

impl From<TelephoneFields> for Telephone {
    fn from(telephone: TelephoneFields) -> Self {
        let TelephoneFields { phone_type, operator, encoding, country, number, purpose } = telephone;
        Self { phone_type, operator, encoding, country, number: number.unwrap_or_default(), purpose }
    }
}

impl From<AddressesFields> for PersonAddress {
    fn from(fields: AddressesFields) -> Self {
        let AddressesFields { address_purpose, address: Object(address) } = fields;
        let AddressFields {
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
        let decimal = |number: Option<Number>| {
            number.and_then(|number| number.as_f64()).map(|number| number.to_string()).unwrap_or_default()
        };
        // What is answered as an empty text is sent back as one.
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let geo_position = geo_position.map(|Object(GeoPositionFields { latitude, longitude, altitude })| {
            [latitude, longitude, altitude].map(decimal)
        });
        let alternative = alternative.map(|Object(AlternativeFields { word1, word2, word3 })| {
            [word1, word2, word3].map(Option::unwrap_or_default)
        });
        let related = |Object(RelatedAddressFields { relation_type, address })| {
            [relation_type, address].map(Option::unwrap_or_default)
        };
        Self {
            address_purpose,
            country: said(country),
            area: said(area),
            zip_code: said(zip_code),
            city: said(city),
            street: said(street),
            street_number: street_number.unwrap_or_default(),
            building,
            apartment,
            entrance,
            floor,
            door_number,
            geo_position,
            alternative,
            related_to_address: related_to_address.unwrap_or_default().into_iter().map(related).collect(),
            additional_data: additional_data.unwrap_or_default().into_iter().map(datum).collect(),
        }
    }
}

fn datum(Object(fields): Object<DatumFields>) -> [String; 3] {
    let DatumFields { name, r#type, value } = fields;
    [name, r#type, value].map(Option::unwrap_or_default)
}

impl From<DocumentFields> for Document {
    fn from(document: DocumentFields) -> Self {
        let DocumentFields {
            purpose,
            name,
            document_type,
            location,
            verification_response,
            status,
            metadata,
        } = document;
        Self {
            purpose,
            name,
            document_type,
            location,
            verification_response,
            status,
            metadata: metadata.unwrap_or_default().into_iter().map(datum).collect(),
        }
    }
}
