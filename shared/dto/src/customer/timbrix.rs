//! Timbrix: `GET /organizations/{organizationId}/customers`.

use std::{borrow::Cow, collections::BTreeMap};

use padron_domain::{
    Customer, CustomerAddress, CustomerField, CustomerKind, CustomerNumber, CustomerReference, LINE_PATTERN,
    MEXICO, Patch, Timestamp, Violation,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::write::{CustomerBody, FieldPointers, WithWarnings, set, set_optional};
use crate::{Body, MetadataSchema, Object, read_back};

/// A customer in Timbrix's dialect. `number`, `type`, `parentId`, `externalId` and `metadata` are beyond its page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Customer")]
pub struct CustomerResponse {
    /// 24 hex digits.
    id: String,
    /// UUID of the organization.
    organization_id: String,
    /// Legal name.
    legal_name: String,
    /// RFC, or the tax id of another country; `""` if unknown.
    tax_id: String,
    /// Tax system of the SAT catalogue `c_RegimenFiscal`; `""` if unknown.
    tax_system: String,
    /// E-mail; `""` if unknown.
    email: String,
    /// Phone number.
    phone: Option<String>,
    /// Use of the SAT catalogue `c_UsoCFDI`; `""` if unknown.
    default_invoice_use: String,
    /// Where it is.
    address: AddressResponse,
    /// When it was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When it was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// The same customer as a number of at most 53 bits.
    number: u64,
    /// `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// Number of the customer it belongs to.
    parent_id: Option<u64>,
    /// Id in the caller's own system.
    external_id: Option<String>,
    /// What the caller keeps with it.
    metadata: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CustomerAddress")]
struct AddressResponse {
    street: String,
    exterior: String,
    interior: Option<String>,
    neighborhood: String,
    city: String,
    municipality: String,
    zip: String,
    state: String,
    /// ISO 3166-1 alpha-3; `""` if unknown.
    country: String,
}

impl From<Customer> for CustomerResponse {
    fn from(customer: Customer) -> Self {
        let CustomerAddress { street, exterior, interior, neighborhood, city, municipality, zip, state } =
            customer.address;
        Self {
            id: customer.id.to_string(),
            organization_id: customer.organization.to_string(),
            legal_name: customer.name,
            tax_id: customer.tax_id,
            tax_system: customer.tax_system,
            email: customer.email,
            phone: customer.phone,
            default_invoice_use: customer.default_invoice_use,
            address: AddressResponse {
                street,
                exterior,
                interior,
                neighborhood,
                city,
                municipality,
                zip,
                state,
                country: customer.country.unwrap_or_default(),
            },
            created_at: customer.created_at,
            updated_at: customer.updated_at,
            number: customer.number.get(),
            r#type: customer.kind.name(),
            parent_id: customer.parent.map(|parent| parent.get()),
            external_id: customer.external_id,
            metadata: customer.metadata,
        }
    }
}

/// A customer as Timbrix writes it. `type`, `parentId`, `externalId` and `metadata` are beyond its page. The address stands either
/// in `address`, as it is answered, or flat in `address…`, as Timbrix documents its requests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "CustomerFields", transform = read_back::<WithWarnings<CustomerResponse>>)]
pub struct CustomerFields {
    /// Legal name, 1 to 300 characters without `|`.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    legal_name: Patch<String>,
    /// RFC, in either letter case, with or without hyphens; of foreigners the tax id of their country, at most 40 characters.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_TAX_ID_LENGTH), extend("pattern" = LINE_PATTERN))]
    tax_id: Patch<String>,
    /// Tax system of the SAT catalogue `c_RegimenFiscal`; of foreigners `616`, or none.
    #[schemars(with = "Option<String>")]
    tax_system: Patch<String>,
    /// E-mail.
    #[schemars(with = "Option<String>")]
    email: Patch<String>,
    /// Phone number.
    #[schemars(with = "Option<String>")]
    phone: Patch<String>,
    /// Use of the SAT catalogue `c_UsoCFDI`; of foreigners `S01` or `CP01`, or none.
    #[schemars(with = "Option<String>")]
    default_invoice_use: Patch<String>,
    /// Where it is.
    #[schemars(with = "Option<AddressFields>")]
    address: Patch<Object<AddressFields>>,
    /// `address.street`.
    #[schemars(with = "Option<String>")]
    address_street: Patch<String>,
    /// `address.exterior`.
    #[schemars(with = "Option<String>")]
    address_exterior: Patch<String>,
    /// `address.interior`.
    #[schemars(with = "Option<String>")]
    address_interior: Patch<String>,
    /// `address.neighborhood`.
    #[schemars(with = "Option<String>")]
    address_neighborhood: Patch<String>,
    /// `address.city`.
    #[schemars(with = "Option<String>")]
    address_city: Patch<String>,
    /// `address.municipality`.
    #[schemars(with = "Option<String>")]
    address_municipality: Patch<String>,
    /// `address.zip`.
    #[schemars(with = "Option<String>")]
    address_zip: Patch<String>,
    /// `address.state`.
    #[schemars(with = "Option<String>")]
    address_state: Patch<String>,
    /// `address.country`.
    #[schemars(with = "Option<String>", extend("pattern" = COUNTRY_PATTERN))]
    address_country: Patch<String>,
    /// `Private`, `Business`, `CPO` or `CPOSubsidiary`. Where it is left out of a new customer: `Private` with an RFC of 13
    /// characters, else `Business`.
    #[schemars(with = "Option<Kind>")]
    r#type: Patch<CustomerKind>,
    /// The customer it belongs to, by number or id. `null`: none.
    #[schemars(with = "Option<ReferenceSchema>")]
    parent_id: Patch<CustomerReference>,
    /// Id in the caller's own system, unique in the organization, at most 40 characters.
    #[schemars(with = "Option<ExternalIdSchema>")]
    external_id: Patch<String>,
    /// Replaces what was there: at most 50 entries of at most 40 and 500 characters.
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Patch<BTreeMap<String, String>>,
    /// The other fields of a customer are accepted as they are, so that one can be read, changed and sent back.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// An address as Timbrix answers it. What is left out stays.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CustomerAddressFields")]
struct AddressFields {
    #[schemars(with = "Option<String>")]
    street: Patch<String>,
    #[schemars(with = "Option<String>")]
    exterior: Patch<String>,
    #[schemars(with = "Option<String>")]
    interior: Patch<String>,
    #[schemars(with = "Option<String>")]
    neighborhood: Patch<String>,
    #[schemars(with = "Option<String>")]
    city: Patch<String>,
    #[schemars(with = "Option<String>")]
    municipality: Patch<String>,
    /// Postal code: five digits in Mexico.
    #[schemars(with = "Option<String>")]
    zip: Patch<String>,
    #[schemars(with = "Option<String>")]
    state: Patch<String>,
    /// ISO 3166-1 alpha-3; `MEX` where a new customer has none.
    #[schemars(with = "Option<String>", extend("pattern" = COUNTRY_PATTERN))]
    country: Patch<String>,
}

#[derive(JsonSchema)]
#[schemars(rename = "CustomerType")]
#[expect(dead_code, reason = "for its schema")]
enum Kind {
    Private,
    Business,
    #[schemars(rename = "CPO")]
    Cpo,
    #[schemars(rename = "CPOSubsidiary")]
    CpoSubsidiary,
}

/// ISO 3166-1 alpha-3, or none. Whether there is such a country is a matter of rules.
const COUNTRY_PATTERN: &str = "^([A-Za-z]{3})?$";

/// A customer's number, or its id of 24 hex digits.
pub(super) struct ReferenceSchema;

impl JsonSchema for ReferenceSchema {
    fn schema_name() -> Cow<'static, str> {
        "CustomerReference".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let (first, last) = (CustomerNumber::MIN.get(), CustomerNumber::MAX.get());
        json_schema!({
            "description": "A customer's number, or its id of 24 hex digits.",
            "anyOf": [
                { "type": "integer", "minimum": first, "maximum": last },
                { "type": "string", "pattern": CustomerReference::PATTERN },
            ],
        })
    }
}

/// An id in the caller's own system.
pub(super) struct ExternalIdSchema;

impl JsonSchema for ExternalIdSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "ExternalId".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "maxLength": Customer::MAX_EXTERNAL_ID_LENGTH, "pattern": LINE_PATTERN, "not": { "enum": [".", ".."] },
        })
    }
}

