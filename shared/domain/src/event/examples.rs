//! An example of each type of event.

use uuid::Uuid;

use super::EventData;
use crate::{
    ApiKeyId, CustomerId, CustomerNumber, DisabledReason, GrantRevocationReason, Id, OauthClientId,
    OauthGrantId, Plan, RevocationReason, Role, Scope, Scopes, Timestamp, UserId, WebhookId,
};

impl EventData {
    /// Returns an example of each event type, in the order of [`EventData::TYPES`].
    pub fn examples() -> Vec<Self> {
        let member_id: UserId = id(0x7f3c_2a10_5d4e_4b6a_9c1d_0e2f_3a4b_5c6d);
        let owner: UserId = id(0x1b9d_6bcd_bbfd_4b2d_9b5d_ab8d_fbbd_4bed);
        let invitation_id = id(0x9a1f_5c3e_7b2d_4e8f_a6c4_1d3b_5f7e_9a2c);
        let key_id: ApiKeyId = id(0x0195_b2f0_8a6e_7c3e_9f1d_5a7b_3c2e_1d4f);
        let new_key_id: ApiKeyId = id(0x0195_b2f1_1c2d_7e4f_8a6b_9d1c_2e3f_4a5b);
        let webhook_id: WebhookId = id(0x0195_b2f2_4d6e_7a8b_8c9d_0e1f_2a3b_4c5d);
        let client_id = OauthClientId::new(Uuid::from_u128(0x0195_b2f3_5e7f_7b8c_9d0e_1f2a_3b4c_5d6e));
        let token_id = OauthGrantId {
            client: client_id,
            grant: Uuid::from_u128(0x0195_b2f4_6f80_7c9d_8e1f_2a3b_4c5d_6e7f),
        };
        let created_at = at("2026-01-15T12:00:00.000Z");
        let number = CustomerNumber::from_timestamp(created_at, 0x1d5).unwrap_or(CustomerNumber::MIN);
        let customer_id = || CustomerId::new(number, 0x3f2c_4d8e_1b09);
        let fields = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        vec![
            Self::OrganizationCreated { slug: "acme-corp".into() },
            Self::OrganizationUpdated { fields: fields(&["name", "timezone"]) },
            Self::OrganizationDeleted { restorable_until: at("2026-02-14T12:00:00.000Z") },
            Self::OrganizationRestored {},
            Self::OrganizationTransferred { from: owner, to: member_id },
            Self::OrganizationPlanUpdated { plan: Plan::Pro, seats: Some(50) },
            Self::MemberAdded { member_id, role: Role::Member, invitation_id: Some(invitation_id) },
            Self::MemberRemoved { member_id, revoked_keys: vec![key_id] },
            Self::MemberRoleUpdated {
                member_id,
                from: Role::Admin,
                to: Role::Member,
                limited_keys: vec![key_id],
            },
            Self::MemberUpdated { member_id, fields: fields(&["email"]) },
            Self::InviteCreated { invitation_id, role: Role::Member },
            Self::InviteResent { invitation_id },
            Self::InviteCancelled { invitation_id },
            Self::InviteAccepted { invitation_id, member_id },
            Self::InviteDeclined { invitation_id },
            Self::CustomerCreated { customer_id: customer_id(), number },
            Self::CustomerUpdated {
                customer_id: customer_id(),
                number,
                fields: fields(&["legalName", "email"]),
            },
            Self::CustomerDeleted { customer_id: customer_id(), number },
            Self::CustomersImported { customer_ids: vec![customer_id()] },
            Self::ApiKeyCreated {
                key_id,
                scopes: Scopes::of(&[Scope::ReadCustomers, Scope::WriteCustomers]),
                role: Role::Member,
            },
            Self::ApiKeyUpdated { key_id, fields: fields(&["name"]) },
            Self::ApiKeyRotated { key_id, new_key_id },
            Self::ApiKeyRevoked { key_id, reason: RevocationReason::NoLongerUsed },
            Self::ApiKeyLeaked { key_id, url: Some("https://example.com/where-it-was".into()) },
            Self::WebhookCreated { webhook_id },
            Self::WebhookUpdated { webhook_id, fields: fields(&["url", "events"]) },
            Self::WebhookDeleted { webhook_id },
            Self::WebhookDisabled { webhook_id, reason: DisabledReason::Gone },
            Self::WebhookSecretRotated { webhook_id },
            Self::OauthAppCreated { client_id, scopes: Scopes::of(&[Scope::ReadCustomers]) },
            Self::OauthAppUpdated { client_id, fields: fields(&["scopes"]) },
            Self::OauthAppSecretRotated { client_id },
            Self::OauthAppRevoked { client_id },
            Self::OauthGrantCreated { token_id, member_id, scopes: Scopes::of(&[Scope::ReadCustomers]) },
            Self::OauthGrantRevoked {
                token_id,
                member_id: Some(member_id),
                reason: GrantRevocationReason::Revoked,
            },
        ]
    }
}

const fn id<T>(uuid: u128) -> Id<T> {
    Id::new(Uuid::from_u128(uuid))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap_or(Timestamp::EARLIEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_an_example() {
        let types: Vec<&str> = EventData::examples().iter().map(EventData::event_type).collect();
        assert_eq!(
            types,
            EventData::TYPES,
            "add the example in `EventData::examples`, in the order of `TYPES`"
        );
    }
}
