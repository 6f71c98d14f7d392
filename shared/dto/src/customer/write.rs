//! What the dialects have in common when they write a customer.

use padron_domain::{Customer, CustomerField, CustomerReference, Finding, Patch, Violation};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

/// A customer as one of the dialects writes it. It changes the fields that the dialect can express; the others stay.
pub trait CustomerBody {
    /// Whether what it writes must be fit for invoices.
    const IS_FOR_INVOICES: bool;
    /// Whether it writes countries in words, too.
    const HAS_COUNTRY_IN_WORDS: bool = false;

    /// Where its fields are.
    fn pointers(&self) -> FieldPointers;

    /// What it says of the customer it belongs to.
    fn parent(&self) -> &Patch<CustomerReference>;

    /// The fields beside those that it can change.
    fn others(&self) -> &Map<String, Value>;

    /// Writes everything but the parent; adds what it says that cannot be. `is_new`: what is left out becomes what the dialect
    /// takes it for, and what may not be left out is demanded.
    fn write(self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>);
}

/// Where a body has the fields of the record.
#[derive(Clone, Copy, Debug)]
pub struct FieldPointers {
    /// The pointer of the object that holds them all.
    pub within: &'static str,
    /// The pointer of each from there.
    pub of: fn(CustomerField) -> &'static str,
}

impl FieldPointers {
    /// The pointer of a field.
    pub fn pointer(self, field: CustomerField) -> String {
        format!("{}{}", self.within, (self.of)(field))
    }

    /// A finding, where this body has it. One that a dialect cannot say does not fit the country that it says.
    pub fn violation(self, finding: Finding) -> Violation {
        let Finding { field, code, detail } = finding;
        let is_said = !(self.of)(field).is_empty();
        let field = if is_said { field } else { CustomerField::Country };
        Violation { pointer: self.pointer(field), code, detail: detail.into() }
    }
}

/// Something to look at again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Warning {
    /// JSON pointer to what it is about.
    pub pointer: String,
    /// Stable, for programs.
    pub code: &'static str,
    /// What it is.
    pub detail: &'static str,
}

/// A customer that was written, with what may not be right about it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}WithWarnings")]
pub struct WithWarnings<T> {
    /// The customer.
    #[serde(flatten)]
    pub customer: T,
    /// What may be right, and often is not: none of it is refused.
    pub warnings: Vec<Warning>,
}

impl<T> WithWarnings<T> {
    /// The customer with its warnings, as this dialect has its fields.
    pub fn new(customer: T, findings: Vec<Finding>, pointers: FieldPointers) -> Self {
        let warning =
            |Finding { field, code, detail }| Warning { pointer: pointers.pointer(field), code, detail };
        Self { customer, warnings: findings.into_iter().map(warning).collect() }
    }
}

/// What is accepted and never kept: not read, not hashed, not logged.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Dropped;

impl<'de> Deserialize<'de> for Dropped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Writes a text; `null` empties it.
pub(crate) fn set(field: &mut String, patch: Patch<String>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => field.clear(),
        Patch::Set(text) => *field = text,
    }
}

/// Writes a text that need not be there; `null` and `""` take it away.
pub(crate) fn set_optional(field: &mut Option<String>, patch: Patch<String>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = None,
        Patch::Set(text) => *field = Some(text).filter(|text| !text.is_empty()),
    }
}

/// Writes a text that is never empty; `null` and `""` make it what it is by default.
pub(crate) fn set_or(field: &mut String, patch: Patch<String>, default: String) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = default,
        Patch::Set(text) => *field = if text.is_empty() { default } else { text },
    }
}

/// Writes a value; `null` makes it what it is by default.
pub(crate) fn set_value<T: Default>(field: &mut T, patch: Patch<T>) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = T::default(),
        Patch::Set(value) => *field = value,
    }
}

/// Adds that something required is missing.
pub(crate) fn demand(violations: &mut Vec<Violation>, pointer: String, detail: &str) {
    violations.push(Violation { pointer, code: "required", detail: detail.into() });
}
