//! Customers in the requests of Timbrix's routes.

use std::collections::BTreeMap;

use padron_domain::{
    Customer, CustomerField, CustomerKind, CustomerReference, LINE_PATTERN, MEXICO, Patch, Violation,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::response::CustomerResponse;
use crate::{
    Body, MetadataSchema, Object, WithWarnings,
    customer::{
        schema::{ExternalIdSchema, ReferenceSchema},
        write::{CustomerBody, FieldPointers, apply, apply_optional},
    },
    lenient::patch_fields,
    read_back,
};

/// The fields of a customer in Timbrix's dialect.
///
/// `type`, `parentId`, `externalId` and `metadata` extend the fields that Timbrix documents. The address is either the object
/// `address`, as in responses, or the flat fields `address…`, as Timbrix documents its requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "CustomerFields", transform = read_back::<WithWarnings<CustomerResponse>>)]
pub struct CustomerFields {
    /// Legal name of the customer, 1 to 300 characters without `|`.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    legal_name: Patch<String>,
    /// RFC, in upper or lower case, with or without hyphens. For foreigners the tax id of their country, at most 40 characters.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_TAX_ID_LENGTH), extend("pattern" = LINE_PATTERN))]
    tax_id: Patch<String>,
    /// Tax system, a code of the SAT catalogue `c_RegimenFiscal`. For foreigners `616` or none.
    #[schemars(with = "Option<String>")]
    tax_system: Patch<String>,
    /// E-mail address.
    #[schemars(with = "Option<String>")]
    email: Patch<String>,
    /// Phone number.
    #[schemars(with = "Option<String>")]
    phone: Patch<String>,
    /// Default use of invoices, a code of the SAT catalogue `c_UsoCFDI`. For foreigners `S01`, `CP01` or none.
    #[schemars(with = "Option<String>")]
    default_invoice_use: Patch<String>,
    /// Address of the customer.
    #[schemars(with = "Option<AddressFields>")]
    address: Patch<Object<AddressFields>>,
    /// Street, the same as `address.street`.
    #[schemars(with = "Option<String>")]
    address_street: Patch<String>,
    /// Exterior number, the same as `address.exterior`.
    #[schemars(with = "Option<String>")]
    address_exterior: Patch<String>,
    /// Interior number, the same as `address.interior`.
    #[schemars(with = "Option<String>")]
    address_interior: Patch<String>,
    /// Neighborhood (colonia), the same as `address.neighborhood`.
    #[schemars(with = "Option<String>")]
    address_neighborhood: Patch<String>,
    /// City, the same as `address.city`.
    #[schemars(with = "Option<String>")]
    address_city: Patch<String>,
    /// Municipality, the same as `address.municipality`.
    #[schemars(with = "Option<String>")]
    address_municipality: Patch<String>,
    /// Postal code, the same as `address.zip`.
    #[schemars(with = "Option<String>")]
    address_zip: Patch<String>,
    /// State, the same as `address.state`.
    #[schemars(with = "Option<String>")]
    address_state: Patch<String>,
    /// Country, the same as `address.country`.
    #[schemars(with = "Option<String>", extend("pattern" = COUNTRY_PATTERN))]
    address_country: Patch<String>,
    /// Type of the customer: `Private`, `Business`, `CPO` or `CPOSubsidiary`. The default for a new customer is `Private` if it has an
    /// RFC of 13 characters, otherwise `Business`.
    #[schemars(with = "Option<CustomerTypeSchema>")]
    r#type: Patch<CustomerKind>,
    /// Number or id of the parent in the hierarchy; `null` if there is none.
    #[schemars(with = "Option<ReferenceSchema>")]
    parent_id: Patch<CustomerReference>,
    /// Id of the customer in the caller's own system, unique in the organization, at most 40 characters.
    #[schemars(with = "Option<ExternalIdSchema>")]
    external_id: Patch<String>,
    /// Key-value pairs that the caller stores with the customer. They replace the stored ones. At most 50 entries, with keys of at most
    /// 40 characters and values of at most 500.
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Patch<BTreeMap<String, String>>,
    /// Other fields of a customer are accepted if they are unchanged, so that a client can read a customer, change it and send it back.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The address of a customer, in the form of responses. Omitted fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "CustomerAddressFields")]
struct AddressFields {
    /// Street.
    #[schemars(with = "Option<String>")]
    street: Patch<String>,
    /// Exterior number.
    #[schemars(with = "Option<String>")]
    exterior: Patch<String>,
    /// Interior number.
    #[schemars(with = "Option<String>")]
    interior: Patch<String>,
    /// Neighborhood (colonia).
    #[schemars(with = "Option<String>")]
    neighborhood: Patch<String>,
    /// City.
    #[schemars(with = "Option<String>")]
    city: Patch<String>,
    /// Municipality.
    #[schemars(with = "Option<String>")]
    municipality: Patch<String>,
    /// Postal code, five digits in Mexico.
    #[schemars(with = "Option<String>")]
    zip: Patch<String>,
    /// State.
    #[schemars(with = "Option<String>")]
    state: Patch<String>,
    /// Country, an ISO 3166-1 alpha-3 code. The default for a new customer is `MEX`.
    #[schemars(with = "Option<String>", extend("pattern" = COUNTRY_PATTERN))]
    country: Patch<String>,
}

/// The type of a customer.
#[derive(JsonSchema)]
#[schemars(rename = "CustomerType")]
#[expect(dead_code, reason = "for its schema")]
enum CustomerTypeSchema {
    Private,
    Business,
    #[schemars(rename = "CPO")]
    Cpo,
    #[schemars(rename = "CPOSubsidiary")]
    CpoSubsidiary,
}

/// A regular expression (ECMA-262) that matches three letters or the empty string. Validation checks whether the country exists.
const COUNTRY_PATTERN: &str = "^([A-Za-z]{3})?$";

impl AddressFields {
    /// Returns whether the body has no field of the address.
    fn is_absent(&self) -> bool {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state, country } = self;
        [street, exterior, interior, neighborhood, city, municipality, zip, state, country]
            .into_iter()
            .all(|field| *field == Patch::Keep)
    }

    /// Writes the fields of the address to a customer.
    fn write(self, customer: &mut Customer) {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state, country } = self;
        let address = &mut customer.address;
        apply(&mut address.street, street);
        apply(&mut address.exterior, exterior);
        apply_optional(&mut address.interior, interior);
        apply(&mut address.neighborhood, neighborhood);
        apply(&mut address.city, city);
        apply(&mut address.municipality, municipality);
        apply(&mut address.zip, zip);
        apply(&mut address.state, state);
        match country {
            Patch::Set(country) if !country.is_empty() => {
                customer.country = Some(country.to_ascii_uppercase());
            }
            // An empty country sets the default. If the country is unknown, a body that sends that back changes nothing.
            Patch::Set(_) | Patch::Clear if customer.country.is_some() => {
                customer.country = Some(MEXICO.into());
            }
            Patch::Set(_) | Patch::Clear | Patch::Keep => {}
        }
    }
}

