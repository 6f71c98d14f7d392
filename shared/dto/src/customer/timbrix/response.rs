//! Customers as Timbrix's routes answer them.

use std::collections::BTreeMap;

use padron_domain::{Customer, CustomerAddress, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

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
