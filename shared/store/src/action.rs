//! What IAM must allow. Each endpoint declares its actions, and its policy in `template.yaml` is compared with them.

/// Memberships by user, children by parent.
pub(crate) const GSI1: &str = "GSI1";
/// Customers by name.
pub(crate) const GSI2: &str = "GSI2";
/// Customers by the time of their last change, with what lists decide from.
pub(crate) const GSI3: &str = "GSI3";

/// One IAM action on the table or on one of its indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    /// As IAM spells it: `dynamodb:BatchGetItem`.
    pub name: &'static str,
    /// What it acts on.
    pub on: On,
}

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The table itself.
    Table,
    /// The index of that name.
    Index(&'static str),
}

impl Action {
    /// Reads items by key.
    pub const BATCH_GET: Self = Self { name: "dynamodb:BatchGetItem", on: On::Table };
    /// Writes items whole.
    pub const PUT: Self = Self { name: "dynamodb:PutItem", on: On::Table };
    /// Changes items in place.
    pub const UPDATE: Self = Self { name: "dynamodb:UpdateItem", on: On::Table };
    /// Deletes items.
    pub const DELETE: Self = Self { name: "dynamodb:DeleteItem", on: On::Table };
    /// Deletes many items.
    pub const BATCH_WRITE: Self = Self { name: "dynamodb:BatchWriteItem", on: On::Table };
    /// Makes a transaction depend on items that stay as they are.
    pub const CHECK: Self = Self { name: "dynamodb:ConditionCheckItem", on: On::Table };
    /// Reads items of one partition in order.
    pub const QUERY: Self = Self { name: "dynamodb:Query", on: On::Table };
    /// Reads GSI1: what belongs to a user, a parent, an invitee.
    pub const QUERY_GSI1: Self = Self { name: "dynamodb:Query", on: On::Index(GSI1) };
    /// Reads GSI2: customers by name.
    pub const QUERY_GSI2: Self = Self { name: "dynamodb:Query", on: On::Index(GSI2) };
    /// Reads GSI3: customers by change, and their rows.
    pub const QUERY_GSI3: Self = Self { name: "dynamodb:Query", on: On::Index(GSI3) };
}
