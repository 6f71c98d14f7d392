//! Writes: committed with the answer that tells of them.

use std::marker::PhantomData;

use padron_auth::Principal;
use padron_domain::{Actor, Error, Event, Failure, Happening, OrganizationId};
use padron_store::{Action, Change};

use crate::{
    app::Context,
    event::Request,
    openapi::{Operation, Schemas},
    reply::{Output, Reply},
    route::Method,
};

/// An answer to a write that is done. Only [`Context::commit`] makes one, and [`Context::nothing_to_write`] where there is none, so
/// a handler that owes it cannot forget the idempotency record.
#[derive(Debug)]
pub struct Written<A> {
    reply: Reply,
    answer: PhantomData<fn() -> A>,
}

impl Context<'_> {
    /// That a caller did something here and now.
    pub fn event(&self, by: &Principal, organization: OrganizationId, what: Happening) -> Event {
        Event::new(organization, Actor::User(by.user().id), self.now(), what)
    }

    /// Commits a change together with its answer, which is kept for as long as the caller may send the request again.
    pub async fn commit<A: Output>(&self, mut change: Change<'_>, answer: A) -> Result<Written<A>, Error> {
        let reply = answer.reply(self.request)?;
        if let Some(claim) = self.claim() {
            change.record(&claim.record(self, &reply)?, self.now())?;
        }
        change.commit().await?;
        Ok(Written { reply, answer: PhantomData })
    }

    /// The answer to a request that asks for what is so already: nothing is written. It may be so because this very request was
    /// committed a moment ago: then it is the answer that was kept.
    pub async fn nothing_to_write<A: Output>(&self, answer: A) -> Result<Written<A>, Error> {
        let kept = match self.claim() {
            Some(claim) => claim.replay_if_kept(self).await?,
            None => None,
        };
        let reply = match kept {
            Some(reply) => reply,
            None => answer.reply(self.request)?,
        };
        Ok(Written { reply, answer: PhantomData })
    }

    /// Refuses a request whose `If-Match` names another version of what it is about (RFC 9110 §13.1.1).
    pub fn require_version(&self, version: u64) -> Result<(), Error> {
        let Some(known) = self.request.header("if-match") else { return Ok(()) };
        // Strong comparison: a weak tag matches nothing.
        let is_version = |tag: &str| {
            let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or_default();
            tag.split('.').next() == Some(&*version.to_string())
        };
        if known.trim() == "*" || known.split(',').map(str::trim).any(is_version) {
            Ok(())
        } else {
            Err(Failure::PreconditionFailed.into())
        }
    }
}

impl<A: Output> Output for Written<A> {
    const IS_WRITE: bool = true;
    // The event of every write; the answer that is kept, and looked for.
    const ACTIONS: &'static [Action] = &[Action::PUT, Action::BATCH_GET];

    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Ok(self.reply)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        A::describe(operation, schemas);
        let text = |name: &str| serde_json::json!({ "type": "string", "maxLength": 255, "title": name });
        operation.fails(Failure::ConcurrentChange);
        if operation.route().method == Some(Method::Post) {
            let meaning =
                "Names the request: sent again within 24 hours, it is answered as it was, and done once";
            operation.parameter("header", "Idempotency-Key", meaning, false, &text("Idempotency key"));
            operation.fails(Failure::IdempotencyKeyReused);
        }
    }
}
