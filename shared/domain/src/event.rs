//! Events: the audit trail, and the content of webhooks.

mod examples;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ApiKeyId, CustomerId, CustomerNumber, DisabledReason, GrantRevocationReason, Id, InvitationId,
    OauthClientId, OauthGrantId, OrganizationId, Plan, RevocationReason, Role, Scopes, Timestamp, UserId,
    WebhookId,
};

/// The id of an event: a UUIDv7 (RFC 9562 §5.7), so that ids sort by time.
pub type EventId = Id<Event>;

/// An event in an organization: what was done, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The id of the event.
    pub id: EventId,
    /// The organization in which the event happened.
    pub organization: OrganizationId,
    /// The actor who caused the event.
    pub actor: Actor,
    /// The OAuth app through which the actor, a user, acted; `None` if they acted themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<OauthClientId>,
    /// When the event happened.
    pub at: Timestamp,
    /// The type and data of the event.
    #[serde(flatten)]
    pub data: EventData,
}

impl Event {
    /// Creates an event with a new id of the instant `at`.
    pub fn new(organization: OrganizationId, actor: Actor, at: Timestamp, data: EventData) -> Self {
        Self { id: EventId::at(at), organization, actor, via: None, at, data }
    }

    /// Returns the event of a user who acted through an OAuth app.
    #[must_use]
    pub fn via(self, client: Option<OauthClientId>) -> Self {
        Self { via: client, ..self }
    }

    /// Returns the event at `instant` or later, with a new id if it was earlier.
    ///
    /// The events of a record are thus in the order of its versions, even if the clocks of the writers differ.
    #[must_use]
    pub fn at_or_after(self, instant: Timestamp) -> Self {
        if self.at >= instant { self } else { Self { id: EventId::at(instant), at: instant, ..self } }
    }

    /// Returns another event of the same change, which sorts right after this one.
    #[must_use]
    pub fn next_in_change(&self, data: EventData) -> Self {
        Self { id: self.id.next(), data, ..self.clone() }
    }
}

impl EventId {
    /// Returns the id right after this one, of the same instant.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(Uuid::from_u128(self.uuid().as_u128().saturating_add(1)))
    }

    /// Returns the first id that an event of an instant can have.
    pub fn first_at(instant: Timestamp) -> Self {
        let millis = u64::try_from(instant.millis()).unwrap_or(0);
        Self::new(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
    }

    /// Returns the last id that an event of an instant can have.
    pub fn last_at(instant: Timestamp) -> Self {
        let millis = u64::try_from(instant.millis()).unwrap_or(0);
        Self::new(uuid::Builder::from_unix_timestamp_millis(millis, &[0xff; 10]).into_uuid())
    }
}

/// The user, API key, OAuth app or operator that caused an event, or Padrón itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the API.
    User(UserId),
    /// An API key of the organization.
    Key(ApiKeyId),
    /// An OAuth app that acted for itself.
    App(OauthClientId),
    /// The operator of this installation, at its command line.
    Operator,
    /// Padrón itself, by a rule.
    System,
}

/// The beginning of an actor's text if it is an API key.
const KEY: &str = "key:";
/// The beginning of an actor's text if it is an OAuth app.
const APP: &str = "app:";

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Key(key) => write!(f, "{KEY}{key}"),
            Self::App(client) => write!(f, "{APP}{client}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

impl std::str::FromStr for Actor {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        match text {
            "operator" => Ok(Self::Operator),
            "system" => Ok(Self::System),
            text => {
                let actor = if let Some(key) = text.strip_prefix(KEY) {
                    ApiKeyId::parse(key).map(Self::Key)
                } else if let Some(client) = text.strip_prefix(APP) {
                    OauthClientId::parse(client).map(Self::App)
                } else {
                    UserId::parse(text).map(Self::User)
                };
                actor.ok_or(ParseActorError)
            }
        }
    }
}

/// An error that is returned when a text does not name an [`Actor`].
#[derive(Debug)]
pub struct ParseActorError;

impl std::fmt::Display for ParseActorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("neither a user's UUID, nor `key:` or `app:` and an id, nor `operator` or `system`")
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

