//! Answers with warnings.

use padron_domain::{Error, Finding};
use padron_dto::customer::{FieldPointers, WithWarnings};
use padron_http::{
    EntityTag, Output, Reply, Request,
    openapi::{Operation, Schemas},
};
use schemars::JsonSchema;
use serde::Serialize;

/// 200 with a customer that was written, and what may be wrong with it.
///
/// The entity tag covers the customer only, so it equals the one that reading the customer returns.
#[derive(Debug)]
pub struct Warned<T> {
    version: u64,
    body: WithWarnings<T>,
}

impl<T> Warned<T> {
    /// Creates the answer of a version of a customer. `pointers` says where the fields are in it.
    pub(crate) fn new(version: u64, customer: T, warnings: Vec<Finding>, pointers: FieldPointers) -> Self {
        Self { version, body: WithWarnings::new(customer, warnings, pointers) }
    }
}

impl<T: Serialize + JsonSchema> Output for Warned<T> {
    fn reply(self, request: &Request<'_>) -> Result<Reply, Error> {
        let customer = Reply::json(200, &self.body.customer)?;
        let tag = EntityTag::new(self.version, customer.body());
        Ok(Reply::json(200, &self.body)?.entity_tag(tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<WithWarnings<T>>()));
        operation.versioned();
    }
}
