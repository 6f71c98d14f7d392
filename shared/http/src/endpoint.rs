//! What an endpoint is, and the list entry that makes it known.

use std::{borrow::Cow, pin::Pin};

use padron_domain::{Error, Failure, Role};
use padron_store::Action;
use serde_json::Value;

use crate::{
    access::{Access, Entered, Rule},
    app::Context,
    event::Request,
    input::Input,
    openapi::{Operation, Schemas},
    reply::{Output, Reply},
    route::{Method, Route},
};

/// One operation of the API, whole: where it is reached, who may call it, what it takes, what it does.
pub trait Endpoint: Send + Sync + 'static {
    /// Where it is reached.
    const ROUTE: Route;
    /// One sentence for the API's description.
    const SUMMARY: &'static str;
    /// What else can go wrong, beside what access and input bring with them.
    const FAILURES: &'static [&'static [Failure]] = &[];
    /// What the store needs for it, beside what access brings with it.
    const ACTIONS: &'static [&'static [Action]] = &[];
    /// Takes out of an answer that was kept what a member of that role does not see. The answer was given to someone who may have
    /// had a higher role then.
    const REDACT: Option<Redact> = None;
    /// Memory of its function in MB, and with it its share of a processor.
    const MEMORY: u16 = Registration::MEMORY;
    /// Who may call it. A parameter of [`Endpoint::handle`], so the check cannot be forgotten.
    type Access: Access;
    /// What it takes.
    type Input: Input;
    /// What it answers.
    type Output: Output;

    /// Does it.
    fn handle(
        cx: &Context<'_>,
        access: Self::Access,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// An endpoint's work on one request, its types forgotten.
pub type Run = for<'a> fn(&'a Context<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

/// Takes out of the body of an answer what a member of that role does not see, and returns whether there was any of it.
pub type Redact = fn(&mut Value, Role) -> bool;

/// What of a request's body tells it from another one.
pub(crate) type FingerprintInput = for<'r> fn(&'r Request<'_>) -> Cow<'r, [u8]>;

pub(crate) fn run<'a, E: Endpoint>(
    cx: &'a Context<'a>,
) -> Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>> {
    Box::pin(async move {
        let mut retries = cx.retries();
        loop {
            match once::<E>(cx).await {
                Err(error) if error.is_retryable() && retries.wait().await => {}
                Err(error) => return refused(cx, error).await,
                answered => return answered,
            }
        }
    })
}

/// A refusal is final unless the same request has succeeded by now: its twin may have been committed while this one was reading,
/// and what refuses it is its own effect.
async fn refused(cx: &Context<'_>, error: Error) -> Result<Reply, Error> {
    let is_ours = matches!(error.failure(), Failure::Unavailable | Failure::Internal);
    match cx.claim() {
        Some(claim) if !is_ours => match claim.replay_if_kept(cx).await {
            Ok(Some(reply)) => Ok(reply),
            _ => Err(error),
        },
        _ => Err(error),
    }
}

/// The order of checks, the same for all: who is calling, may they, what do they send.
async fn once<E: Endpoint>(cx: &Context<'_>) -> Result<Reply, Error> {
    let access = match E::Access::authorize(cx).await? {
        Entered::Granted(access) => access,
        Entered::Replayed(reply) => return Ok(reply),
    };
    let input = E::Input::decode(cx.request)?;
    E::handle(cx, access, input).await?.reply(cx.request)
}

/// An endpoint in a list: what router, tests and API description know of it.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// Where it is reached.
    pub route: Route,
    /// Who may call it.
    pub rule: Rule,
    /// Its work on one request.
    pub run: Run,
    /// Path of its type, as its binary names it.
    pub type_name: fn() -> &'static str,
    /// Memory of its function in MB.
    pub memory: u16,
    /// Whether it changes anything.
    pub(crate) is_write: bool,
    /// Whether it keeps its answers for requests with an idempotency key that are sent again.
    pub(crate) keeps_answers: bool,
    /// Whether it is a `POST`, which a client may want to send again without doing it twice.
    pub(crate) takes_idempotency_keys: bool,
    /// Takes out of a kept answer what its reader does not see.
    pub(crate) redact: Option<Redact>,
    /// What of a body tells one request from another.
    pub(crate) fingerprint_input: FingerprintInput,
    actions: [&'static [&'static [Action]]; 3],
    /// Describes it, where a description can be asked for.
    describe: Option<fn(&mut Schemas) -> Operation>,
}

impl Registration {
    /// What a function has that asks for nothing else.
    pub const MEMORY: u16 = 256;

    /// Registers an endpoint.
    pub const fn of<E: Endpoint>() -> Self {
        Self { describe: Some(Operation::of::<E>), ..Self::to_serve::<E>() }
    }

    /// Registers an endpoint that is only to be served: its binary need not hold the code that describes it.
    pub(crate) const fn to_serve<E: Endpoint>() -> Self {
        Self {
            route: E::ROUTE,
            rule: E::Access::RULE,
            run: run::<E>,
            type_name: std::any::type_name::<E>,
            memory: E::MEMORY,
            is_write: E::Output::IS_WRITE,
            keeps_answers: E::Output::IS_WRITE && matches!(E::ROUTE.method, Some(Method::Post)),
            takes_idempotency_keys: matches!(E::ROUTE.method, Some(Method::Post)),
            redact: E::REDACT,
            fingerprint_input: E::Input::fingerprint_input,
            actions: [E::Access::ACTIONS, E::ACTIONS, &[E::Output::ACTIONS]],
            describe: None,
        }
    }

    /// What its function must be allowed to do, each action once, in order.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = self.actions.concat().concat();
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// Its part of the API's description.
    pub(crate) fn describe(&self, schemas: &mut Schemas) -> Option<Operation> {
        self.describe.map(|describe| describe(schemas))
    }
}
