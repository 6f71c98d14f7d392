//! The customer as it is stored.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Serialize,
    de::value::{self, StrDeserializer},
};

use super::{CustomerId, CustomerNumber};
use crate::{OrganizationId, Timestamp};

/// What a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CustomerKind {
    /// A company.
    Business,
    /// A charge point operator.
    #[serde(rename = "CPO")]
    Cpo,
    /// A part of a charge point operator.
    #[serde(rename = "CPOSubsidiary")]
    CpoSubsidiary,
    /// A person.
    Private,
}

impl CustomerKind {
    /// All of them, as the wire lists them.
    pub const ALL: [Self; 4] = [Self::Private, Self::Business, Self::Cpo, Self::CpoSubsidiary];

    /// As the wire has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Business => "Business",
            Self::Cpo => "CPO",
            Self::CpoSubsidiary => "CPOSubsidiary",
            Self::Private => "Private",
        }
    }
}

/// A customer as it is stored. What a dialect cannot express stays as it is when that dialect writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The organization it is a customer of.
    pub organization: OrganizationId,
    /// Its number, and its place in the table's order.
    pub number: CustomerNumber,
    /// Its id.
    pub id: CustomerId,
    /// Grows by one with every write.
    pub version: u64,
    /// Its name, 1 to 300 characters.
    pub name: String,
    /// What it is.
    pub kind: CustomerKind,
    /// Tax id: an RFC in Mexico, a VAT number elsewhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_id: String,
    /// Tax system of the SAT catalogue `c_RegimenFiscal`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_system: String,
    /// Use of the SAT catalogue `c_UsoCFDI` that its invoices have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub default_invoice_use: String,
    /// E-mail.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: String,
    /// Phone number.
    pub phone: Option<String>,
    /// Whom to ask for.
    pub contact_name: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub address: CustomerAddress,
    /// Country, ISO 3166-1 alpha-3.
    pub country: Option<String>,
    /// Id in the caller's own system, unique in the organization.
    pub external_id: Option<String>,
    /// What the caller wants to keep with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: BTreeMap<String, String>,
    /// The customer it belongs to.
    pub parent: Option<CustomerNumber>,
    /// How it is billed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub billing: Billing,
    /// Where it is paid out.
    pub payout: Option<Payout>,
    /// Language and currency, and how its bills are put together.
    #[serde(default, skip_serializing_if = "is_default")]
    pub finance: Finance,
    /// Ids of its locations.
    #[serde(default, skip_serializing_if = "is_default")]
    pub locations: Vec<i64>,
    /// Where it stands in being verified.
    #[serde(default, skip_serializing_if = "is_default")]
    pub status: CustomerStatus,
    /// Category.
    #[serde(default, skip_serializing_if = "is_default")]
    pub categorization: Categorization,
    /// What it wants to be told.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notifications: Vec<Notification>,
    /// What is known of the person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub person: Person,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// What a record need not hold: it is read back as the default.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where a customer is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomerAddress {
    /// Street.
    #[serde(skip_serializing_if = "is_default")]
    pub street: String,
    /// Number on the street.
    #[serde(skip_serializing_if = "is_default")]
    pub exterior: String,
    /// Number inside the building.
    pub interior: Option<String>,
    /// Colonia.
    #[serde(skip_serializing_if = "is_default")]
    pub neighborhood: String,
    /// City.
    #[serde(skip_serializing_if = "is_default")]
    pub city: String,
    /// Municipality.
    #[serde(skip_serializing_if = "is_default")]
    pub municipality: String,
    /// Postal code.
    #[serde(skip_serializing_if = "is_default")]
    pub zip: String,
    /// State.
    #[serde(skip_serializing_if = "is_default")]
    pub state: String,
}

/// How a customer is billed. The defaults are Spirii's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Billing {
    /// How it pays.
    pub payment_method: String,
    /// How its invoices travel.
    pub invoice_format: String,
    /// Global location number (GS1).
    pub gln: Option<String>,
    /// Where its invoices go.
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

/// Where a customer is paid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payout {
    /// International bank account number.
    pub iban: Option<String>,
    /// BIC.
    pub swift_code: Option<String>,
    /// Whose account it is.
    pub bank_account_holder_name: Option<String>,
    /// Registration number of the bank.
    pub bank_registration_number: Option<String>,
    /// Account number.
    pub bank_account: Option<String>,
}

/// Language and currency, and how bills are put together. The defaults are Spirii's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Finance {
    /// Language, ISO 639-1.
    pub language: String,
    /// Currency, ISO 4217.
    pub currency: String,
    /// What one document covers.
    pub charge_key_document_aggregation: String,
    /// What one line covers.
    pub charge_key_line_aggregation: String,
    /// How company cars are reimbursed.
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

