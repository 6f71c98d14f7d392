//! Endpoints, and the registrations that make them known.

use std::{pin::Pin, time::Duration};

use padron_domain::{Error, Failure, Role, Scope};
use padron_store::{Action, Store};

use crate::{
    access::{Access, Authorization},
    context::{Context, EndpointInfo, Redact},
    describe::{Operation, Schemas},
    entity_tag,
    idempotency::{self, IDEMPOTENCY_KEY_REUSED},
    input::{Input, LazyInput},
    output::Output,
    parameter::{ParameterDescription, PathParameterDescription},
    problem::ErrorFormat,
    response::Response,
    route::{METHOD_NOT_ALLOWED, Method, ROUTE_NOT_FOUND, Route},
};

/// An environment variable of one function.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The name of the variable.
    pub name: &'static str,
    /// The parameter of the template that sets it.
    pub parameter: &'static str,
}

/// One operation of the API: its route, its access check, its input, its output and its handler.
pub trait Endpoint: Send + Sync + 'static {
    /// The route.
    const ROUTE: Route;
    /// One sentence for the API description.
    const SUMMARY: &'static str;
    /// The scope that a credential with scopes needs; `None` if no scope allows the endpoint, or it needs none.
    const SCOPE: Option<Scope>;
    /// Whether API keys are accepted.
    const ACCEPTS_KEYS: bool;
    /// The failures of the handler, beside those of access and input.
    const FAILURES: &'static [&'static [Failure]] = &[];
    /// The store actions of the handler, beside those of access.
    const ACTIONS: &'static [&'static [Action]] = &[];
    /// Removes from a recorded response what a member with a lower role may not see: the response was given to someone who may have had a
    /// higher role then.
    const REDACT: Option<Redact> = None;
    /// Whether the handler recognizes a request that is sent again by its idempotency key, although no response is recorded.
    const RECOGNIZES_REPETITIONS: bool = false;
    /// The format of the responses of failures.
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;
    /// The environment variables that only this function has, such as secrets.
    const VARIABLES: &'static [Variable] = &[];
    /// The memory of the function in MB, and with it its share of a processor.
    const MEMORY: u16 = Registration::MEMORY;
    /// The maximum time of a request in seconds. The function's timeout is a second longer, and API Gateway's are 30 seconds.
    const TIME_LIMIT: u8 = Registration::TIME_LIMIT;
    /// The access check. It is a parameter of [`Endpoint::handle`], so it cannot be forgotten.
    type Access: Access<Self::Input>;
    /// The input.
    type Input: Input;
    /// The output.
    type Output: Output;

    /// Handles a request.
    fn handle(
        cx: &Context<'_>,
        access: Self::Access,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// Handles a request of one endpoint, whose types are erased.
pub type RunEndpoint =
    for<'a> fn(&'a Context<'a>) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

pub(crate) fn run<'a, E: Endpoint>(
    cx: &'a Context<'a>,
) -> Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>> {
    Box::pin(async move {
        let mut retries = cx.retries();
        let outcome = loop {
            match run_once::<E>(cx).await {
                Err(error) if error.is_retryable() && retries.wait().await => {}
                Err(error) => break replay_or_fail(cx, error).await,
                answered => break answered,
            }
        };
        // Not before: the transaction may depend on the key's item.
        if let Some(key_use) = cx.take_unrecorded_use() {
            key_use.record(cx).await;
        }
        outcome
    })
}

/// Replays the recorded response if there is one by now: a duplicate of this request may have been committed while this one was reading, so
/// that the failure is the effect of the request itself.
async fn replay_or_fail(cx: &Context<'_>, error: Error) -> Result<Response, Error> {
    let is_internal = matches!(error.failure(), Failure::UNAVAILABLE | Failure::INTERNAL);
    match cx.idempotency_id() {
        Some(id) if !is_internal => match idempotency::read_and_replay(cx, id).await {
            Ok(Some(response)) => Ok(response),
            _ => Err(error),
        },
        _ => Err(error),
    }
}

/// Checks and handles a request, in the order that all endpoints share: access, input, handler.
async fn run_once<E: Endpoint>(cx: &Context<'_>) -> Result<Response, Error> {
    let input = LazyInput::new(cx.request);
    let access = match E::Access::authorize(cx, &input).await {
        Ok(Authorization::Granted(access)) => access,
        Ok(Authorization::Replayed(response)) => return Ok(response),
        Err(error) => {
            // The use of a key that is refused is not recorded.
            cx.set_unrecorded_use(None);
            return Err(error);
        }
    };
    let input = input.into_result()?;
    E::handle(cx, access, input).await?.into_response(cx.request)
}

