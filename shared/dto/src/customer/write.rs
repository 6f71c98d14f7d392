//! Types and functions that the dialects share for writing customers.

use padron_domain::{Customer, CustomerField, CustomerReference, Finding, Patch, Violation};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Warning, WithWarnings};

/// The body of a request that writes a customer in one of the dialects.
///
/// It changes the fields that the dialect has. The other fields of the customer stay as they are.
pub trait CustomerBody {
    /// Whether the customer must meet the rules for invoices.
    const CHECKS_INVOICE_RULES: bool;
    /// Whether the dialect also accepts countries in words.
    const ACCEPTS_COUNTRY_NAMES: bool = false;

    /// Returns the JSON pointers of the fields in this body.
    fn pointers(&self) -> FieldPointers;

    /// Returns the change to the parent of the customer.
    fn parent(&self) -> &Patch<CustomerReference>;

    /// Returns the fields of the body that it cannot change.
    fn others(&self) -> &Map<String, Value>;

    /// Writes all fields except the parent to `customer`, and adds the violations.
    ///
    /// If `is_new`, omitted fields get the defaults of the dialect, and missing required fields are violations.
    fn write(self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>);
}

/// The JSON pointers of a customer's fields in a body.
#[derive(Clone, Copy, Debug)]
pub struct FieldPointers {
    /// The JSON pointer of the object that holds all the fields.
    pub within: &'static str,
    /// The function that returns the JSON pointer of a field, relative to `within`; empty if the dialect does not have the field.
    pub of: fn(CustomerField) -> &'static str,
}

impl FieldPointers {
    /// Returns the JSON pointer of a field.
    pub fn pointer(self, field: CustomerField) -> String {
        format!("{}{}", self.within, (self.of)(field))
    }

    /// Returns the violation for a finding, with the pointer of its field in this body.
    ///
    /// If the dialect does not have the field, the violation points to the country, because the field does not fit the country.
    pub fn violation(self, finding: Finding) -> Violation {
        let Finding { field, code, detail } = finding;
        let is_said = !(self.of)(field).is_empty();
        let field = if is_said { field } else { CustomerField::Country };
        Violation { pointer: self.pointer(field), code, detail: detail.into() }
    }
}

impl<T> WithWarnings<T> {
    /// Creates the response from a customer and its findings, with the pointers of the dialect.
    pub fn of_customer(customer: T, findings: Vec<Finding>, pointers: FieldPointers) -> Self {
        let warning =
            |Finding { field, code, detail }| Warning { pointer: pointers.pointer(field), code, detail };
        Self { record: customer, warnings: findings.into_iter().map(warning).collect() }
    }
}

/// A value that is accepted and discarded. It is never read, hashed or logged.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Discarded;

impl<'de> Deserialize<'de> for Discarded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Applies a patch to a string. `null` empties it.
pub(crate) fn apply(field: &mut String, patch: Patch<String>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => field.clear(),
        Patch::Set(text) => *field = text,
    }
}

/// Applies a patch to an optional string. `null` and `""` remove it.
pub(crate) fn apply_optional(field: &mut Option<String>, patch: Patch<String>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = None,
        Patch::Set(text) => *field = Some(text).filter(|text| !text.is_empty()),
    }
}

/// Applies a patch to a string that is never empty. `null` and `""` set the default.
pub(crate) fn apply_or(field: &mut String, patch: Patch<String>, default: String) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = default,
        Patch::Set(text) => *field = if text.is_empty() { default } else { text },
    }
}

/// Applies a patch to a value. `null` sets the default.
pub(crate) fn apply_or_default<T: Default>(field: &mut T, patch: Patch<T>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = T::default(),
        Patch::Set(value) => *field = value,
    }
}

/// Adds the violation of a missing required field.
pub(crate) fn push_required(violations: &mut Vec<Violation>, pointer: String, detail: &str) {
    violations.push(Violation { pointer, code: "required", detail: detail.into() });
}
