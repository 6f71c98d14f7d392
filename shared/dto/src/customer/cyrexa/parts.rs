//! Parts of a customer that have the same form in requests and responses.
//!
//! Every field except the type of a notification may be omitted in requests. Responses include every field.

use padron_domain as domain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::{Object, customer::write::Discarded, lenient::NullAsDefault};

/// A setting for one type of notification.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CyrexaNotification")]
pub(super) struct Notification {
    /// Type of the notification.
    notification_type: String,
    /// Whether the customer wants the notification.
    #[serde(default)]
    is_enabled: bool,
}

/// A part of a person's name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaNamePart")]
pub(super) struct NamePart {
    /// Name.
    pub(super) name: NullAsDefault<String>,
    /// Position among several names.
    order: Option<i64>,
    /// Short form of the name.
    abbreviation: Option<String>,
    /// Language of the name.
    language: Option<String>,
    /// Name in its own script.
    native: Option<String>,
    /// Suffix of the name.
    suffix: Option<String>,
    /// Prefix of the name.
    prefix: Option<String>,
}

/// A phone number of a person.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaTelephone")]
pub(super) struct Telephone {
    /// Type of the phone number, such as `fixed`.
    phone_type: Option<String>,
    /// Operator of the phone number.
    operator: Option<String>,
    /// Encoding of the phone number, such as `numbers`.
    encoding: Option<String>,
    /// Country of the phone number.
    country: Option<String>,
    /// Phone number.
    number: NullAsDefault<String>,
    /// Purpose of the phone number.
    purpose: Option<String>,
}

/// An address of a person, with its purpose.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAddresses")]
pub(super) struct AddressEntry {
    /// Purpose of the address.
    address_purpose: Option<String>,
    /// Address.
    address: Object<Address>,
}

/// An address of a person.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAddress")]
struct Address {
    /// Country; `""` if unknown.
    country: NullAsDefault<String>,
    /// Area; `""` if unknown.
    area: NullAsDefault<String>,
    /// Postal code; `""` if unknown.
    zip_code: NullAsDefault<String>,
    /// City; `""` if unknown.
    city: NullAsDefault<String>,
    /// Street; `""` if unknown.
    street: NullAsDefault<String>,
    /// Numbers on the street.
    street_number: NullAsDefault<Vec<String>>,
    /// Building.
    building: Option<String>,
    /// Apartment.
    apartment: Option<String>,
    /// Entrance.
    entrance: Option<String>,
    /// Floor.
    floor: Option<String>,
    /// Door number.
    door_number: Option<String>,
    /// Geographic position.
    geo_position: Option<Object<GeoPosition>>,
    /// Three words that identify the place.
    alternative: Option<Object<ThreeWords>>,
    /// Related addresses.
    related_to_address: NullAsDefault<Vec<Object<RelatedAddress>>>,
    /// Additional data.
    additional_data: NullAsDefault<Vec<Object<DataEntry>>>,
}

/// A geographic position.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaGeoPosition")]
struct GeoPosition {
    /// Latitude.
    #[schemars(with = "Option<f64>")]
    latitude: Option<Number>,
    /// Longitude.
    #[schemars(with = "Option<f64>")]
    longitude: Option<Number>,
    /// Altitude.
    #[schemars(with = "Option<f64>")]
    altitude: Option<Number>,
}

/// Three words that identify a place.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaAlternative")]
struct ThreeWords {
    /// First word.
    word1: NullAsDefault<String>,
    /// Second word.
    word2: NullAsDefault<String>,
    /// Third word.
    word3: NullAsDefault<String>,
}

/// An address that is related to another address.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaRelatedAddress")]
struct RelatedAddress {
    /// Relation to this address.
    relation_type: NullAsDefault<String>,
    /// Related address.
    address: NullAsDefault<String>,
}

/// An entry of additional data or metadata.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaDatum")]
struct DataEntry {
    /// Name of the entry.
    name: NullAsDefault<String>,
    /// Type of the entry.
    r#type: NullAsDefault<String>,
    /// Value of the entry.
    value: NullAsDefault<String>,
}

/// A document of a person.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaDocument")]
pub(super) struct Document {
    /// Purpose of the document.
    purpose: Option<String>,
    /// Name of the document.
    name: Option<String>,
    /// Type of the document.
    document_type: Option<String>,
    /// Location of the document.
    location: Option<String>,
    /// Result of verifying the document.
    verification_response: Option<String>,
    /// Status of verifying the document.
    status: Option<String>,
    /// Metadata of the document.
    metadata: NullAsDefault<Vec<Object<DataEntry>>>,
}

/// A secret question. Its answer is neither stored nor returned.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CyrexaSecretQuestion")]
pub(super) struct SecretQuestion {
    /// Secret question.
    question: NullAsDefault<String>,
    /// Accepted and dropped.
    #[serde(skip_serializing)]
    #[schemars(with = "Value")]
    answer: Discarded,
}

impl From<domain::Notification> for Notification {
    fn from(notification: domain::Notification) -> Self {
        let domain::Notification { notification_type, is_enabled } = notification;
        Self { notification_type, is_enabled }
    }
}

impl From<Notification> for domain::Notification {
    fn from(Notification { notification_type, is_enabled }: Notification) -> Self {
        Self { notification_type, is_enabled }
    }
}

impl From<domain::NamePart> for NamePart {
    fn from(part: domain::NamePart) -> Self {
        let domain::NamePart { name, order, abbreviation, language, native, suffix, prefix } = part;
        Self { name: NullAsDefault(name), order, abbreviation, language, native, suffix, prefix }
    }
}