/// The type and data of an event, with the names that Timbrix uses.
///
/// The data contains the names of changed fields. It contains values only where they are not personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all_fields = "camelCase")]
pub enum EventData {
    /// An organization was created.
    #[serde(rename = "organization.created")]
    OrganizationCreated {
        /// The slug of the organization.
        slug: String,
    },
    /// Fields of an organization were changed.
    #[serde(rename = "organization.updated")]
    OrganizationUpdated {
        /// The names of the changed fields.
        fields: Vec<String>,
    },
    /// An organization was deleted. It can still be restored.
    #[serde(rename = "organization.deleted")]
    OrganizationDeleted {
        /// The time until which the organization can be restored.
        restorable_until: Timestamp,
    },
    /// A deleted organization was restored.
    #[serde(rename = "organization.restored")]
    OrganizationRestored {},
    /// An organization was transferred to another owner. The previous owner became an admin.
    #[serde(rename = "organization.transferred")]
    OrganizationTransferred {
        /// The id of the previous owner.
        from: UserId,
        /// The id of the new owner.
        to: UserId,
    },
    /// The plan or the limits of an organization were changed.
    #[serde(rename = "organization.plan_updated")]
    OrganizationPlanUpdated {
        /// The new plan.
        plan: Plan,
        /// The new maximum number of members; `null` if there is no limit.
        seats: Option<u64>,
    },
    /// A user joined an organization by accepting an invitation.
    #[serde(rename = "member.added")]
    MemberAdded {
        /// The user id of the new member.
        member_id: UserId,
        /// The role of the new member.
        role: Role,
        /// The id of the accepted invitation.
        invitation_id: Option<InvitationId>,
    },
    /// The e-mail address or name in a user's tokens has changed.
    #[serde(rename = "member.updated")]
    MemberUpdated {
        /// The user id of the member.
        member_id: UserId,
        /// The names of the changed fields: `email`, `name` or both.
        fields: Vec<String>,
    },
    /// A member left an organization, or was removed.
    #[serde(rename = "member.removed")]
    MemberRemoved {
        /// The user id of the member.
        member_id: UserId,
        /// The ids of the member's API keys that still worked, and are revoked. Absent if there were none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revoked_keys: Vec<ApiKeyId>,
    },
    /// The role of a member was changed.
    #[serde(rename = "member.role_updated")]
    MemberRoleUpdated {
        /// The user id of the member.
        member_id: UserId,
        /// The previous role.
        from: Role,
        /// The new role.
        to: Role,
        /// The ids of the member's API keys that had more rights than the new role, and lost them. Absent if there were none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        limited_keys: Vec<ApiKeyId>,
    },
    /// An e-mail address was invited, or invited again.
    #[serde(rename = "invite.created")]
    InviteCreated {
        /// The id of the invitation.
        invitation_id: InvitationId,
        /// The role that the invited user gets.
        role: Role,
    },
    /// An invitation was sent again with a new token.
    #[serde(rename = "invite.resent")]
    InviteResent {
        /// The id of the invitation.
        invitation_id: InvitationId,
    },
    /// An invitation was revoked.
    #[serde(rename = "invite.cancelled")]
    InviteCancelled {
        /// The id of the invitation.
        invitation_id: InvitationId,
    },
    /// A customer was created.
    #[serde(rename = "customer.created")]
    CustomerCreated {
        /// The id of the customer.
        customer_id: CustomerId,
        /// The number of the customer.
        number: CustomerNumber,
    },
    /// A customer was changed.
    #[serde(rename = "customer.updated")]
    CustomerUpdated {
        /// The id of the customer.
        customer_id: CustomerId,
        /// The number of the customer.
        number: CustomerNumber,
        /// The names of the changed fields of the record.
        fields: Vec<String>,
    },
    /// A customer was deleted.
    #[serde(rename = "customer.deleted")]
    CustomerDeleted {
        /// The id of the customer.
        customer_id: CustomerId,
        /// The number of the customer.
        number: CustomerNumber,
    },
    /// Customers were created by an import: at most 24 in one event.
    #[serde(rename = "customer.imported")]
    CustomersImported {
        /// The ids of the customers.
        customer_ids: Vec<CustomerId>,
    },
    /// An invitation was accepted. A `member.added` event describes the membership.
    #[serde(rename = "invite.accepted")]
    InviteAccepted {
        /// The id of the invitation.
        invitation_id: InvitationId,
        /// The user id of the member who accepted the invitation.
        member_id: UserId,
    },
    /// An invitation was declined.
    #[serde(rename = "invite.declined")]
    InviteDeclined {
        /// The id of the invitation.
        invitation_id: InvitationId,
    },
    /// An API key was created.
    #[serde(rename = "api_key.created")]
    ApiKeyCreated {
        /// The id of the key.
        key_id: ApiKeyId,
        /// The scopes of the key.
        #[serde(default)]
        scopes: Scopes,
        /// The role of the key.
        role: Role,
    },
    /// Settings of an API key were changed.
    #[serde(rename = "api_key.updated")]
    ApiKeyUpdated {
        /// The id of the key.
        key_id: ApiKeyId,
        /// The names of the changed fields.
        fields: Vec<String>,
    },
    /// An API key was replaced by a new one.
    #[serde(rename = "api_key.rotated")]
    ApiKeyRotated {
        /// The id of the key that was replaced.
        key_id: ApiKeyId,
        /// The id of the new key.
        new_key_id: ApiKeyId,
    },
    /// An API key was revoked.
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked {
        /// The id of the key.
        key_id: ApiKeyId,
        /// The reason of the revocation.
        reason: RevocationReason,
    },
    /// A webhook was created.
    #[serde(rename = "webhook.created")]
    WebhookCreated {
        /// The id of the webhook.
        webhook_id: WebhookId,
    },
    /// Settings of a webhook were changed.
    #[serde(rename = "webhook.updated")]
    WebhookUpdated {
        /// The id of the webhook.
        webhook_id: WebhookId,
        /// The names of the changed fields.
        fields: Vec<String>,
    },
    /// A webhook was deleted.
    #[serde(rename = "webhook.deleted")]
    WebhookDeleted {
        /// The id of the webhook.
        webhook_id: WebhookId,
    },
    /// A webhook was disabled, because its receiver does not take what it is sent.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled {
        /// The id of the webhook.
        webhook_id: WebhookId,
        /// Why it was disabled.
        reason: DisabledReason,
    },
    /// A webhook got a new secret.
    #[serde(rename = "webhook.secret_rotated")]
    WebhookSecretRotated {
        /// The id of the webhook.
        webhook_id: WebhookId,
    },
    /// An OAuth app was created.
    #[serde(rename = "oauth_app.created")]
    OauthAppCreated {
        /// The id of the app.
        client_id: OauthClientId,
        /// The scopes of the app.
        #[serde(default)]
        scopes: Scopes,
    },
    /// Settings of an OAuth app were changed.
    #[serde(rename = "oauth_app.updated")]
    OauthAppUpdated {
        /// The id of the app.
        client_id: OauthClientId,
        /// The names of the changed fields.
        fields: Vec<String>,
    },
    /// An OAuth app got a new secret.
    #[serde(rename = "oauth_app.secret_rotated")]
    OauthAppSecretRotated {
        /// The id of the app.
        client_id: OauthClientId,
    },
    /// An OAuth app was deleted, and all its tokens with it.
    #[serde(rename = "oauth_app.revoked")]
    OauthAppRevoked {
        /// The id of the app.
        client_id: OauthClientId,
    },
    /// A user has allowed an OAuth app to act for them.
    #[serde(rename = "oauth_grant.created")]
    OauthGrantCreated {
        /// The id of the grant.
        token_id: OauthGrantId,
        /// The user for whom the app acts.
        member_id: UserId,
        /// The scopes that were granted.
        #[serde(default)]
        scopes: Scopes,
    },
    /// What an OAuth app was granted was revoked.
    #[serde(rename = "oauth_grant.revoked")]
    OauthGrantRevoked {
        /// The id of the grant.
        token_id: OauthGrantId,
        /// The user for whom the app acted; `null` if it acted for itself.
        member_id: Option<UserId>,
        /// Why it was revoked.
        reason: GrantRevocationReason,
    },
    /// An API key was found in a public place, reported, and revoked.
    #[serde(rename = "api_key.leaked")]
    ApiKeyLeaked {
        /// The id of the key.
        key_id: ApiKeyId,
        /// Where the key was found; `null` if the report does not say.
        url: Option<String>,
    },
}

