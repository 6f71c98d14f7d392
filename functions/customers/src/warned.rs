//! Responses with warnings.

use padron_domain::{Error, Finding};
use padron_dto::customer::{FieldPointers, WithWarnings};
use padron_http::{
    EntityTag, Output, Request, Response,
    openapi::{Operation, Schemas},
};
use schemars::JsonSchema;
use serde::Serialize;

/// A response with status 200: the customer that was written, and warnings about values that may be wrong.
///
/// The entity tag covers the customer only, so it equals the tag that reading the customer returns.
#[derive(Debug)]
pub struct WithWarningsResponse<T> {
    version: u64,
    body: WithWarnings<T>,
}

impl<T> WithWarningsResponse<T> {
    /// Creates the response for a version of a customer. `pointers` are the JSON pointers of the fields in that customer.
    pub(crate) fn new(version: u64, customer: T, warnings: Vec<Finding>, pointers: FieldPointers) -> Self {
        Self { version, body: WithWarnings::new(customer, warnings, pointers) }
    }
}

impl<T: Serialize + JsonSchema> Output for WithWarningsResponse<T> {
    fn into_response(self, request: &Request<'_>) -> Result<Response, Error> {
        let customer = Response::json(200, &self.body.customer)?;
        let tag = EntityTag::new(self.version, customer.body());
        Ok(Response::json(200, &self.body)?.entity_tag(tag, request))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("200", Some(&schemas.response::<WithWarnings<T>>()));
        operation.versioned();
    }
}