impl CustomerFields {
    /// Returns the id of the customer in the caller's own system; `None` if the body has none.
    pub(crate) fn external_id(&self) -> Option<&str> {
        match &self.external_id {
            Patch::Set(id) if !id.is_empty() => Some(id),
            _ => None,
        }
    }

    /// Returns whether the body has the address in flat fields.
    pub(crate) fn is_flat(&self) -> bool {
        let flat = [
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
        self.address == Patch::Keep && flat.into_iter().any(|field| *field != Patch::Keep)
    }

    /// Takes the flat fields of the address out of the body.
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

/// The JSON pointers of the fields in a response.
pub const POINTERS: FieldPointers = FieldPointers { within: "", of: nested };

/// Returns the JSON pointer of a field with the address as an object; empty if the dialect does not have the field.
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
        // This dialect does not have these fields.
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

/// The JSON pointers of the fields in a body with the address in flat fields.
pub const FLAT_POINTERS: FieldPointers = FieldPointers { within: "", of: flat };

/// Returns the JSON pointer of a field with the address in flat fields; empty if the dialect does not have the field.
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
    const CHECKS_INVOICE_RULES: bool = true;

    fn pointers(&self) -> FieldPointers {
        if self.is_flat() { FLAT_POINTERS } else { POINTERS }
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
        apply(&mut customer.name, legal_name);
        apply(&mut customer.tax_id, tax_id);
        apply(&mut customer.tax_system, tax_system);
        apply(&mut customer.email, email);
        apply_optional(&mut customer.phone, phone);
        apply(&mut customer.default_invoice_use, default_invoice_use);
        if is_new {
            customer.country = Some(MEXICO.into());
        }
        match address {
            Patch::Keep => flat.write(customer),
            // The country stays, because the applicable rules depend on it.
            Patch::Clear => AddressFields { country: Patch::Keep, ..patch_fields(address) }.write(customer),
            Patch::Set(Object(address)) => address.write(customer),
        }
        apply_optional(&mut customer.external_id, self.external_id);
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
