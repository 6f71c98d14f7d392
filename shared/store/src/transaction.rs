//! Writes that happen together or not at all, and say which of them refused.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, error::TransactionCanceledException,
    },
};
use padron_domain::{Error, Event, Failure, OrganizationId, Timestamp};
use uuid::Uuid;

use crate::{
    expression::Expression,
    idempotency::IdempotencyRecord,
    item::{Entity, to_item},
    key::{Key, PK},
    table::{Backoff, CallError, Store, Throttling},
};

/// The attribute of a counter that counts.
pub(crate) const COUNT: &str = "count";

/// Writes that are yet to be committed, all or none, with the event that tells of them.
///
/// Every write has a condition of one of two kinds. One claims what must be free: where it is not, the change is refused, in
/// terms of an `R`. The other holds what was read to be true still: where it is not, the change is stale, and what to do is
/// decided anew from what is there now.
#[derive(Debug)]
pub struct Change<'a, R = Failure> {
    store: &'a Store,
    /// Each with what it means when its condition does not hold.
    writes: Vec<(TransactWriteItem, OnConditionFailed<R>)>,
    count: Option<Count>,
}

/// What it means when a condition does not hold.
#[derive(Debug)]
enum OnConditionFailed<R> {
    /// What was read is no longer so.
    Outdated,
    /// What is claimed is another's.
    Refuse(R),
    /// The same, as long as the item has this text under this name; else what was read is no longer so.
    RefuseWhile(R, &'static str, &'static str),
}

impl<R: Copy> OnConditionFailed<R> {
    /// What is refused; `None` if it is stale.
    fn of(&self, reason: &CancellationReason) -> Option<R> {
        match self {
            Self::Outdated => None,
            Self::Refuse(taken) => Some(*taken),
            Self::RefuseWhile(taken, name, text) => {
                let value = reason.item().and_then(|item| item.get(*name)?.as_s().ok());
                value.is_some_and(|value| value == text).then_some(*taken)
            }
        }
    }
}

/// A change of the number of customers. It goes to a random one of the counters, so that transactions seldom meet there.
#[derive(Clone, Copy, Debug)]
struct Count {
    at: usize,
    organization: OrganizationId,
    change: i8,
}

const SHARDS: u8 = 16;

/// Why nothing was written.
#[derive(Debug)]
pub enum TransactionError<R = Failure> {
    /// What it claims is another's.
    Refused(R),
    /// It was decided from what is no longer so.
    Outdated,
    /// DynamoDB would not have it, or it is not known whether it did.
    Failed(Error),
}

impl<R> TransactionError<R> {
    /// The same, its refusal in other words.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> TransactionError<S> {
        match self {
            Self::Refused(refused) => TransactionError::Refused(refusal(refused)),
            Self::Outdated => TransactionError::Outdated,
            Self::Failed(error) => TransactionError::Failed(error),
        }
    }
}

impl<R> From<Error> for TransactionError<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<TransactionError> for Error {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Refused(failure) => failure.into(),
            TransactionError::Outdated => Failure::CONCURRENT_CHANGE.into(),
            TransactionError::Failed(error) => error,
        }
    }
}

impl Store {
    /// A change that this event tells of.
    pub(crate) fn change<R: Copy>(&self, event: &Event) -> Result<Change<'_, R>, Error> {
        let mut change = self.change_without_event();
        change.add_event(event)?;
        Ok(change)
    }

    /// A change that no event tells of: for data that comes with its installation.
    pub(crate) fn change_without_event<R>(&self) -> Change<'_, R> {
        Change { store: self, writes: Vec::new(), count: None }
    }
}