impl EventData {
    /// The names of all event types.
    pub const TYPES: &'static [&'static str] = &[
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
        "customer.imported",
        "api_key.created",
        "api_key.updated",
        "api_key.rotated",
        "api_key.revoked",
        "api_key.leaked",
        "webhook.created",
        "webhook.updated",
        "webhook.deleted",
        "webhook.disabled",
        "webhook.secret_rotated",
        "oauth_app.created",
        "oauth_app.updated",
        "oauth_app.secret_rotated",
        "oauth_app.revoked",
        "oauth_grant.created",
        "oauth_grant.revoked",
    ];

    /// Returns the names of the changed fields; `None` if events of this type have none.
    pub fn changed_fields(&self) -> Option<&[String]> {
        match self {
            Self::OrganizationUpdated { fields }
            | Self::MemberUpdated { fields, .. }
            | Self::CustomerUpdated { fields, .. }
            | Self::ApiKeyUpdated { fields, .. }
            | Self::WebhookUpdated { fields, .. }
            | Self::OauthAppUpdated { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// Returns the name of the event type.
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
            Self::CustomersImported { .. } => "customer.imported",
            Self::InviteAccepted { .. } => "invite.accepted",
            Self::InviteDeclined { .. } => "invite.declined",
            Self::ApiKeyCreated { .. } => "api_key.created",
            Self::ApiKeyUpdated { .. } => "api_key.updated",
            Self::ApiKeyRotated { .. } => "api_key.rotated",
            Self::ApiKeyRevoked { .. } => "api_key.revoked",
            Self::ApiKeyLeaked { .. } => "api_key.leaked",
            Self::WebhookCreated { .. } => "webhook.created",
            Self::WebhookUpdated { .. } => "webhook.updated",
            Self::WebhookDeleted { .. } => "webhook.deleted",
            Self::WebhookDisabled { .. } => "webhook.disabled",
            Self::WebhookSecretRotated { .. } => "webhook.secret_rotated",
            Self::OauthAppCreated { .. } => "oauth_app.created",
            Self::OauthAppUpdated { .. } => "oauth_app.updated",
            Self::OauthAppSecretRotated { .. } => "oauth_app.secret_rotated",
            Self::OauthAppRevoked { .. } => "oauth_app.revoked",
            Self::OauthGrantCreated { .. } => "oauth_grant.created",
            Self::OauthGrantRevoked { .. } => "oauth_grant.revoked",
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
