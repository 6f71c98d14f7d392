//! Writes, committed together with the answer that reports them.

use std::marker::PhantomData;

use padron_auth::Principal;
use padron_domain::{Error, Event, EventData, Failure, OrganizationId};
use padron_store::{Action, Transaction};

use crate::{
    context::Context,
    describe::{Operation, Schemas},
    event::Request,
    idempotency,
    output::Output,
    reply::Reply,
};

/// The answer to a write that is done. Only [`Context::commit`] and [`Context::unchanged`] create one, so a handler that must return one
/// cannot forget the idempotency record.
#[derive(Debug)]
pub struct Written<A> {
    reply: Reply,
    answer: PhantomData<fn() -> A>,
}

impl Context<'_> {
    /// Creates an event of this request.
    pub fn event(&self, by: &Principal, organization: OrganizationId, data: EventData) -> Event {
        Event::new(organization, by.actor(), self.now(), data)
    }

    /// Commits a change together with its answer, which is recorded for as long as the caller may send the request again.
    pub async fn commit<A: Output>(
        &self,
        mut change: Transaction<'_>,
        answer: A,
    ) -> Result<Written<A>, Error> {
        let reply = answer.reply(self.request)?;
        if let Some(id) = self.idempotency_id() {
            change.record(&idempotency::record(self, id, &reply)?, self.now())?;
        }
        change.commit().await?;
        Ok(Written { reply, answer: PhantomData })
    }

    /// Answers without a write because nothing would change. If that is so because a duplicate of this request was committed a moment ago,
    /// its recorded answer is replayed.
    pub async fn unchanged<A: Output>(&self, answer: A) -> Result<Written<A>, Error> {
        let recorded = match self.idempotency_id() {
            Some(id) => idempotency::read_and_replay(self, id).await?,
            None => None,
        };
        let reply = match recorded {
            Some(reply) => reply,
            None => answer.reply(self.request)?,
        };
        Ok(Written { reply, answer: PhantomData })
    }

    /// Commits a change if there is one, like [`Context::commit`]; otherwise answers like [`Context::unchanged`].
    pub async fn commit_any<A: Output>(
        &self,
        change: Option<Transaction<'_>>,
        answer: A,
    ) -> Result<Written<A>, Error> {
        match change {
            Some(change) => self.commit(change, answer).await,
            None => self.unchanged(answer).await,
        }
    }
}

impl<A: Output> Output for Written<A> {
    const IS_WRITE: bool = true;
    // The event of every write; the recorded answer, which is written and read.
    const ACTIONS: &'static [Action] = &[Action::PUT, Action::BATCH_GET];
    const FAILURES: &'static [Failure] = &[Failure::CONCURRENT_CHANGE];

    fn reply(self, _: &Request<'_>) -> Result<Reply, Error> {
        Ok(self.reply)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        A::describe(operation, schemas);
    }
}