/// An endpoint as router, tests and API description know it.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// The route.
    pub route: Route,
    /// Whether everyone is admitted, as in [`Access::IS_PUBLIC`].
    pub is_public: bool,
    /// Whether the user whom the path names is admitted in any role, as in [`Access::ADMITS_SELF`].
    pub admits_self: bool,
    /// Handles a request.
    pub run: RunEndpoint,
    /// Returns the path of the endpoint's type, as its binary names it.
    pub type_name: fn() -> &'static str,
    /// The environment variables that only this function has.
    pub variables: &'static [Variable],
    /// The memory of the function in MB.
    pub memory: u16,
    /// The maximum time of a request.
    pub time_limit: Duration,
    pub(crate) info: EndpointInfo,
    /// Whether only API keys are admitted, as in [`Access::REQUIRES_KEY`].
    pub requires_key: bool,
    /// The request headers that the access check reads, as in [`Access::HEADERS`].
    pub headers: &'static [ParameterDescription],
    actions: [&'static [&'static [Action]]; 4],
    app_failures: &'static [Failure],
    key_failures: &'static [Failure],
    access_failures: &'static [&'static [Failure]],
    write_failures: &'static [Failure],
    input_failures: &'static [Failure],
    handler_failures: [&'static [&'static [Failure]]; 2],
    /// Describes the endpoint; `None` in the binary that serves it.
    describe: Option<fn(&Registration, &mut Schemas) -> Operation>,
}

impl Registration {
    /// The memory in MB of a function that needs no more.
    pub const MEMORY: u16 = 256;
    /// The maximum time of a request in seconds, unless an endpoint needs more.
    pub const TIME_LIMIT: u8 = 9;

    /// Registers an endpoint.
    pub const fn of<E: Endpoint>() -> Self {
        Self { describe: Some(describe::<E>), ..Self::to_serve::<E>() }
    }

    /// Registers an endpoint that is only served: its binary does not contain the code that describes it.
    pub(crate) const fn to_serve<E: Endpoint>() -> Self {
        const { assert_path_is_read::<E>() };
        const { assert_scope_fits::<E>() };
        let is_post = matches!(E::ROUTE.method, Some(Method::Post));
        Self {
            route: E::ROUTE,
            is_public: E::Access::IS_PUBLIC,
            admits_self: E::Access::ADMITS_SELF,
            run: run::<E>,
            type_name: std::any::type_name::<E>,
            variables: E::VARIABLES,
            memory: E::MEMORY,
            time_limit: Duration::from_secs(E::TIME_LIMIT as u64),
            info: EndpointInfo {
                function: E::ROUTE.function,
                is_write: E::Output::IS_WRITE,
                takes_idempotency_keys: is_post,
                records_answers: E::Output::IS_WRITE && is_post,
                recognizes_repetitions: E::RECOGNIZES_REPETITIONS,
                least_role: E::Access::LEAST_ROLE,
                scope: E::SCOPE,
                accepts_keys: E::ACCEPTS_KEYS,
                error_format: E::ERROR_FORMAT,
                is_at_root: E::ROUTE.is_at_root,
                redact: E::REDACT,
                fingerprint_input: E::Input::fingerprint_input,
            },
            requires_key: E::Access::REQUIRES_KEY,
            headers: E::Access::HEADERS,
            actions: [
                E::Access::ACTIONS,
                E::ACTIONS,
                &[E::Output::ACTIONS],
                match (E::Access::IS_PUBLIC, E::ACCEPTS_KEYS) {
                    (true, _) => &[],
                    (false, false) => &[Store::VERIFY_API_KEY],
                    (false, true) => &[Store::VERIFY_API_KEY, Store::USE_API_KEY],
                },
            ],
            app_failures: match (E::Access::IS_PUBLIC || E::Access::REQUIRES_KEY, E::SCOPE) {
                (true, _) => &[],
                (false, None) => &[Failure::APPS_NOT_ACCEPTED],
                (false, Some(_)) => match E::Access::LEAST_ROLE {
                    Some(_) => &[Failure::INSUFFICIENT_SCOPE, Failure::ORGANIZATION_MISMATCH],
                    None => {
                        &[Failure::INSUFFICIENT_SCOPE, Failure::ORGANIZATION_MISMATCH, Failure::USER_REQUIRED]
                    }
                },
            },
            key_failures: match (E::Access::IS_PUBLIC, E::ACCEPTS_KEYS) {
                (true, _) => &[],
                (false, false) => &[Failure::KEYS_NOT_ACCEPTED],
                (false, true) => &[
                    Failure::IP_NOT_ALLOWED,
                    Failure::INSUFFICIENT_SCOPE,
                    Failure::RATE_LIMITED,
                    Failure::ORGANIZATION_MISMATCH,
                ],
            },
            access_failures: E::Access::FAILURES,
            write_failures: if E::Output::IS_WRITE { E::Access::WRITE_FAILURES } else { &[] },
            input_failures: E::Input::FAILURES,
            handler_failures: [E::FAILURES, &[E::Output::FAILURES]],
            describe: None,
        }
    }

    /// Returns the least role that is admitted, as in [`Access::LEAST_ROLE`].
    pub fn least_role(&self) -> Option<Role> {
        self.info.least_role
    }

    /// Returns the scope that a credential with scopes needs, as in [`Endpoint::SCOPE`].
    pub fn scope(&self) -> Option<Scope> {
        self.info.scope
    }

    /// Returns whether API keys are accepted, as in [`Endpoint::ACCEPTS_KEYS`].
    pub fn accepts_keys(&self) -> bool {
        self.info.accepts_keys
    }

