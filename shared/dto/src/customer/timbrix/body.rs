//! Customers as requests of Timbrix's routes write them.

use std::collections::BTreeMap;

use padron_domain::{
    Customer, CustomerField, CustomerKind, CustomerReference, LINE_PATTERN, MEXICO, Patch, Violation,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::response::CustomerResponse;
use crate::{
    Body, MetadataSchema, Object,
    customer::{
        schema::{ExternalIdSchema, ReferenceSchema},
        write::{CustomerBody, FieldPointers, WithWarnings, set, set_optional},
    },
    lenient::patch_fields,
    read_back,
};

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

impl AddressFields {
    /// Whether nothing is said of it at all.
    fn is_absent(&self) -> bool {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state, country } = self;
        [street, exterior, interior, neighborhood, city, municipality, zip, state, country]
            .into_iter()
            .all(|field| *field == Patch::Keep)
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
            // The country stays: which rules hold depends on it.
            Patch::Clear => AddressFields { country: Patch::Keep, ..patch_fields(address) }.write(customer),
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
