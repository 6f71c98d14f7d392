//! The endpoint `POST /customer/createBulk`, which creates several customers in Cyrexa's dialect, independently of each other.

use std::time::Duration;

use padron_domain::{Customer, CustomerId, CustomerNumber, Error, EventData, Failure, Scope, Violation};
use padron_dto::{
    New,
    customer::cyrexa::{CustomerEnvelope, CustomerFields},
};
use padron_http::{
    Context, Endpoint, Input, MultiStatus, PAYLOAD_TOO_LARGE, Request, Route, SizeLimited,
    UNSUPPORTED_MEDIA_TYPE, decode_json_array, from_value, json_bytes,
    openapi::{Operation, Schemas},
    size_violations, status, without_secrets,
};
use padron_store::{Action, CustomerIdentity, Store, sha256};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::access::MemberByTenant;
use crate::write::{NewCustomer, check_new};

/// The endpoint that creates several customers in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaCreateBulk;

/// The maximum number of customers of a request.
const MAX_CUSTOMERS: usize = 100;
/// The time that is kept in reserve for the response. When less of the request's time is left, no customer is created any more.
const RESERVE: Duration = Duration::from_secs(3);
/// The maximum size of a request, in bytes.
const MAX_SIZE: usize = 1024 * 1024;

/// The customers of a request, each of which may be wrong.
#[derive(Debug)]
pub struct NewCustomers(Vec<Value>);

impl Input for NewCustomers {
    const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let customers: Vec<Map<String, Value>> = decode_json_array(&json_bytes(request, MAX_SIZE)?)?;
        if customers.is_empty() || customers.len() > MAX_CUSTOMERS {
            return Err(Error::invalid("", "invalid_length", "An array of 1 to 100 customers."));
        }
        Ok(Self(customers.into_iter().map(Value::Object).collect()))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let items = schemas.bounded_request::<New<CustomerFields>>();
        operation.body(&json!({ "type": "array", "minItems": 1, "maxItems": MAX_CUSTOMERS, "items": items }));
    }
}

/// The results of a request that creates several customers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCreationResults")]
pub struct CreationResults {
    /// One result for each customer, in the order of the request.
    results: Vec<CreationResult>,
}

/// The result of one customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCreationResult")]
struct CreationResult {
    /// Position of the customer in the request, from 0 on.
    index: usize,
    /// HTTP status that the customer would have had in a request of its own: 201, or the status of the failure.
    status: u16,
    /// The created customer. Absent if it failed.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    created: Option<CustomerEnvelope>,
    /// Stable code of the failure. Absent if the customer was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What to do about the failure. Absent if the customer was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What is wrong with the customer. Absent if nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<CreationError>,
}

/// What is wrong with a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CyrexaCreationError")]
#[schemars(extend("examples" = [{ "pointer": "/person/email", "code": "invalid_format", "detail": "An e-mail address, such as name@example.com." }]))]
struct CreationError {
    /// JSON pointer of the field.
    pointer: String,
    /// Stable code.
    code: &'static str,
    /// What to do about it.
    detail: String,
}

impl CreationResult {
    fn new(index: usize, outcome: Result<Customer, Error>) -> Self {
        let error = match outcome {
            Ok(customer) => {
                let created = Some(CustomerEnvelope::from(customer));
                return Self { index, status: 201, created, code: None, detail: None, errors: Vec::new() };
            }
            Err(error) => error,
        };
        let failure = error.failure();
        let errors = error.violations().iter().cloned();
        let errors =
            errors.map(|Violation { pointer, code, detail }| CreationError { pointer, code, detail });
        let errors: Vec<CreationError> = errors.collect();
        Self {
            index,
            status: status(failure),
            created: None,
            code: Some(failure.code()),
            detail: Some(error.advice().to_owned()),
            errors,
        }
    }
}

impl Endpoint for CyrexaCreateBulk {
    const ROUTE: Route = Route::post("cyrexa-create-bulk", "/customer/createBulk");
    const SUMMARY: &'static str =
        "Creates up to a hundred customers in the format of Cyrexa, independently of each other";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::CUSTOMER, Store::NEW_CUSTOMER, Store::IDENTIFIED_CUSTOMERS];
    const RECOGNIZES_REPETITIONS: bool = true;
    const TIME_LIMIT: u8 = 25;
    type Access = MemberByTenant;
    type Input = NewCustomers;
    type Output = MultiStatus<CreationResults>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant,
        NewCustomers(customers): NewCustomers,
    ) -> Result<Self::Output, Error> {
        let mut results: Vec<CreationResult> = Vec::with_capacity(customers.len());
        for (index, body) in customers.into_iter().enumerate() {
            cx.renew_now();
            let outcome = if cx.has_time(RESERVE) {
                create_one(cx, &member, index, &body).await
            } else {
                Err(Error::unavailable("no time was left"))
            };
            // As long as nothing was written, a failure that is not about a customer is the response to the request.
            let outcome = match outcome {
                Err(error)
                    if is_of_request(&error) && results.iter().all(|result| result.created.is_none()) =>
                {
                    return Err(error);
                }
                outcome => outcome,
            };
            results.push(CreationResult::new(index, outcome));
        }
        Ok(MultiStatus(CreationResults { results }))
    }
}

/// Returns whether a failure concerns the whole request and not only one customer.
fn is_of_request(error: &Error) -> bool {
    matches!(error.failure(), Failure::UNAVAILABLE | Failure::INTERNAL)
}

/// Creates a customer, unless an earlier attempt of the same request has created it.
///
/// With an idempotency key, its id is made from the key, the position and the body, so that another attempt finds it.
async fn create_one(
    cx: &Context<'_>,
    member: &MemberByTenant,
    index: usize,
    body: &Value,
) -> Result<Customer, Error> {
    let organization = member.organization().id;
    let own_id = cx.idempotency_id().and_then(|key| {
        let body = without_secrets::<CustomerFields>(body).to_string();
        let hash = sha256(&[key.as_bytes(), &index.to_be_bytes(), body.as_bytes()]);
        CustomerId::parse(&hash[..24])
    });
    let mut retries = cx.retries();
    loop {
        if let Some(id) = &own_id {
            let identity = CustomerIdentity::Id(id.clone());
            let found = cx.store().identified_customers(organization, &[identity]).await?;
            if let Some(customer) = found.into_iter().flatten().next() {
                return Ok(customer);
            }
        }
        let number = CustomerNumber::random_from_timestamp(cx.now())
            .ok_or_else(|| Error::internal("the clock is wrong"))?;
        let id = own_id.clone().unwrap_or_else(|| CustomerId::random(number));
        let blank = Customer::new(organization, number, id, cx.now());
        let value: New<CustomerFields> = from_value(body.clone())?;
        let body = SizeLimited { value, violations: size_violations(body) };
        let NewCustomer { customer, .. } = check_new(cx, &blank, body, false).await?;
        let created = EventData::CustomerCreated { customer_id: customer.id.clone(), number };
        let event = cx.event(member.principal(), organization, created);
        let committed = cx.store().new_customer(&customer, &event)?.commit().await;
        match committed.map_err(Error::from) {
            Err(error) if error.is_retryable() && retries.wait().await => {}
            outcome => return outcome.map(|()| customer),
        }
    }
}