/// Where a customer stands in being verified, spelt as Cyrexa publishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerStatus {
    /// Nothing was checked yet.
    #[default]
    New,
    /// All is in order.
    Verified,
    /// Being checked.
    #[serde(rename = "under_verificaiton", alias = "under_verification")]
    UnderVerification,
    /// Not to be dealt with.
    Blacklisted,
    /// Under suspicion.
    UnderInvestigation,
    /// In dispute.
    Dispute,
    /// Waiting.
    OnHold,
    /// Bankrupt.
    #[serde(rename = "bancrupted", alias = "bankrupted")]
    Bankrupted,
}

impl CustomerStatus {
    /// All of them.
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

    /// As Cyrexa publishes it, or in a correct spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Self::deserialize(StrDeserializer::<value::Error>::new(text)).ok()
    }
}

/// Category of a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Categorization {
    /// The first.
    #[default]
    Category1,
    /// The second.
    Category2,
    /// The third.
    Category3,
}

/// Whether a customer wants to be told something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// What.
    pub notification_type: String,
    /// Whether.
    pub is_enabled: bool,
}

/// What is known of a person, as Cyrexa has it. Passwords, PINs, answers and codes are not: they are never kept.
///
/// Name, e-mail, the first phone number and the main part of the first address stand in the record itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Person {
    /// First name.
    pub first_name: Option<NamePart>,
    /// Last name.
    pub last_name: Option<NamePart>,
    /// Group.
    pub group_id: Option<String>,
    /// Gender.
    pub gender: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<String>,
    /// Place of birth.
    pub place_of_birth: Option<String>,
    /// Nationality.
    pub nationality: Option<String>,
    /// Phone numbers; the number of the first is the record's.
    pub telephone_numbers: Vec<Telephone>,
    /// Addresses; the main part of the first is the record's.
    pub addresses: Vec<PersonAddress>,
    /// Documents.
    pub documents: Vec<Document>,
    /// Questions, without their answers.
    pub secret_questions: Vec<String>,
    /// How a second factor reaches them, without any code.
    pub twofa: Option<TwoFactor>,
}

/// Part of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamePart {
    /// The name.
    pub name: String,
    /// Its place among several.
    pub order: Option<i64>,
    /// Short form.
    pub abbreviation: Option<String>,
    /// Language it is in.
    pub language: Option<String>,
    /// In its own script.
    pub native: Option<String>,
    /// What follows it.
    pub suffix: Option<String>,
    /// What precedes it.
    pub prefix: Option<String>,
}

/// A phone number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Telephone {
    /// `fixed`, …
    pub phone_type: Option<String>,
    /// Operator.
    pub operator: Option<String>,
    /// `numbers`, …
    pub encoding: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// The number.
    pub number: String,
    /// What it is for.
    pub purpose: Option<String>,
}

/// An address of a person. Of the first, the parts that the record has stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersonAddress {
    /// What it is for.
    pub address_purpose: Option<String>,
    /// Country, as given.
    pub country: Option<String>,
    /// Area.
    pub area: Option<String>,
    /// Postal code.
    pub zip_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Street.
    pub street: Option<String>,
    /// Numbers on the street.
    pub street_number: Vec<String>,
    /// Building.
    pub building: Option<String>,
    /// Apartment.
    pub apartment: Option<String>,
    /// Entrance.
    pub entrance: Option<String>,
    /// Floor.
    pub floor: Option<String>,
    /// Door.
    pub door_number: Option<String>,
    /// Latitude, longitude and altitude, as the decimals that were sent.
    pub geo_position: Option<[String; 3]>,
    /// Three words that name the place.
    pub alternative: Option<[String; 3]>,
    /// Other addresses it stands in relation to: relation and address.
    pub related_to_address: Vec<[String; 2]>,
    /// Name, type and value.
    pub additional_data: Vec<[String; 3]>,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    /// What it is for.
    pub purpose: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Type.
    pub document_type: Option<String>,
    /// Where it is.
    pub location: Option<String>,
    /// What checking it brought.
    pub verification_response: Option<String>,
    /// Where it stands in being checked.
    pub status: Option<String>,
    /// Name, type and value.
    pub metadata: Vec<[String; 3]>,
}

/// How a second factor reaches a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TwoFactor {
    /// `SMS`, …
    pub target_type: Option<String>,
    /// Number or address.
    pub target_value: Option<String>,
}
