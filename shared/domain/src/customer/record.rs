//! The record of a customer, as it is stored.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Serialize,
    de::value::{self, StrDeserializer},
};

use super::{CustomerId, CustomerNumber};
use crate::{OrganizationId, Timestamp};

/// The kind of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CustomerKind {
    /// A company.
    Business,
    /// A charge point operator.
    #[serde(rename = "CPO")]
    Cpo,
    /// A subsidiary of a charge point operator.
    #[serde(rename = "CPOSubsidiary")]
    CpoSubsidiary,
    /// A person.
    Private,
}

impl CustomerKind {
    /// All kinds, in the order of the API.
    pub const ALL: [Self; 4] = [Self::Private, Self::Business, Self::Cpo, Self::CpoSubsidiary];

    /// Returns the name of the kind in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Business => "Business",
            Self::Cpo => "CPO",
            Self::CpoSubsidiary => "CPOSubsidiary",
            Self::Private => "Private",
        }
    }
}

/// A customer, as it is stored. A write in one dialect keeps the fields that the dialect cannot express.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The organization that the customer belongs to.
    pub organization: OrganizationId,
    /// The number of the customer, which determines its order in the table.
    pub number: CustomerNumber,
    /// The id of the customer.
    pub id: CustomerId,
    /// The version of the customer. Every write increases it by one.
    pub version: u64,
    /// The name of the customer, 1 to 300 characters.
    pub name: String,
    /// The kind of the customer.
    pub kind: CustomerKind,
    /// The tax id: an RFC in Mexico, a VAT number elsewhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_id: String,
    /// The tax system, a code of the SAT catalogue `c_RegimenFiscal`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_system: String,
    /// The use of the customer's invoices, a code of the SAT catalogue `c_UsoCFDI`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub default_invoice_use: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: String,
    /// The phone number.
    pub phone: Option<String>,
    /// The name of the contact person.
    pub contact_name: Option<String>,
    /// The address of the customer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub address: CustomerAddress,
    /// The country, an alpha-3 code of ISO 3166-1.
    pub country: Option<String>,
    /// The id of the customer in the caller's own system, unique in the organization.
    pub external_id: Option<String>,
    /// The metadata that the caller stores with the customer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: BTreeMap<String, String>,
    /// The number of the parent in the hierarchy.
    pub parent: Option<CustomerNumber>,
    /// The billing settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub billing: Billing,
    /// The bank account for payouts.
    pub payout: Option<Payout>,
    /// The language, the currency, and the aggregation of bills.
    #[serde(default, skip_serializing_if = "is_default")]
    pub finance: Finance,
    /// The ids of the customer's locations.
    #[serde(default, skip_serializing_if = "is_default")]
    pub locations: Vec<i64>,
    /// The verification status.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: CustomerStatus,
    /// The category.
    #[serde(default, skip_serializing_if = "is_default")]
    pub categorization: Categorization,
    /// The notification settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notifications: Vec<Notification>,
    /// The personal data.
    #[serde(default, skip_serializing_if = "is_default")]
    pub person: Person,
    /// When the customer was created.
    pub created_at: Timestamp,
    /// When the customer was last written.
    pub updated_at: Timestamp,
}

/// Returns whether a value is the default. Such a value is not stored, because reading the record restores it.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The address of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomerAddress {
    /// The street.
    #[serde(skip_serializing_if = "is_default")]
    pub street: String,
    /// The number on the street.
    #[serde(skip_serializing_if = "is_default")]
    pub exterior: String,
    /// The number inside the building.
    pub interior: Option<String>,
    /// The neighborhood (colonia).
    #[serde(skip_serializing_if = "is_default")]
    pub neighborhood: String,
    /// The city.
    #[serde(skip_serializing_if = "is_default")]
    pub city: String,
    /// The municipality.
    #[serde(skip_serializing_if = "is_default")]
    pub municipality: String,
    /// The postal code.
    #[serde(skip_serializing_if = "is_default")]
    pub zip: String,
    /// The state.
    #[serde(skip_serializing_if = "is_default")]
    pub state: String,
}

/// The billing settings of a customer. The defaults are Spirii's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Billing {
    /// The payment method, such as `Invoice`.
    pub payment_method: String,
    /// The way in which invoices are delivered, such as `Email`.
    pub invoice_format: String,
    /// The global location number (GS1).
    pub gln: Option<String>,
    /// The e-mail address that invoices are sent to.
    pub invoice_email: Option<String>,
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            payment_method: "Invoice".into(),
            invoice_format: "Email".into(),
            gln: None,
            invoice_email: None,
        }
    }
}

/// The bank account for payouts to a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payout {
    /// The international bank account number (IBAN).
    pub iban: Option<String>,
    /// The business identifier code (BIC) of the bank.
    pub swift_code: Option<String>,
    /// The name of the account holder.
    pub bank_account_holder_name: Option<String>,
    /// The registration number of the bank.
    pub bank_registration_number: Option<String>,
    /// The account number.
    pub bank_account: Option<String>,
}

/// The language and currency of a customer, and the aggregation of its bills. The defaults are Spirii's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Finance {
    /// The language, a code of ISO 639-1.
    pub language: String,
    /// The currency, a code of ISO 4217.
    pub currency: String,
    /// The aggregation of a document, such as `customer`: what one document covers.
    pub charge_key_document_aggregation: String,
    /// The aggregation of a line, such as `location`: what one line covers.
    pub charge_key_line_aggregation: String,
    /// The method of reimbursement for company cars, such as `MANUAL`.
    pub company_car_reimbursement_method: String,
}

impl Default for Finance {
    fn default() -> Self {
        Self {
            language: "EN".into(),
            currency: "EUR".into(),
            charge_key_document_aggregation: "customer".into(),
            charge_key_line_aggregation: "location".into(),
            company_car_reimbursement_method: "MANUAL".into(),
        }
    }
}