impl AddressFields {
    /// Whether nothing is said of it at all.
    fn is_absent(&self) -> bool {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state, country } = self;
        [street, exterior, interior, neighborhood, city, municipality, zip, state, country]
            .into_iter()
            .all(|field| *field == Patch::Keep)
    }

    /// All of it emptied.
    fn cleared() -> Self {
        let clear = || Patch::Clear;
        Self {
            street: clear(),
            exterior: clear(),
            interior: clear(),
            neighborhood: clear(),
            city: clear(),
            municipality: clear(),
            zip: clear(),
            state: clear(),
            country: Patch::Keep,
        }
    }

    fn write(self, customer: &mut Customer) {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state, country } = self;
        let address = &mut customer.address;
        set(&mut address.street, street);
        set(&mut address.exterior, exterior);
        set_optional(&mut address.interior, interior);
        set(&mut address.neighborhood, neighborhood);
        set(&mut address.city, city);
        set(&mut address.municipality, municipality);
        set(&mut address.zip, zip);
        set(&mut address.state, state);
        match country {
            Patch::Set(country) if !country.is_empty() => {
                customer.country = Some(country.to_ascii_uppercase());
            }
            // Where it is not known, a body that says so changes nothing.
            Patch::Set(_) | Patch::Clear if customer.country.is_some() => {
                customer.country = Some(MEXICO.into());
            }
            Patch::Set(_) | Patch::Clear | Patch::Keep => {}
        }
    }
}

