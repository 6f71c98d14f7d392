//! What IAM must allow. Each endpoint declares its actions, and its policy in `template.yaml` is compared with them.

/// Memberships by user, children by parent.
pub(crate) const GSI1: &str = "GSI1";

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
    /// Reads items of one partition in order.
    pub const QUERY: Self = Self { name: "dynamodb:Query", on: On::Table };
    /// Reads GSI1: what belongs to a user, a parent, an invitee.
    pub const QUERY_GSI1: Self = Self { name: "dynamodb:Query", on: On::Index(GSI1) };
}
