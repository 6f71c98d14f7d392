//! Customers in the responses of Timbrix's routes.

use std::collections::BTreeMap;

use padron_domain::{Customer, CustomerAddress, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// A customer in Timbrix's dialect.
///
/// `number`, `type`, `parentId`, `externalId` and `metadata` extend the customer that Timbrix documents.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Customer")]
pub struct CustomerResponse {
    /// Id of the customer, 24 hexadecimal digits.
    id: String,
    /// UUID of the organization.
    organization_id: String,
    /// Legal name of the customer.
    legal_name: String,
    /// RFC, or the tax id of another country; `""` if unknown.
    tax_id: String,
    /// Tax system, a code of the SAT catalogue `c_RegimenFiscal`; `""` if unknown.
    tax_system: String,
    /// E-mail address; `""` if unknown.
    email: String,
    /// Phone number; `null` if unknown.
    phone: Option<String>,
    /// Default use of invoices, a code of the SAT catalogue `c_UsoCFDI`; `""` if unknown.
    default_invoice_use: String,
    /// Address of the customer.
    address: AddressResponse,
    /// When the customer was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the customer was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// Number that identifies the customer as well as `id` does, at most 53 bits.
    number: u64,
    /// Type of the customer: `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// Number of the parent in the hierarchy; `null` if there is none.
    parent_id: Option<u64>,
    /// Id of the customer in the caller's own system; `null` if there is none.
    external_id: Option<String>,
    /// Key-value pairs that the caller stores with the customer.
    metadata: BTreeMap<String, String>,
}

/// The address of a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CustomerAddress")]
struct AddressResponse {
    /// Street.
    street: String,
    /// Exterior number.
    exterior: String,
    /// Interior number.
    interior: Option<String>,
    /// Neighborhood (colonia).
    neighborhood: String,
    /// City.
    city: String,
    /// Municipality.
    municipality: String,
    /// Postal code.
    zip: String,
    /// State.
    state: String,
    /// Country, an ISO 3166-1 alpha-3 code; `""` if unknown.
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
