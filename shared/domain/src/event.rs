//! What happened: the audit trail, and what webhooks will be told.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{CustomerId, CustomerNumber, Id, InvitationId, OrganizationId, Plan, Role, Timestamp, UserId};

/// Names an event: a UUIDv7 (RFC 9562 §5.7), so their order is that of time.
pub type EventId = Id<Event>;

/// That something was done in an organization, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Where it happened.
    pub organization: OrganizationId,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub data: EventData,
}

impl Event {
    /// An event that has no id yet.
    pub fn new(organization: OrganizationId, actor: Actor, at: Timestamp, data: EventData) -> Self {
        Self { id: EventId::at(at), organization, actor, at, data }
    }

    /// The same, not before that instant: the events of a record are in the order of its versions, whatever the clocks of those who
    /// write them say.
    #[must_use]
    pub fn not_before(self, instant: Timestamp) -> Self {
        if self.at >= instant { self } else { Self { id: EventId::at(instant), at: instant, ..self } }
    }

    /// Another event of the same change, which sorts right after this one.
    #[must_use]
    pub fn followed_by(&self, data: EventData) -> Self {
        Self { id: self.id.next(), data, ..self.clone() }
    }
}

impl EventId {
    /// A new id of that instant.
    pub fn at(instant: Timestamp) -> Self {
        let (seconds, millis) = (instant.seconds(), instant.millis().rem_euclid(1000));
        let nanoseconds = u32::try_from(millis).unwrap_or(0) * 1_000_000;
        let instant =
            uuid::Timestamp::from_unix(uuid::NoContext, u64::try_from(seconds).unwrap_or(0), nanoseconds);
        Self::new(Uuid::new_v7(instant))
    }

    /// The id right after this one, of the same instant.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(Uuid::from_u128(self.uuid().as_u128().saturating_add(1)))
    }

    /// The first id that an event of that instant can have.
    pub fn first_at(instant: Timestamp) -> Self {
        let millis = u64::try_from(instant.millis()).unwrap_or(0);
        Self::new(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
    }

    /// The last id that an event of that instant can have.
    pub fn last_at(instant: Timestamp) -> Self {
        let millis = u64::try_from(instant.millis()).unwrap_or(0);
        Self::new(uuid::Builder::from_unix_timestamp_millis(millis, &[0xff; 10]).into_uuid())
    }
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the API.
    User(UserId),
    /// Whoever runs this installation, at its command line.
    Operator,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Operator => f.write_str("operator"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        match text {
            "operator" => Ok(Self::Operator),
            user => UserId::parse(user).map(Self::User).ok_or(ParseActorError),
        }
    }
}

/// That a text names no [`Actor`].
#[derive(Debug)]
pub struct ParseActorError;