impl<R: Copy> Change<'_, R> {
    /// Adds an event that tells of the change.
    pub(crate) fn add_event(&mut self, event: &Event) -> Result<(), Error> {
        self.put(event, Expression::default(), OnConditionFailed::Outdated)
    }

    /// Writes an item whose key must be free.
    pub(crate) fn create<E: Entity>(&mut self, entity: &E, taken: R) -> Result<(), Error> {
        self.put(
            entity,
            Expression::condition(format!("attribute_not_exists({PK})")),
            OnConditionFailed::Refuse(taken),
        )
    }

    /// Writes an item over the one that was read.
    pub(crate) fn replace<E: Entity>(&mut self, entity: &E, still: Expression) -> Result<(), Error> {
        self.put(entity, still, OnConditionFailed::Outdated)
    }

    fn put<E: Entity>(
        &mut self,
        entity: &E,
        expression: Expression,
        refusal: OnConditionFailed<R>,
    ) -> Result<(), Error> {
        let put = Put::builder()
            .table_name(&*self.store.table)
            .set_item(Some(to_item(entity)?))
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values)
            .build()
            .map_err(|_| Error::internal("a put without an item"))?;
        self.push(TransactWriteItem::builder().put(put).build(), refusal);
        Ok(())
    }

    /// Changes attributes of an item that was read, or that need not be there.
    pub(crate) fn update(&mut self, key: &Key, expression: Expression) -> Result<(), Error> {
        self.update_if(key, expression, OnConditionFailed::Outdated)
    }

    /// The same, where the condition claims something too, as long as the item has that text under that name.
    pub(crate) fn update_or(
        &mut self,
        key: &Key,
        expression: Expression,
        taken: R,
        (name, text): (&'static str, &'static str),
    ) -> Result<(), Error> {
        self.update_if(key, expression, OnConditionFailed::RefuseWhile(taken, name, text))
    }

    fn update_if(
        &mut self,
        key: &Key,
        expression: Expression,
        refusal: OnConditionFailed<R>,
    ) -> Result<(), Error> {
        let update = Update::builder()
            .table_name(&*self.store.table)
            .set_key(Some(key.attributes().into()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_update_expression(expression.update)
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(expression.names)
            .set_expression_attribute_values(expression.values)
            .build()
            .map_err(|_| Error::internal("an update without a key"))?;
        self.push(TransactWriteItem::builder().update(update).build(), refusal);
        Ok(())
    }

    /// Deletes an item that was read.
    pub(crate) fn remove(&mut self, key: &Key, still: Expression) -> Result<(), Error> {
        let delete = Delete::builder()
            .table_name(&*self.store.table)
            .set_key(Some(key.attributes().into()))
            .set_condition_expression(still.condition)
            .set_expression_attribute_names(still.names)
            .set_expression_attribute_values(still.values)
            .build()
            .map_err(|_| Error::internal("a delete without a key"))?;
        self.push(TransactWriteItem::builder().delete(delete).build(), OnConditionFailed::Outdated);
        Ok(())
    }

    /// Commits only if that holds of an item which stays as it is.
    pub(crate) fn check(&mut self, key: &Key, still: Expression) -> Result<(), Error> {
        self.check_if(key, still, OnConditionFailed::Outdated)
    }

    /// The same, where the condition claims something.
    pub(crate) fn check_or(&mut self, key: &Key, free: Expression, taken: R) -> Result<(), Error> {
        self.check_if(key, free, OnConditionFailed::Refuse(taken))
    }

    fn check_if(&mut self, key: &Key, still: Expression, refusal: OnConditionFailed<R>) -> Result<(), Error> {
        let check = ConditionCheck::builder()
            .table_name(&*self.store.table)
            .set_key(Some(key.attributes().into()))
            .set_condition_expression(still.condition)
            .set_expression_attribute_names(still.names)
            .set_expression_attribute_values(still.values)
            .build()
            .map_err(|_| Error::internal("a check without a key"))?;
        self.push(TransactWriteItem::builder().condition_check(check).build(), refusal);
        Ok(())
    }

    /// Keeps the answer for whoever sends the request again. Another answer that was kept meanwhile makes the change stale.
    pub fn record(&mut self, recorded: &IdempotencyRecord, now: Timestamp) -> Result<(), Error> {
        self.put(recorded, IdempotencyRecord::is_new(now), OnConditionFailed::Outdated)
    }

    fn push(&mut self, write: TransactWriteItem, refusal: OnConditionFailed<R>) {
        self.writes.push((write, refusal));
    }

    /// Counts customers up or down.
    pub(crate) fn count_customers(&mut self, organization: OrganizationId, change: i8) -> Result<(), Error> {
        let count = Count { at: self.writes.len(), organization, change };
        self.push(self.counter(count)?, OnConditionFailed::Outdated);
        self.count = Some(count);
        Ok(())
    }

    fn counter(&self, Count { organization, change, .. }: Count) -> Result<TransactWriteItem, Error> {
        let shard = Uuid::new_v4().as_bytes()[15] % SHARDS;
        let update = Update::builder()
            .table_name(&*self.store.table)
            .set_key(Some(Key::customer_count(organization, shard).attributes().into()))
            .update_expression("ADD #count :change")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":change", AttributeValue::N(change.to_string()))
            .build()
            .map_err(|_| Error::internal("an update without a key"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Commits all writes, or says which refused. Tries conflicts with other transactions again until the deadline, and throttling
    /// three times at most.
    pub async fn commit(mut self) -> Result<(), TransactionError<R>> {
        let (mut backoff, mut throttling) = (Backoff::new(), Throttling::default());
        loop {
            // The SDK repeats an attempt whose answer is lost under the same token: DynamoDB then answers as it did the
            // first time. A cancelled attempt is over, and the next one needs a token of its own.
            let attempt = self
                .store
                .client
                .transact_write_items()
                .set_transact_items(Some(self.writes.iter().map(|(write, _)| write.clone()).collect()))
                .client_request_token(Uuid::new_v4().to_string())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send();
            let error = match self.store.call(attempt).await {
                Ok(output) => {
                    self.store.record(output.consumed_capacity());
                    return Ok(());
                }
                Err(error) => error,
            };
            match cancellation(&error).map(|cancelled| self.verdict(cancelled)) {
                Some(Verdict::Over(why)) => return Err(why),
                Some(verdict @ (Verdict::Throttled | Verdict::Contention)) => {
                    if matches!(verdict, Verdict::Throttled) {
                        self.store
                            .pause_for_throttling(&mut throttling, "a transaction was throttled")
                            .await?;
                    } else {
                        self.store.pause(&mut backoff, "a transaction met others until the deadline").await?;
                    }
                    // Another counter may be at leisure.
                    if let Some(count) = self.count {
                        self.writes[count.at].0 = self.counter(count)?;
                    }
                }
                None => return Err(TransactionError::Failed(error.into())),
            }
        }
    }

    /// Classifies a cancellation: stale if a condition on what was read failed; else throttled or in conflict, both of which are tried
    /// again; else refused. OnConditionFailed comes last because an earlier try of the same request may have written what is claimed.
    fn verdict(&self, cancelled: &TransactionCanceledException) -> Verdict<R> {
        let reasons = cancelled.cancellation_reasons();
        let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        let failed = self.writes.iter().zip(reasons).filter(|(_, reason)| failed(reason));
        // `None` for what is stale.
        let refusals: Vec<Option<R>> = failed.map(|((_, refusal), reason)| refusal.of(reason)).collect();
        if refusals.iter().any(Option::is_none) {
            return Verdict::Over(TransactionError::Outdated);
        }
        let has = |codes: &[&str]| {
            reasons.iter().filter_map(CancellationReason::code).any(|code| codes.contains(&code))
        };
        if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
            return Verdict::Throttled;
        }
        if has(&["TransactionConflict"]) {
            return Verdict::Contention;
        }
        if let Some(refused) = refusals.into_iter().flatten().next() {
            return Verdict::Over(TransactionError::Refused(refused));
        }
        let code = reasons.iter().filter_map(CancellationReason::code).find(|code| *code != "None");
        let cause = format!("a transaction was cancelled: {}", code.unwrap_or("no reason"));
        Verdict::Over(TransactionError::Failed(Error::internal(cause)))
    }
}

enum Verdict<R> {
    /// Another try would come to the same.
    Over(TransactionError<R>),
    /// Nothing is wrong with it, others were faster.
    Contention,
    /// A partition is over its limit.
    Throttled,
}

fn cancellation(error: &CallError<TransactWriteItemsError>) -> Option<&TransactionCanceledException> {
    let CallError::Sdk(error) = error else { return None };
    let SdkError::ServiceError(error) = &**error else { return None };
    let TransactWriteItemsError::TransactionCanceledException(error) = error.err() else { return None };
    Some(error)
}