impl From<NamePart> for domain::NamePart {
    fn from(part: NamePart) -> Self {
        let NamePart { name: NullAsDefault(name), order, abbreviation, language, native, suffix, prefix } =
            part;
        Self { name, order, abbreviation, language, native, suffix, prefix }
    }
}

impl From<domain::Telephone> for Telephone {
    fn from(telephone: domain::Telephone) -> Self {
        let domain::Telephone { phone_type, operator, encoding, country, number, purpose } = telephone;
        Self { phone_type, operator, encoding, country, number: NullAsDefault(number), purpose }
    }
}

impl From<Telephone> for domain::Telephone {
    fn from(telephone: Telephone) -> Self {
        let Telephone { phone_type, operator, encoding, country, number: NullAsDefault(number), purpose } =
            telephone;
        Self { phone_type, operator, encoding, country, number, purpose }
    }
}

impl From<domain::PersonAddress> for AddressEntry {
    fn from(address: domain::PersonAddress) -> Self {
        let domain::PersonAddress {
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
        let text = |text: Option<String>| NullAsDefault(text.unwrap_or_default());
        let address = Address {
            country: text(country),
            area: text(area),
            zip_code: text(zip_code),
            city: text(city),
            street: text(street),
            street_number: NullAsDefault(street_number),
            building,
            apartment,
            entrance,
            floor,
            door_number,
            geo_position: geo_position.map(|position| Object(position.into())),
            alternative: alternative.map(|words| Object(words.into())),
            related_to_address: objects(related_to_address),
            additional_data: objects(additional_data),
        };
        Self { address_purpose, address: Object(address) }
    }
}

impl From<AddressEntry> for domain::PersonAddress {
    fn from(AddressEntry { address_purpose, address: Object(address) }: AddressEntry) -> Self {
        let Address {
            country,
            area,
            zip_code,
            city,
            street,
            street_number: NullAsDefault(street_number),
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
        // A client sends back the empty string that a response has in place of an unknown value.
        let text = |NullAsDefault(text): NullAsDefault<String>| Some(text).filter(|text| !text.is_empty());
        Self {
            address_purpose,
            country: text(country),
            area: text(area),
            zip_code: text(zip_code),
            city: text(city),
            street: text(street),
            street_number,
            building,
            apartment,
            entrance,
            floor,
            door_number,
            geo_position: geo_position.map(|Object(position)| position.into()),
            alternative: alternative.map(|Object(words)| words.into()),
            related_to_address: values(related_to_address),
            additional_data: values(additional_data),
        }
    }
}

/// The decimals are stored as strings, so that records compare exactly.
impl From<[String; 3]> for GeoPosition {
    fn from(position: [String; 3]) -> Self {
        let number = |decimal: String| decimal.parse().ok().and_then(Number::from_f64);
        let [latitude, longitude, altitude] = position.map(number);
        Self { latitude, longitude, altitude }
    }
}

impl From<GeoPosition> for [String; 3] {
    fn from(GeoPosition { latitude, longitude, altitude }: GeoPosition) -> Self {
        [latitude, longitude, altitude].map(|number| {
            number.and_then(|number| number.as_f64()).map(|number| number.to_string()).unwrap_or_default()
        })
    }
}

impl From<[String; 3]> for ThreeWords {
    fn from(words: [String; 3]) -> Self {
        let [word1, word2, word3] = words.map(NullAsDefault);
        Self { word1, word2, word3 }
    }
}

impl From<ThreeWords> for [String; 3] {
    fn from(ThreeWords { word1, word2, word3 }: ThreeWords) -> Self {
        [word1.0, word2.0, word3.0]
    }
}

impl From<[String; 2]> for RelatedAddress {
    fn from(related: [String; 2]) -> Self {
        let [relation_type, address] = related.map(NullAsDefault);
        Self { relation_type, address }
    }
}

impl From<RelatedAddress> for [String; 2] {
    fn from(RelatedAddress { relation_type, address }: RelatedAddress) -> Self {
        [relation_type.0, address.0]
    }
}

impl From<[String; 3]> for DataEntry {
    fn from(datum: [String; 3]) -> Self {
        let [name, r#type, value] = datum.map(NullAsDefault);
        Self { name, r#type, value }
    }
}

impl From<DataEntry> for [String; 3] {
    fn from(DataEntry { name, r#type, value }: DataEntry) -> Self {
        [name.0, r#type.0, value.0]
    }
}

impl From<domain::Document> for Document {
    fn from(document: domain::Document) -> Self {
        let domain::Document {
            purpose,
            name,
            document_type,
            location,
            verification_response,
            status,
            metadata,
        } = document;
        let metadata = objects(metadata);
        Self { purpose, name, document_type, location, verification_response, status, metadata }
    }
}

impl From<Document> for domain::Document {
    fn from(document: Document) -> Self {
        let Document { purpose, name, document_type, location, verification_response, status, metadata } =
            document;
        let metadata = values(metadata);
        Self { purpose, name, document_type, location, verification_response, status, metadata }
    }
}

impl From<String> for SecretQuestion {
    fn from(question: String) -> Self {
        Self { question: NullAsDefault(question), answer: Discarded }
    }
}

impl From<SecretQuestion> for String {
    fn from(SecretQuestion { question: NullAsDefault(question), answer: Discarded }: SecretQuestion) -> Self {
        question
    }
}

/// Converts values to the objects of a request or response.
fn objects<V, T: From<V>>(values: Vec<V>) -> NullAsDefault<Vec<Object<T>>> {
    NullAsDefault(values.into_iter().map(|value| Object(value.into())).collect())
}

/// Converts the objects of a request or response to values.
fn values<V: From<T>, T>(NullAsDefault(objects): NullAsDefault<Vec<Object<T>>>) -> Vec<V> {
    objects.into_iter().map(|Object(value)| value.into()).collect()
}