impl std::fmt::Display for ParseActorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("neither a user's UUID nor `operator`")
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What was done, under Timbrix's names. Holds names of fields, and values only where they are not personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum EventData {
    /// An organization came to be.
    #[serde(rename = "organization.created")]
    OrganizationCreated {
        /// Its slug.
        slug: String,
    },
    /// Fields of an organization were changed.
    #[serde(rename = "organization.updated")]
    OrganizationUpdated {
        /// Which.
        fields: Vec<String>,
    },
    /// An organization was deleted; it can be restored.
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted {
        /// Until when.
        restorable_until: Timestamp,
    },
    /// A deleted organization was restored.
    #[serde(rename = "organization.restored")]
    OrganizationRestored {},
    /// An organization got another owner; the one before became an admin.
    #[serde(rename = "organization.transferred")]
    OrganizationTransferred {
        /// The owner before.
        from: UserId,
        /// The owner now.
        to: UserId,
    },
    /// An organization's plan or limits were changed.
    #[serde(rename = "organization.plan_updated")]
    OrganizationPlanUpdated {
        /// The plan now.
        plan: Plan,
        /// How many members it may have now; `null`: as many as they like.
        seats: Option<u64>,
    },
    /// A user joined, by accepting that invitation.
    #[serde(rename = "member.added")]
    MemberAdded {
        /// Who.
        member_id: UserId,
        /// As what.
        role: Role,
        /// How.
        invitation_id: Option<InvitationId>,
    },
    /// What a user's tokens say of them has changed.
    #[serde(rename = "member.updated")]
    MemberUpdated {
        /// Who.
        member_id: UserId,
        /// Which of `email` and `name`.
        fields: Vec<String>,
    },
    /// A member left, or was removed.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// Who.
        member_id: UserId,
    },
    /// A member got another role.
    #[serde(rename = "member.role_updated")]
    MemberRoleUpdated {
        /// Who.
        member_id: UserId,
        /// The role before.
        from: Role,
        /// The role now.
        to: Role,
    },
    /// Someone was invited, or invited anew.
    #[serde(rename = "invite.created")]
    InviteCreated {
        /// By which invitation.
        invitation_id: InvitationId,
        /// As what.
        role: Role,
    },
    /// An invitation got a new token.
    #[serde(rename = "invite.resent")]
    InviteResent {
        /// Which.
        invitation_id: InvitationId,
    },
    /// An invitation was revoked.
    #[serde(rename = "invite.cancelled")]
    InviteCancelled {
        /// Which.
        invitation_id: InvitationId,
    },
    /// A customer came to be.
    #[serde(rename = "customer.created")]
    CustomerCreated {
        /// Its id.
        customer_id: CustomerId,
        /// Its number.
        number: CustomerNumber,
    },
    /// A customer was changed.
    #[serde(rename = "customer.updated")]
    CustomerUpdated {
        /// Its id.
        customer_id: CustomerId,
        /// Its number.
        number: CustomerNumber,
        /// The fields of the record that have changed.
        fields: Vec<String>,
    },
    /// A customer was deleted.
    #[serde(rename = "customer.deleted")]
    CustomerDeleted {
        /// Its id.
        customer_id: CustomerId,
        /// Its number.
        number: CustomerNumber,
    },
    /// An invitation was accepted; `member.added` tells of the membership.
    #[serde(rename = "invite.accepted")]
    InviteAccepted {
        /// Which.
        invitation_id: InvitationId,
        /// Who accepted it.
        member_id: UserId,
    },
    /// An invitation was declined.
    #[serde(rename = "invite.declined")]
    InviteDeclined {
        /// Which.
        invitation_id: InvitationId,
    },
}

impl EventData {
    /// The names of all of them.
    pub const TYPES: [&str; 18] = [
        "organization.created",
        "organization.updated",
        "organization.deleted",
        "organization.restored",
        "organization.transferred",
        "organization.plan_updated",
        "member.added",
        "member.removed",
        "member.role_updated",
        "member.updated",
        "invite.created",
        "invite.resent",
        "invite.cancelled",
        "invite.accepted",
        "invite.declined",
        "customer.created",
        "customer.updated",
        "customer.deleted",
    ];

    /// Its name.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "organization.created",
            Self::OrganizationUpdated { .. } => "organization.updated",
            Self::OrganizationDeleted { .. } => "organization.deleted",
            Self::OrganizationRestored {} => "organization.restored",
            Self::OrganizationTransferred { .. } => "organization.transferred",
            Self::OrganizationPlanUpdated { .. } => "organization.plan_updated",
            Self::MemberAdded { .. } => "member.added",
            Self::MemberRemoved { .. } => "member.removed",
            Self::MemberRoleUpdated { .. } => "member.role_updated",
            Self::MemberUpdated { .. } => "member.updated",
            Self::InviteCreated { .. } => "invite.created",
            Self::InviteResent { .. } => "invite.resent",
            Self::InviteCancelled { .. } => "invite.cancelled",
            Self::CustomerCreated { .. } => "customer.created",
            Self::CustomerUpdated { .. } => "customer.updated",
            Self::CustomerDeleted { .. } => "customer.deleted",
            Self::InviteAccepted { .. } => "invite.accepted",
            Self::InviteDeclined { .. } => "invite.declined",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_an_instant_lie_between_its_first_and_its_last() {
        let instants = ["2026-01-15T12:00:00.000Z", "2026-01-15T12:00:00.001Z"];
        let [now, next] = instants.map(|text| Timestamp::parse(text).unwrap());
        for _ in 0..1000 {
            let id = EventId::at(now).to_string();
            assert!(EventId::first_at(now).to_string() <= id && id <= EventId::last_at(now).to_string());
            assert!(id < EventId::first_at(next).to_string());
        }
    }
}
