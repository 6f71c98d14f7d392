//! Transactions: conditional writes that are committed together.

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
    key::Key,
    table::{Backoff, CallError, Store, Throttling},
};

/// Sets the table and the condition of a write. The builders of the SDK have no common trait.
macro_rules! conditional {
    ($builder:expr, $store:expr, $expression:expr) => {
        $builder
            .table_name(&*$store.table)
            .set_condition_expression($expression.condition)
            .set_expression_attribute_names($expression.names)
            .set_expression_attribute_values($expression.values)
    };
}

/// The attribute with the value of a counter.
pub(crate) const COUNT: &str = "count";

/// A transaction that is not yet committed, with the audit event that records it.
///
/// Every condition is of one of two kinds. The first kind requires, for example, that a slug is free or that a role is
/// sufficient. If it fails, the commit is refused with a value of type `R`. The second kind requires that an item is unchanged since
/// it was read. If it fails, the commit fails with [`TransactionError::Outdated`], and the request is decided again
/// from a new read.
#[derive(Debug)]
pub struct Transaction<'a, R = Failure> {
    store: &'a Store,
    /// The writes, each with the meaning of a failed condition.
    writes: Vec<(TransactWriteItem, ConditionFailure<R>)>,
    count: Option<CustomerCountChange>,
}

/// The meaning of a failed condition.
#[derive(Debug)]
enum ConditionFailure<R> {
    /// An item has changed since it was read.
    Outdated,
    /// The value that must be free is taken.
    Refuse(R),
    /// The value that must be free is taken if the item has this value in the attribute. Otherwise, the item has changed since it was
    /// read.
    RefuseIf { refusal: R, attribute: &'static str, value: &'static str },
}

impl<R: Copy> ConditionFailure<R> {
    /// Returns the refusal; `None` if an item has changed since it was read.
    fn refusal(&self, reason: &CancellationReason) -> Option<R> {
        match self {
            Self::Outdated => None,
            Self::Refuse(refusal) => Some(*refusal),
            Self::RefuseIf { refusal, attribute, value } => {
                let found = reason.item().and_then(|item| item.get(*attribute)?.as_s().ok());
                found.is_some_and(|found| found == value).then_some(*refusal)
            }
        }
    }
}

/// A change of the number of customers. It updates a random shard of the counter, so that transactions seldom conflict
/// there.
#[derive(Clone, Copy, Debug)]
struct CustomerCountChange {
    /// The position of the write among those of the transaction.
    write_index: usize,
    organization: OrganizationId,
    /// The difference that is added.
    change: i8,
}

/// The number of shards of an organization's customer counter.
const SHARDS: u8 = 16;

/// The reason why a transaction was not committed.
#[derive(Debug)]
pub enum TransactionError<R = Failure> {
    /// A value that must be free is taken.
    Refused(R),
    /// An item has changed since it was read.
    Outdated,
    /// DynamoDB returned an error, or the outcome is unknown.
    Failed(Error),
}

impl<R> TransactionError<R> {
    /// Maps the refusal to another value.
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
    /// Creates a transaction that is recorded by an audit event.
    pub(crate) fn transaction<R: Copy>(&self, event: &Event) -> Result<Transaction<'_, R>, Error> {
        let mut transaction = self.change_without_event();
        transaction.add_event(event)?;
        Ok(transaction)
    }

    /// Creates a transaction without an audit event, for data that is part of an installation, and for writes that no
    /// organization's audit trail records.
    pub(crate) fn change_without_event<R>(&self) -> Transaction<'_, R> {
        Transaction { store: self, writes: Vec::new(), count: None }
    }
}