/// The verification status of a customer, spelled as Cyrexa publishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerStatus {
    /// Nothing has been verified yet.
    #[default]
    New,
    /// The customer is verified.
    Verified,
    /// The customer is being verified.
    #[serde(rename = "under_verificaiton", alias = "under_verification")]
    UnderVerification,
    /// The customer is on the blacklist, and not to be dealt with.
    Blacklisted,
    /// The customer is under suspicion.
    UnderInvestigation,
    /// The customer is in dispute.
    Dispute,
    /// The customer is on hold.
    OnHold,
    /// The customer is bankrupt.
    #[serde(rename = "bancrupted", alias = "bankrupted")]
    Bankrupted,
}

impl CustomerStatus {
    /// All statuses.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::Verified,
        Self::UnderVerification,
        Self::Blacklisted,
        Self::UnderInvestigation,
        Self::Dispute,
        Self::OnHold,
        Self::Bankrupted,
    ];

    /// All names that are parsed: those that Cyrexa publishes, each followed by its correct spelling if that is another one.
    pub const NAMES: [&str; 10] = [
        "new",
        "verified",
        "under_verificaiton",
        "under_verification",
        "blacklisted",
        "under_investigation",
        "dispute",
        "on_hold",
        "bancrupted",
        "bankrupted",
    ];

    /// Parses a status in Cyrexa's spelling or in the correct one; `None` if it is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        Self::deserialize(StrDeserializer::<value::Error>::new(text)).ok()
    }
}

/// The category of a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Categorization {
    /// The first category.
    #[default]
    Category1,
    /// The second category.
    Category2,
    /// The third category.
    Category3,
}

/// A notification setting of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The type of the notification.
    pub notification_type: String,
    /// Whether the customer wants the notification.
    pub is_enabled: bool,
}

/// The personal data of a customer, with the fields of Cyrexa's API.
///
/// Passwords, PINs, answers and codes are never stored. The name, the e-mail address, the first phone number and the main part of
/// the first address are fields of [`Customer`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Person {
    /// The first name.
    pub first_name: Option<NamePart>,
    /// The last name.
    pub last_name: Option<NamePart>,
    /// The id of the person's group.
    pub group_id: Option<String>,
    /// The gender.
    pub gender: Option<String>,
    /// The date of birth.
    pub date_of_birth: Option<String>,
    /// The place of birth.
    pub place_of_birth: Option<String>,
    /// The nationality.
    pub nationality: Option<String>,
    /// The phone numbers. The number of the first one is stored in [`Customer::phone`].
    pub telephone_numbers: Vec<Telephone>,
    /// The addresses. The main part of the first one is stored in [`Customer::address`].
    pub addresses: Vec<PersonAddress>,
    /// The documents.
    pub documents: Vec<Document>,
    /// The secret questions, without their answers.
    pub secret_questions: Vec<String>,
    /// The delivery of a second factor, without any code.
    pub twofa: Option<TwoFactor>,
}

/// A part of a person's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamePart {
    /// The name.
    pub name: String,
    /// The position among several names.
    pub order: Option<i64>,
    /// The short form of the name.
    pub abbreviation: Option<String>,
    /// The language of the name.
    pub language: Option<String>,
    /// The name in its own script.
    pub native: Option<String>,
    /// The suffix of the name.
    pub suffix: Option<String>,
    /// The prefix of the name.
    pub prefix: Option<String>,
}

/// A phone number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Telephone {
    /// The type of the phone number, such as `fixed`.
    pub phone_type: Option<String>,
    /// The operator of the phone number.
    pub operator: Option<String>,
    /// The encoding of the phone number, such as `numbers`.
    pub encoding: Option<String>,
    /// The country of the phone number.
    pub country: Option<String>,
    /// The phone number.
    pub number: String,
    /// The purpose of the phone number.
    pub purpose: Option<String>,
}

/// An address of a person. The parts of the first address that [`Customer`] has are stored there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersonAddress {
    /// The purpose of the address.
    pub address_purpose: Option<String>,
    /// The country, as the caller sent it.
    pub country: Option<String>,
    /// The area.
    pub area: Option<String>,
    /// The postal code.
    pub zip_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The street.
    pub street: Option<String>,
    /// The numbers on the street.
    pub street_number: Vec<String>,
    /// The building.
    pub building: Option<String>,
    /// The apartment.
    pub apartment: Option<String>,
    /// The entrance.
    pub entrance: Option<String>,
    /// The floor.
    pub floor: Option<String>,
    /// The door number.
    pub door_number: Option<String>,
    /// The latitude, longitude and altitude, as the decimals that the caller sent.
    pub geo_position: Option<[String; 3]>,
    /// Three words that identify the place.
    pub alternative: Option<[String; 3]>,
    /// The related addresses, each with its relation to this one: relation and address.
    pub related_to_address: Vec<[String; 2]>,
    /// The additional data: name, type and value of each entry.
    pub additional_data: Vec<[String; 3]>,
}

/// A document of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    /// The purpose of the document.
    pub purpose: Option<String>,
    /// The name of the document.
    pub name: Option<String>,
    /// The type of the document.
    pub document_type: Option<String>,
    /// The location of the document.
    pub location: Option<String>,
    /// The result of verifying the document.
    pub verification_response: Option<String>,
    /// The status of verifying the document.
    pub status: Option<String>,
    /// The metadata of the document: name, type and value of each entry.
    pub metadata: Vec<[String; 3]>,
}

/// The delivery of a second factor to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TwoFactor {
    /// The type of the target, such as `SMS`.
    pub target_type: Option<String>,
    /// The target: a phone number or an address.
    pub target_value: Option<String>,
}
