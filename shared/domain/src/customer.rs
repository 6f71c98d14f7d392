//! The customer: one record that three dialects write and read.

mod list;
mod reference;
mod rules;

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        self,
        value::{self, StrDeserializer},
    },
};
use uuid::Uuid;

pub use list::{
    CustomerFilter, CustomerRow, CustomerSort, Direction, Kin, Position, Relative, Selection, Start, Within,
    name_sort_key, select,
};
pub use reference::CustomerReference;
pub use rules::{CustomerField, Finding};

use crate::{OrganizationId, Timestamp};

/// A customer's number: 42 bits of the milliseconds of its creation, then 11 bits that tell apart those of one millisecond.
/// Small enough for a JavaScript number, and in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(u64);

impl CustomerNumber {
    const DISTINCT_BITS: u32 = 11;
    /// The smallest there can be.
    pub const MIN: Self = Self(0);
    /// The largest there can be: 2⁵³ - 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// A number as it stands on the wire; `None` beyond 53 bits.
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// The number of a customer created at that instant; of `distinct`, the lowest 11 bits count.
    pub fn at(created_at: Timestamp, distinct: u16) -> Option<Self> {
        let millis = u64::try_from(created_at.millis()).ok().filter(|millis| *millis < 1 << 42)?;
        Self::new((millis << Self::DISTINCT_BITS) | u64::from(distinct & ((1 << Self::DISTINCT_BITS) - 1)))
    }

    /// A number of a customer created at that instant, likely one of its own.
    pub fn random_at(created_at: Timestamp) -> Option<Self> {
        let [.., high, low] = Uuid::new_v4().into_bytes();
        Self::at(created_at, u16::from_be_bytes([high, low]))
    }

    /// The instant of creation that it is made of.
    pub fn created_at(self) -> Timestamp {
        let millis = i64::try_from(self.0 >> Self::DISTINCT_BITS).unwrap_or_default();
        // 42 bits of milliseconds end in the year 2109.
        Timestamp::from_millis(millis).unwrap_or(Timestamp::LATEST)
    }

    /// The smallest number of a customer created at that instant or later; `None` if there can be none.
    pub fn since(instant: Timestamp) -> Option<Self> {
        if instant.millis() <= 0 { Some(Self(0)) } else { Self::at(instant, 0) }
    }

    /// The largest number of a customer created at that instant or earlier; `None` if there can be none.
    pub fn until(instant: Timestamp) -> Option<Self> {
        if instant.millis() < 0 {
            return None;
        }
        Some(Self::at(instant, u16::MAX).unwrap_or(Self::MAX))
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl Serialize for CustomerNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}
impl<'de> Deserialize<'de> for CustomerNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?)
            .ok_or_else(|| de::Error::custom("a number of at most 53 bits"))
    }
}

/// A customer's id: 24 hex digits, lower case. Those made here begin with the number; those brought from elsewhere are kept.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerId([u8; 24]);

impl CustomerId {
    /// The id of a customer with that number: its 14 hex digits, then ten random ones.
    pub fn new(number: CustomerNumber, random: u64) -> Self {
        let text = format!("{:014x}{:010x}", number.get(), random & 0xff_ffff_ffff);
        let mut digits = [0; 24];
        digits.copy_from_slice(text.as_bytes());
        Self(digits)
    }

    /// A new id of a customer with that number.
    pub fn random(number: CustomerNumber) -> Self {
        let (_, random) = Uuid::new_v4().as_u64_pair();
        Self::new(number, random)
    }

    /// Reads 24 hex digits of either case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits: [u8; 24] = text.as_bytes().try_into().ok()?;
        digits.make_ascii_lowercase();
        digits.iter().all(u8::is_ascii_hexdigit).then_some(Self(digits))
    }

    /// The number that an id made here begins with. Whether there is such a customer only the table knows.
    pub fn number(&self) -> Option<CustomerNumber> {
        u64::from_str_radix(&self.as_str()[..14], 16).ok().and_then(CustomerNumber::new)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl Serialize for CustomerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("24 hex digits"))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_are_in_the_order_of_creation() {
        let at = |text| Timestamp::parse(text).unwrap();
        let numbers = [
            CustomerNumber::at(at("1970-01-01T00:00:00Z"), 0).unwrap(),
            CustomerNumber::at(at("2025-01-26T10:00:00.000Z"), 0).unwrap(),
            CustomerNumber::at(at("2025-01-26T10:00:00.000Z"), 2047).unwrap(),
            CustomerNumber::at(at("2025-01-26T10:00:00.001Z"), 0).unwrap(),
            CustomerNumber::at(at("2109-05-15T07:35:11.103Z"), 2047).unwrap(),
        ];
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!(numbers[4], CustomerNumber::MAX);
        assert!(CustomerNumber::at(at("2109-05-15T07:35:11.104Z"), 0).is_none());
        assert!(CustomerNumber::at(at("1969-12-31T23:59:59.999Z"), 0).is_none());
        let ids = numbers.map(|number| CustomerId::new(number, u64::MAX));
        assert!(ids.is_sorted_by(|a, b| a < b));
        for (number, id) in numbers.iter().zip(&ids) {
            assert_eq!(id.number(), Some(*number));
            assert_eq!(CustomerId::parse(&id.to_string().to_uppercase()).as_ref(), Some(id));
        }
    }

    #[test]
    fn an_id_is_24_hex_digits() {
        assert!(CustomerId::parse("590ce6c56d04f840aa8438af").is_some());
        for text in [
            "",
            "590ce6c56d04f840aa8438a",
            "590ce6c56d04f840aa8438aff",
            "590ce6c56d04f840aa8438ag",
            "ññññññññññññ",
        ] {
            assert!(CustomerId::parse(text).is_none(), "{text}");
        }
        assert_eq!(CustomerId::parse("ffffffffffffffffffffffff").unwrap().number(), None);
    }
}
