//! The consumption of limits of requests, by the generic cell rate algorithm (GCRA, ITU-T I.371).
//!
//! One item per limit holds the theoretical arrival time: the instant at which the whole limit is renewed. Each request moves it on by the
//! time in which one request is renewed. It may be ahead of the clock by at most the burst.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure},
};
use padron_domain::{ApiKeyId, Error, RateLimit, Timestamp, WebhookId};
use ring::digest::{SHA256, digest};

use crate::{
    Action,
    item::Item,
    key::{Key, PK, hex},
    read::{Consistency, Projection},
    table::{CallError, Store},
};

/// The subject of a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RateSubject(String);

impl RateSubject {
    /// Returns the subject of the requests with an API key. Another limit is another subject, so that a change applies at once.
    pub fn key(id: ApiKeyId, RateLimit { limit, period }: RateLimit) -> Self {
        Self(format!("{id}#{limit}/{period}"))
    }

    /// Returns the subject of the requests that a webhook gets to be tried.
    pub fn webhook_ping(id: WebhookId) -> Self {
        Self(format!("ping#{id}"))
    }

    /// Returns the subject of the requests that send the events of a time to a webhook again.
    pub fn webhook_replay(id: WebhookId) -> Self {
        Self(format!("replay#{id}"))
    }

    /// Returns the subject of the requests of an OAuth client to a function from an address. Both are hashed, so that the table has neither
    /// addresses nor what a caller has made up.
    pub fn client(function: &str, client: &str, address: &str) -> Self {
        Self::address(function, &format!("{client} {address}"))
    }

    /// Returns the subject of the requests to a function from an address, which is hashed, so that the table has no addresses.
    pub fn address(function: &str, address: &str) -> Self {
        Self(format!("{function}#{}", hex(&digest(&SHA256, address.as_bytes()))))
    }
}

/// The outcome of taking requests from a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateOutcome {
    /// Whether the requests were taken.
    pub is_taken: bool,
    /// The theoretical arrival time afterwards, in microseconds since 1970.
    pub arrival_micros: i64,
}

/// The attribute with the theoretical arrival time, in microseconds since 1970.
const ARRIVAL: &str = "tat";
/// The maximum number of updates. One is the rule, two are needed after a pause, and more if several servers end that pause at once.
const MAX_UPDATES: usize = 5;

/// What an update assumes about the stored arrival time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BucketState {
    /// It is not in the past: the whole limit is not renewed.
    Running,
    /// It is in the past, or there is none: the whole limit is renewed.
    Renewed,
}

impl Store {
    /// The IAM actions of [`Store::take_requests`].
    pub const TAKE_REQUESTS: &'static [Action] = &[Action::UPDATE];

    /// Takes `count` requests from a limit, usually for one capacity unit.
    pub async fn take_requests(
        &self,
        subject: &RateSubject,
        limit: RateLimit,
        count: u32,
        now: Timestamp,
    ) -> Result<RateOutcome, Error> {
        let now_micros = now.millis().saturating_mul(1000);
        let step = limit.renewal_micros(count);
        let latest = now_micros + limit.renewal_micros(limit.burst()) - step;
        let mut assumption = BucketState::Running;
        for _ in 0..MAX_UPDATES {
            if latest < now_micros {
                // More than the burst cannot be taken at once, whenever it is tried.
                break;
            }
            let old = match self.move_arrival(subject, assumption, now_micros, (step, latest)).await? {
                Ok(arrival_micros) => return Ok(RateOutcome { is_taken: true, arrival_micros }),
                Err(old) => old,
            };
            assumption = match old {
                Some(arrival_micros) if arrival_micros > latest => {
                    return Ok(RateOutcome { is_taken: false, arrival_micros });
                }
                Some(arrival_micros) if arrival_micros >= now_micros => BucketState::Running,
                _ => BucketState::Renewed,
            };
        }
        Ok(RateOutcome { is_taken: false, arrival_micros: latest.max(now_micros) + step })
    }

    /// Returns the theoretical arrival time of a limit, in microseconds since 1970, strongly consistent; `None` if nothing was ever taken.
    pub async fn arrival_micros(&self, subject: &RateSubject) -> Result<Option<i64>, Error> {
        let key = Key::rate_limit(&subject.0);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        Ok(found.remove_item(&key).as_ref().and_then(arrival))
    }

    /// Updates the theoretical arrival time, and returns the new one, or the old one if the assumption is wrong.
    async fn move_arrival(
        &self,
        subject: &RateSubject,
        assumption: BucketState,
        now_micros: i64,
        (step, latest): (i64, i64),
    ) -> Result<Result<i64, Option<i64>>, Error> {
        let number = |value: i64| AttributeValue::N(value.to_string());
        // The item is of no use once the whole limit is renewed.
        let ttl = (latest + 2 * step) / 1_000_000 + 60;
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(Key::rate_limit(&subject.0).attributes().into()))
            .expression_attribute_names("#tat", ARRIVAL)
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(now_micros))
            .expression_attribute_values(":ttl", number(ttl))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values(aws_sdk_dynamodb::types::ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match assumption {
            BucketState::Running => update
                .update_expression("SET #tat = #tat + :step, #ttl = :ttl")
                .condition_expression("#tat BETWEEN :now AND :latest")
                .expression_attribute_values(":step", number(step))
                .expression_attribute_values(":latest", number(latest)),
            BucketState::Renewed => update
                .update_expression("SET #tat = :next, #ttl = :ttl")
                .condition_expression(format!("attribute_not_exists({PK}) OR #tat < :now"))
                .expression_attribute_values(":next", number(now_micros + step)),
        };
        match self.call(update.send()).await {
            Ok(output) => {
                self.record(output.consumed_capacity.as_slice());
                let arrival = output.attributes.as_ref().and_then(arrival);
                arrival.map(Ok).ok_or_else(|| Error::internal("an update returned no new value"))
            }
            Err(error) => failed_condition(&error).map(Err).ok_or_else(|| error.into()),
        }
    }
}

/// Returns the stored arrival time if the error is a failed condition. It is `None` inside if there is no item.
fn failed_condition(error: &CallError<UpdateItemError>) -> Option<Option<i64>> {
    let CallError::Sdk(error) = error else { return None };
    let SdkError::ServiceError(error) = &**error else { return None };
    let UpdateItemError::ConditionalCheckFailedException(failed) = error.err() else { return None };
    Some(failed.item().and_then(arrival))
}

/// Returns the theoretical arrival time of an item.
fn arrival(item: &Item) -> Option<i64> {
    item.get(ARRIVAL)?.as_n().ok()?.parse().ok()
}