impl<R: Copy> Transaction<'_, R> {
    /// Adds an audit event that records the change.
    pub(crate) fn add_event(&mut self, event: &Event) -> Result<(), Error> {
        self.put(event, Expression::default(), ConditionFailure::Outdated)
    }

    /// Creates an item. If an item with its key exists, the commit is refused with `refusal`.
    pub(crate) fn create<E: Entity>(&mut self, entity: &E, refusal: R) -> Result<(), Error> {
        self.put(entity, Expression::absent(), ConditionFailure::Refuse(refusal))
    }

    /// Replaces an item, under the condition that it is unchanged since it was read.
    pub(crate) fn replace<E: Entity>(&mut self, entity: &E, condition: Expression) -> Result<(), Error> {
        self.put(entity, condition, ConditionFailure::Outdated)
    }

    fn put<E: Entity>(
        &mut self,
        entity: &E,
        expression: Expression,
        on_failure: ConditionFailure<R>,
    ) -> Result<(), Error> {
        let put = conditional!(Put::builder(), self.store, expression)
            .set_item(Some(to_item(entity)?))
            .build()
            .map_err(|_| Error::internal("a put without an item"))?;
        self.push(TransactWriteItem::builder().put(put).build(), on_failure);
        Ok(())
    }

    /// Updates attributes of an item, under the condition that it is unchanged since it was read. Without a condition,
    /// a missing item is created.
    pub(crate) fn update(&mut self, key: &Key, expression: Expression) -> Result<(), Error> {
        self.update_if(key, expression, ConditionFailure::Outdated)
    }

    /// Updates attributes of an item, under a condition that also requires a value to be free.
    ///
    /// If the condition fails and the item has the string `value` in the attribute, the commit is refused. Otherwise, the item has changed
    /// since it was read.
    pub(crate) fn update_or_refuse(
        &mut self,
        key: &Key,
        expression: Expression,
        refusal: R,
        (attribute, value): (&'static str, &'static str),
    ) -> Result<(), Error> {
        self.update_if(key, expression, ConditionFailure::RefuseIf { refusal, attribute, value })
    }

    fn update_if(
        &mut self,
        key: &Key,
        expression: Expression,
        on_failure: ConditionFailure<R>,
    ) -> Result<(), Error> {
        let update = conditional!(Update::builder(), self.store, expression)
            .set_key(Some(key.attributes().into()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .set_update_expression(expression.update)
            .build()
            .map_err(|_| Error::internal("an update without a key"))?;
        self.push(TransactWriteItem::builder().update(update).build(), on_failure);
        Ok(())
    }

    /// Deletes an item, under the condition that it is unchanged since it was read.
    pub(crate) fn remove(&mut self, key: &Key, condition: Expression) -> Result<(), Error> {
        let delete = conditional!(Delete::builder(), self.store, condition)
            .set_key(Some(key.attributes().into()))
            .build()
            .map_err(|_| Error::internal("a delete without a key"))?;
        self.push(TransactWriteItem::builder().delete(delete).build(), ConditionFailure::Outdated);
        Ok(())
    }

    /// Checks a condition on an item that the transaction does not change.
    pub(crate) fn check(&mut self, key: &Key, condition: Expression) -> Result<(), Error> {
        self.check_if(key, condition, ConditionFailure::Outdated)
    }

    /// Checks a condition on an item. If it fails, the commit is refused with `refusal`.
    pub(crate) fn check_or_refuse(
        &mut self,
        key: &Key,
        condition: Expression,
        refusal: R,
    ) -> Result<(), Error> {
        self.check_if(key, condition, ConditionFailure::Refuse(refusal))
    }

    fn check_if(
        &mut self,
        key: &Key,
        condition: Expression,
        on_failure: ConditionFailure<R>,
    ) -> Result<(), Error> {
        let check = conditional!(ConditionCheck::builder(), self.store, condition)
            .set_key(Some(key.attributes().into()))
            .build()
            .map_err(|_| Error::internal("a check without a key"))?;
        self.push(TransactWriteItem::builder().condition_check(check).build(), on_failure);
        Ok(())
    }

    /// Adds the recorded response of an idempotent request.
    ///
    /// If another response was recorded in the meantime, the commit fails with [`TransactionError::Outdated`].
    pub fn record_response(&mut self, recorded: &IdempotencyRecord, now: Timestamp) -> Result<(), Error> {
        self.put(recorded, IdempotencyRecord::is_new(now), ConditionFailure::Outdated)
    }

    fn push(&mut self, write: TransactWriteItem, on_failure: ConditionFailure<R>) {
        self.writes.push((write, on_failure));
    }

    /// Adds `change` to the number of the organization's customers.
    pub(crate) fn count_customers(&mut self, organization: OrganizationId, change: i8) -> Result<(), Error> {
        let count = CustomerCountChange { write_index: self.writes.len(), organization, change };
        self.push(self.customer_count_update(count)?, ConditionFailure::Outdated);
        self.count = Some(count);
        Ok(())
    }

    /// Returns the update of a random shard of the customer counter.
    fn customer_count_update(
        &self,
        CustomerCountChange { organization, change, .. }: CustomerCountChange,
    ) -> Result<TransactWriteItem, Error> {
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

    /// Commits all writes.
    ///
    /// Conflicts with other transactions are retried until the deadline. Throttled transactions are retried up to three
    /// times.
    ///
    /// # Errors
    ///
    /// [`TransactionError::Refused`] if a value that must be free is taken. [`TransactionError::Outdated`] if an item
    /// has changed since it was read. [`TransactionError::Failed`] if DynamoDB returned another error, or the outcome
    /// is unknown.
    pub async fn commit(mut self) -> Result<(), TransactionError<R>> {
        let (mut backoff, mut throttling) = (Backoff::new(), Throttling::default());
        loop {
            // If the response to an attempt is lost, the SDK repeats the attempt with the same token, and DynamoDB
            // returns the result of the first one. A cancelled attempt is final, so the next attempt needs a token of
            // its own.
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
            match cancellation(&error).map(|cancelled| self.classify(cancelled)) {
                Some(CancellationOutcome::Final(why)) => return Err(why),
                Some(outcome @ (CancellationOutcome::Throttled | CancellationOutcome::Conflict)) => {
                    if matches!(outcome, CancellationOutcome::Throttled) {
                        self.store
                            .pause_for_throttling(&mut throttling, "a transaction was throttled")
                            .await?;
                    } else {
                        self.store
                            .pause(&mut backoff, "a transaction conflicted with others until the deadline")
                            .await?;
                    }
                    // Another shard of the counter may be less busy.
                    if let Some(count) = self.count {
                        self.writes[count.write_index].0 = self.customer_count_update(count)?;
                    }
                }
                None => return Err(TransactionError::Failed(error.into())),
            }
        }
    }

    /// Classifies a cancelled transaction.
    ///
    /// The order matters. If an item has changed since it was read, the transaction is outdated. Otherwise, throttling
    /// and conflicts are retried. A refusal comes last, because an earlier attempt of the same request may have written
    /// the value itself.
    fn classify(&self, cancelled: &TransactionCanceledException) -> CancellationOutcome<R> {
        let reasons = cancelled.cancellation_reasons();
        let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        let failed = self.writes.iter().zip(reasons).filter(|(_, reason)| failed(reason));
        // `None` stands for an item that has changed since it was read.
        let refusals: Vec<Option<R>> =
            failed.map(|((_, on_failure), reason)| on_failure.refusal(reason)).collect();
        if refusals.iter().any(Option::is_none) {
            return CancellationOutcome::Final(TransactionError::Outdated);
        }
        let has = |codes: &[&str]| {
            reasons.iter().filter_map(CancellationReason::code).any(|code| codes.contains(&code))
        };
        if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
            return CancellationOutcome::Throttled;
        }
        if has(&["TransactionConflict"]) {
            return CancellationOutcome::Conflict;
        }
        if let Some(refused) = refusals.into_iter().flatten().next() {
            return CancellationOutcome::Final(TransactionError::Refused(refused));
        }
        let code = reasons.iter().filter_map(CancellationReason::code).find(|code| *code != "None");
        let cause = format!("a transaction was cancelled: {}", code.unwrap_or("no reason"));
        CancellationOutcome::Final(TransactionError::Failed(Error::internal(cause)))
    }
}

/// The classification of a cancelled transaction.
enum CancellationOutcome<R> {
    /// The failure is final: another attempt would fail in the same way.
    Final(TransactionError<R>),
    /// The transaction conflicted with another one.
    Conflict,
    /// The transaction was throttled, because a partition exceeded its throughput.
    Throttled,
}

/// Returns the cancellation of a transaction; `None` if the error is a different one.
fn cancellation(error: &CallError<TransactWriteItemsError>) -> Option<&TransactionCanceledException> {
    let CallError::Sdk(error) = error else { return None };
    let SdkError::ServiceError(error) = &**error else { return None };
    let TransactWriteItemsError::TransactionCanceledException(error) = error.err() else { return None };
    Some(error)
}
