//! Writes that happen together or not at all, and say which of them refused.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, Delete, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
    },
};
use padron_domain::{Error, OrganizationId};
use uuid::Uuid;

use crate::{
    item::{Entity, to_item},
    key::{Key, PK},
    table::{Backoff, CallError, Store},
};

/// The attribute of a counter that counts.
pub(crate) const COUNT: &str = "count";

/// Writes to commit together. Each names, as an `R`, what it means when its condition does not hold.
#[derive(Debug)]
pub(crate) struct Transaction<'a, R> {
    store: &'a Store,
    writes: Vec<TransactWriteItem>,
    refusals: Vec<R>,
    count: Option<Count>,
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
pub enum TransactionError<R> {
    /// The condition of this write did not hold.
    Refused(R),
    /// DynamoDB would not have it, or it is not known whether it did.
    Failed(Error),
}

impl<R> TransactionError<R> {
    /// The same, its refusal in other words.
    pub fn map<S>(self, refusal: impl FnOnce(R) -> S) -> TransactionError<S> {
        match self {
            Self::Refused(refused) => TransactionError::Refused(refusal(refused)),
            Self::Failed(error) => TransactionError::Failed(error),
        }
    }
}

impl<R> From<Error> for TransactionError<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Store {
    pub(crate) fn transaction<R>(&self) -> Transaction<'_, R> {
        Transaction { store: self, writes: Vec::new(), refusals: Vec::new(), count: None }
    }
}

impl<R> Transaction<'_, R> {
    /// Writes an item whose key must be free.
    pub(crate) fn create<E: Entity>(&mut self, entity: &E, taken: R) -> Result<(), Error> {
        let put = Put::builder()
            .table_name(&*self.store.table)
            .set_item(Some(to_item(entity)?))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(|_| Error::internal("a put without an item"))?;
        self.writes.push(TransactWriteItem::builder().put(put).build());
        self.refusals.push(taken);
        Ok(())
    }

    /// Deletes an item that must be there.
    pub(crate) fn delete(&mut self, key: &Key, missing: R) -> Result<(), Error> {
        let delete = Delete::builder()
            .table_name(&*self.store.table)
            .set_key(Some(key.attributes().into()))
            .condition_expression(format!("attribute_exists({PK})"))
            .build()
            .map_err(|_| Error::internal("a delete without a key"))?;
        self.writes.push(TransactWriteItem::builder().delete(delete).build());
        self.refusals.push(missing);
        Ok(())
    }

    /// Counts customers up or down. Has no condition, so `refusal` is never met.
    pub(crate) fn count_customers(
        &mut self,
        organization: OrganizationId,
        change: i8,
        refusal: R,
    ) -> Result<(), Error> {
        let count = Count { at: self.writes.len(), organization, change };
        self.writes.push(self.counter(count)?);
        self.refusals.push(refusal);
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

    /// Commits all writes, or says which refused. Conflicts with other transactions are tried again until the deadline.
    pub(crate) async fn commit(mut self) -> Result<(), TransactionError<R>> {
        let mut backoff = Backoff::new();
        loop {
            // The SDK repeats an attempt whose answer is lost under the same token: DynamoDB then answers as it did the
            // first time. A cancelled attempt is over, and the next one needs a token of its own.
            let attempt = self
                .store
                .client
                .transact_write_items()
                .set_transact_items(Some(self.writes.clone()))
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
            match cancellation(&error) {
                Some(Cancellation::Condition(index)) if index < self.refusals.len() => {
                    return Err(TransactionError::Refused(self.refusals.swap_remove(index)));
                }
                Some(Cancellation::Contention) => {
                    self.store.pause(&mut backoff, "a transaction met others until the deadline").await?;
                    if let Some(count) = self.count {
                        self.writes[count.at] = self.counter(count)?;
                    }
                }
                _ => return Err(TransactionError::Failed(error.into())),
            }
        }
    }
}

enum Cancellation {
    /// The condition of the write at this index did not hold.
    Condition(usize),
    /// Nothing is wrong with it, others were faster.
    Contention,
}

fn cancellation(error: &CallError<TransactWriteItemsError>) -> Option<Cancellation> {
    let CallError::Sdk(error) = error else { return None };
    let SdkError::ServiceError(error) = &**error else { return None };
    let TransactWriteItemsError::TransactionCanceledException(error) = error.err() else { return None };
    let reasons = error.cancellation_reasons();
    let refused = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if let Some(index) = reasons.iter().position(refused) {
        return Some(Cancellation::Condition(index));
    }
    let contended = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    reasons.iter().any(contended).then_some(Cancellation::Contention)
}