impl CustomerFields {
    fn flat(&mut self) -> AddressFields {
        let mut take = |field: fn(&mut Self) -> &mut Patch<String>| std::mem::take(field(self));
        AddressFields {
            street: take(|body| &mut body.address_street),
            exterior: take(|body| &mut body.address_exterior),
            interior: take(|body| &mut body.address_interior),
            neighborhood: take(|body| &mut body.address_neighborhood),
            city: take(|body| &mut body.address_city),
            municipality: take(|body| &mut body.address_municipality),
            zip: take(|body| &mut body.address_zip),
            state: take(|body| &mut body.address_state),
            country: take(|body| &mut body.address_country),
        }
    }
}

/// Where an answer has the fields.
pub const POINTERS: FieldPointers = FieldPointers { within: "", of: nested };

fn nested(field: CustomerField) -> &'static str {
    match field {
        CustomerField::Zip => "/address/zip",
        CustomerField::State => "/address/state",
        CustomerField::Country => "/address/country",
        CustomerField::Address => "/address",
        CustomerField::Name => "/legalName",
        CustomerField::Kind => "/type",
        CustomerField::TaxId => "/taxId",
        CustomerField::TaxSystem => "/taxSystem",
        CustomerField::DefaultInvoiceUse => "/defaultInvoiceUse",
        CustomerField::Email => "/email",
        CustomerField::Phone => "/phone",
        CustomerField::ExternalId => "/externalId",
        CustomerField::Metadata => "/metadata",
        CustomerField::Parent => "/parentId",
        // Not of this dialect.
        CustomerField::ContactName
        | CustomerField::Billing
        | CustomerField::InvoiceEmail
        | CustomerField::Payout
        | CustomerField::Finance
        | CustomerField::Locations
        | CustomerField::Status
        | CustomerField::Categorization
        | CustomerField::Notifications
        | CustomerField::Person => "",
    }
}

fn flat(field: CustomerField) -> &'static str {
    match field {
        CustomerField::Zip => "/addressZip",
        CustomerField::State => "/addressState",
        CustomerField::Country => "/addressCountry",
        other => nested(other),
    }
}

impl Body for CustomerFields {
    const REQUIRED: &'static [&'static str] = &["legalName"];
}

impl CustomerBody for CustomerFields {
    const IS_FOR_INVOICES: bool = true;

    fn pointers(&self) -> FieldPointers {
        let is_nested = self.address != Patch::Keep;
        let of = [
            &self.address_street,
            &self.address_exterior,
            &self.address_interior,
            &self.address_neighborhood,
            &self.address_city,
            &self.address_municipality,
            &self.address_zip,
            &self.address_state,
            &self.address_country,
        ];
        let is_flat = of.into_iter().any(|field| *field != Patch::Keep);
        FieldPointers { within: "", of: if is_flat && !is_nested { flat } else { nested } }
    }

    fn parent(&self) -> &Patch<CustomerReference> {
        &self.parent_id
    }

    fn others(&self) -> &Map<String, Value> {
        &self.others
    }

    fn write(mut self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>) {
        let flat = self.flat();
        let Self { legal_name, tax_id, tax_system, email, phone, default_invoice_use, address, .. } = self;
        if address != Patch::Keep && !flat.is_absent() {
            let detail = "Either the object `address` or the fields `address…`, not both.".into();
            violations.push(Violation { pointer: "/address".into(), code: "contradiction", detail });
        }
        set(&mut customer.name, legal_name);
        set(&mut customer.tax_id, tax_id);
        set(&mut customer.tax_system, tax_system);
        set(&mut customer.email, email);
        set_optional(&mut customer.phone, phone);
        set(&mut customer.default_invoice_use, default_invoice_use);
        if is_new {
            customer.country = Some(MEXICO.into());
        }
        match address {
            Patch::Keep => flat.write(customer),
            Patch::Clear => AddressFields::cleared().write(customer),
            Patch::Set(Object(address)) => address.write(customer),
        }
        set_optional(&mut customer.external_id, self.external_id);
        match self.metadata {
            Patch::Keep => {}
            Patch::Clear => customer.metadata.clear(),
            Patch::Set(metadata) => customer.metadata = metadata,
        }
        match self.r#type {
            Patch::Set(kind) => customer.kind = kind,
            Patch::Clear => customer.kind = customer.likely_kind(),
            Patch::Keep if is_new => customer.kind = customer.likely_kind(),
            Patch::Keep => {}
        }
    }
}
