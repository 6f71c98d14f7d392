//! Writes, committed together with the response that reports them.

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
    response::Response,
};

/// The response to a write that is done. Only [`Context::commit`] and [`Context::unchanged`] create one, so a handler that must return one
/// cannot forget the idempotency record.
#[derive(Debug)]
pub struct Written<A> {
    response: Response,
    output: PhantomData<fn() -> A>,
}

impl Context<'_> {
    /// Creates an event of this request.
    pub fn event(&self, by: &Principal, organization: OrganizationId, data: EventData) -> Event {
        Event::new(organization, by.actor(), self.now(), data).via(by.via())
    }

    /// Commits a change together with its response, which is recorded for as long as the caller may send the request again.
    pub async fn commit<A: Output>(
        &self,
        mut change: Transaction<'_>,
        response: A,
    ) -> Result<Written<A>, Error> {
        let response = response.into_response(self.request)?;
        if let Some(id) = self.idempotency_id() {
            change.record_response(&idempotency::record(self, id, &response)?, self.now())?;
        }
        change.commit().await?;
        Ok(Written { response, output: PhantomData })
    }

    /// Answers without a write because nothing would change. If that is so because a duplicate of this request was committed a moment ago,
    /// its recorded response is replayed.
    pub async fn unchanged<A: Output>(&self, response: A) -> Result<Written<A>, Error> {
        let recorded = match self.idempotency_id() {
            Some(id) => idempotency::read_and_replay(self, id).await?,
            None => None,
        };
        let response = match recorded {
            Some(response) => response,
            None => response.into_response(self.request)?,
        };
        Ok(Written { response, output: PhantomData })
    }

    /// Commits a change if there is one, like [`Context::commit`]; otherwise answers like [`Context::unchanged`].
    pub async fn commit_any<A: Output>(
        &self,
        change: Option<Transaction<'_>>,
        response: A,
    ) -> Result<Written<A>, Error> {
        match change {
            Some(change) => self.commit(change, response).await,
            None => self.unchanged(response).await,
        }
    }
}

impl<A: Output> Output for Written<A> {
    const IS_WRITE: bool = true;
    // The event of every write; the recorded response, which is written and read.
    const ACTIONS: &'static [Action] = &[Action::PUT, Action::BATCH_GET];
    const FAILURES: &'static [Failure] = &[Failure::CONCURRENT_CHANGE];

    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Ok(self.response)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        A::describe(operation, schemas);
    }
}