    /// Returns whether tokens of OAuth apps are accepted: where a scope allows it.
    pub fn accepts_apps(&self) -> bool {
        !self.is_public && self.info.scope.is_some()
    }

    /// Returns the store actions of the function, sorted and without duplicates.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = self.actions.concat().concat();
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// Returns the failures of the access check, the input, the handler and its output.
    pub fn failures(&self) -> Vec<Failure> {
        let access = self.access_failures.iter().copied().flatten().chain(self.write_failures);
        let of_credentials = self.app_failures.iter().chain(self.key_failures);
        let mut failures: Vec<Failure> = access.chain(of_credentials).copied().collect();
        failures.extend(self.own_failures());
        failures.extend(self.input_failures);
        if self.info.records_answers {
            failures.push(IDEMPOTENCY_KEY_REUSED);
        }
        failures.extend(EVERYWHERE);
        failures
    }

    /// Returns the failures of the handler and its output.
    pub fn own_failures(&self) -> Vec<Failure> {
        self.handler_failures.concat().concat()
    }

    /// Returns the endpoint's part of the API description.
    pub(crate) fn describe(&self, schemas: &mut Schemas) -> Option<Operation> {
        self.describe.map(|describe| describe(self, schemas))
    }
}

/// The failures that every endpoint can have: a defect, and a missed deadline.
const EVERYWHERE: &[Failure] = &[Failure::INTERNAL, Failure::UNAVAILABLE];

fn describe<E: Endpoint>(registration: &Registration, schemas: &mut Schemas) -> Operation {
    let mut operation = Operation::new(E::ROUTE, E::SUMMARY, E::Access::DESCRIPTION);
    let path: Vec<PathParameterDescription> = [E::Access::PATH, &[E::Input::PATH]].concat().concat();
    operation.path_parameters(&path);
    if E::Access::IS_PUBLIC {
        operation.is_public();
    } else {
        operation.security(!E::Access::REQUIRES_KEY, E::ACCEPTS_KEYS, E::SCOPE);
    }
    if E::ACCEPTS_KEYS {
        operation.is_rate_limited();
    }
    for header in E::Access::HEADERS {
        operation.header(header);
    }
    E::Input::describe(&mut operation, schemas);
    E::Output::describe(&mut operation, schemas);
    let mut failures = registration.failures();
    if E::ROUTE.parameters().next().is_some() {
        // In a parameter, an escaped slash begins another segment, and an escaped question mark ends the path.
        failures.extend([ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED]);
    }
    if registration.info.records_answers || registration.info.recognizes_repetitions {
        operation.header(&idempotency::HEADER_DESCRIPTION);
    }
    if failures.contains(&Failure::PRECONDITION_FAILED) {
        operation.header(&entity_tag::IF_MATCH);
    }
    operation.failures(&failures, E::ERROR_FORMAT, schemas);
    operation
}

/// Fails to compile if scope and access contradict each other.
const fn assert_scope_fits<E: Endpoint>() {
    assert!(!E::Access::IS_PUBLIC || E::SCOPE.is_none(), "an endpoint for everyone needs no scope");
    assert!(!E::Access::IS_PUBLIC || !E::ACCEPTS_KEYS, "an endpoint for everyone looks at no API key");
    assert!(
        !E::ACCEPTS_KEYS || E::SCOPE.is_some() || E::Access::REQUIRES_KEY,
        "an endpoint that accepts API keys requires a scope"
    );
    assert!(
        !E::ACCEPTS_KEYS || !matches!(E::Access::LEAST_ROLE, Some(Role::Owner)),
        "an API key is never an owner: an endpoint for owners does not accept it"
    );
}

/// Fails to compile if nobody reads a parameter of the path, or if one that is read is not there.
const fn assert_path_is_read<E: Endpoint>() {
    let mut read = 0;
    let mut list = 0;
    while list < E::Access::PATH.len() {
        read += count_in_path(E::ROUTE.path, E::Access::PATH[list]);
        list += 1;
    }
    read += count_in_path(E::ROUTE.path, E::Input::PATH);
    assert!(
        read == E::ROUTE.count_parameters(),
        "a parameter of the path is read by neither access, nor resource, nor input"
    );
}

const fn count_in_path(path: &str, parameters: &[PathParameterDescription]) -> usize {
    let mut index = 0;
    while index < parameters.len() {
        assert!(has_parameter(path, parameters[index].name), "the path lacks a parameter that is read");
        index += 1;
    }
    parameters.len()
}

/// Returns whether a path contains `{name}`.
const fn has_parameter(path: &str, name: &str) -> bool {
    let (path, name) = (path.as_bytes(), name.as_bytes());
    let mut start = 0;
    while start + name.len() + 2 <= path.len() {
        let mut matched = 0;
        while path[start] == b'{' && matched < name.len() && path[start + 1 + matched] == name[matched] {
            matched += 1;
        }
        if matched == name.len() && path[start + 1 + matched] == b'}' {
            return true;
        }
        start += 1;
    }
    false
}
