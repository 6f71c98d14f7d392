//! Customers in files: the whole record, in Timbrix's field names where Timbrix has the field.

use std::mem::take;

use padron_domain::{
    Billing, Categorization, Customer, CustomerField, CustomerId, CustomerNumber, CustomerReference,
    CustomerStatus, Finance, Notification, Patch, Payout, Person, Timestamp, Violation,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    timbrix::{self, CustomerFields, CustomerResponse},
    write::{CustomerBody, FieldPointers, apply_optional, apply_or_default},
};
use crate::Body;

/// The whole record of a customer, as an export contains it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRecord {
    #[serde(flatten)]
    customer: CustomerResponse,
    contact_name: Option<String>,
    billing: Billing,
    payout: Option<Payout>,
    finance: Finance,
    locations: Vec<i64>,
    status: CustomerStatus,
    categorization: Categorization,
    notifications: Vec<Notification>,
    person: Person,
}

impl From<Customer> for CustomerRecord {
    fn from(mut customer: Customer) -> Self {
        Self {
            contact_name: take(&mut customer.contact_name),
            billing: take(&mut customer.billing),
            payout: take(&mut customer.payout),
            finance: take(&mut customer.finance),
            locations: take(&mut customer.locations),
            status: customer.status,
            categorization: customer.categorization,
            notifications: take(&mut customer.notifications),
            person: take(&mut customer.person),
            // Timbrix's dialect has none of these.
            customer: customer.into(),
        }
    }
}

/// The fields of a record that only an import can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportedFields {
    /// The id of the customer.
    pub id: Option<String>,
    /// The number of the customer.
    pub number: Option<CustomerNumber>,
    /// When the customer was created.
    pub created_at: Option<Timestamp>,
    /// When the customer was last written.
    pub updated_at: Option<Timestamp>,
    contact_name: Patch<String>,
    billing: Patch<Billing>,
    payout: Patch<Payout>,
    finance: Patch<Finance>,
    locations: Patch<Vec<i64>>,
    status: Patch<CustomerStatus>,
    categorization: Patch<Categorization>,
    notifications: Patch<Vec<Notification>>,
    person: Patch<Person>,
}

impl ImportedFields {
    /// The names of the fields.
    pub const NAMES: [&'static str; 13] = [
        "id",
        "number",
        "createdAt",
        "updatedAt",
        "contactName",
        "billing",
        "payout",
        "finance",
        "locations",
        "status",
        "categorization",
        "notifications",
        "person",
    ];
}

/// A row of an import.
#[derive(Clone, Debug, Default)]
pub struct CustomerRow {
    /// The fields that only an import can set.
    pub imported: ImportedFields,
    /// The fields of Timbrix's dialect.
    pub fields: CustomerFields,
    /// Whether the row names a country.
    pub has_country: bool,
}

impl CustomerRow {
    /// Returns the id of the customer in the caller's own system; `None` if the row has none.
    pub fn external_id(&self) -> Option<&str> {
        self.fields.external_id()
    }

    /// Returns the id; `None` if the row has none. Fails if it is not an id.
    pub fn id(&self) -> Result<Option<CustomerId>, Violation> {
        let invalid = || Violation {
            pointer: "/id".into(),
            code: "invalid_format",
            detail: "An id has 24 hexadecimal digits. Your own ids belong in `externalId`.".into(),
        };
        let id = self.imported.id.as_deref().filter(|id| !id.is_empty());
        id.map(|id| CustomerId::parse(id).ok_or_else(invalid)).transpose()
    }
}

impl Body for CustomerRow {}

/// The rules for invoices do not apply: files contain customers who were never invoiced.
impl CustomerBody for CustomerRow {
    const CHECKS_INVOICE_RULES: bool = false;

    fn pointers(&self) -> FieldPointers {
        FieldPointers { within: "", of: if self.fields.is_flat() { flat } else { nested } }
    }

    fn parent(&self) -> &Patch<CustomerReference> {
        self.fields.parent()
    }

    fn others(&self) -> &Map<String, Value> {
        self.fields.others()
    }

    fn write(self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>) {
        let Self { imported, fields, has_country } = self;
        let is_from_export = imported.number.is_some();
        fields.write(customer, is_new, violations);
        // Without a number the row comes from another system, whose customers are in Mexico unless it says otherwise.
        if is_new && is_from_export && !has_country {
            customer.country = None;
        }
        apply_optional(&mut customer.contact_name, imported.contact_name);
        apply_or_default(&mut customer.billing, imported.billing);
        match imported.payout {
            Patch::Keep => {}
            Patch::Clear => customer.payout = None,
            Patch::Set(payout) => customer.payout = Some(payout),
        }
        apply_or_default(&mut customer.finance, imported.finance);
        apply_or_default(&mut customer.locations, imported.locations);
        apply_or_default(&mut customer.status, imported.status);
        apply_or_default(&mut customer.categorization, imported.categorization);
        apply_or_default(&mut customer.notifications, imported.notifications);
        apply_or_default(&mut customer.person, imported.person);
    }
}

fn nested(field: CustomerField) -> &'static str {
    pointer((timbrix::POINTERS.of)(field), field)
}

fn flat(field: CustomerField) -> &'static str {
    pointer((timbrix::FLAT_POINTERS.of)(field), field)
}

/// Returns the pointer of a field in a row, given the one of Timbrix's dialect, which lacks some of the fields.
fn pointer(of_timbrix: &'static str, field: CustomerField) -> &'static str {
    match field {
        CustomerField::ContactName => "/contactName",
        CustomerField::Billing => "/billing",
        CustomerField::InvoiceEmail => "/billing/invoiceEmail",
        CustomerField::Payout => "/payout",
        CustomerField::Finance => "/finance",
        CustomerField::Locations => "/locations",
        CustomerField::Status => "/status",
        CustomerField::Categorization => "/categorization",
        CustomerField::Notifications => "/notifications",
        CustomerField::Person => "/person",
        _ => of_timbrix,
    }
}
