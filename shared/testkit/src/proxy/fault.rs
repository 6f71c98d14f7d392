//! Faults, and the plan of when they occur.

use std::{collections::VecDeque, time::Duration};

/// A fault that is injected into one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// DynamoDB throttles the request.
    Throttle,
    /// DynamoDB throttles updates outside of transactions. Other requests succeed.
    ThrottledUpdate,
    /// DynamoDB returns an internal error.
    ServerError,
    /// The transaction is cancelled because its write at this index conflicts with another transaction.
    Conflict(usize),
    /// DynamoDB cancels a transaction because the condition of the write with this index failed. With the index 0, the condition of an
    /// item that is put on its own fails, too. Other requests succeed.
    ConditionFailed(usize),
    /// The batch leaves the key with this sort key unprocessed.
    Unprocessed(String),
    /// The batch leaves all keys unprocessed.
    AllUnprocessed,
    /// The query returns an empty page that does not end the list.
    EmptyPage,
    /// A write outside of a transaction conflicts with one.
    WriteConflict,
    /// An eventually consistent batch read does not find the item with this sort key.
    Missing(String),
    /// The request is delayed.
    Delay(Duration),
    /// The request is never answered, and the connection stays open.
    Hang,
    /// The connection breaks before the request is processed.
    Reset,
    /// The request is processed, but the connection breaks before the response arrives.
    LostResponse,
}

#[derive(Debug, Default)]
pub(super) struct FaultPlan {
    pub(super) next: VecDeque<Fault>,
    pub(super) always: Option<Fault>,
    /// The interval of transactions at which one is cancelled; `None` if none is.
    pub(super) conflicts: Option<usize>,
    pub(super) transactions: usize,
    /// Whether a transaction that touches an item of another transaction in progress is cancelled.
    pub(super) overlaps: bool,
    /// The capacity units that a partition has per second; `None` if it is unlimited.
    pub(super) throughput: Option<f64>,
}
