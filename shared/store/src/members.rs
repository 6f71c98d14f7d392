//! The memberships of an organization.
//!
//! Every change of a membership checks the roster, so that it fails if the organization was deleted in the meantime. It
//! never checks the organization itself, so that it does not conflict with changes of the organization's profile.

use padron_domain::{
    ApiKey, ApiKeyId, Authority, Email, Error, Event, Failure, Membership, OrganizationId, RevocationReason,
    Role, UserId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action, OwnedApiKeys,
    api_keys::check_key,
    expression::Expression,
    item::Entity,
    key::{GSI1_PK, GSI1_SK, Key, PK, partition, user_partition},
    oauth::check_app,
    profile::profile_on_join,
    range_query::{Page, RangeQuery},
    read::{Consistency, Items, Projection},
    roster::{Roster, RosterState, if_roster_is},
    table::Store,
    transaction::Transaction,
};

impl Store {
    /// The IAM actions of [`Store::add_member`].
    pub const ADD_MEMBER: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::update_role`].
    pub const UPDATE_ROLE: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::CHECK];
    /// The IAM actions of [`Store::remove_member`].
    pub const REMOVE_MEMBER: &'static [Action] =
        &[Action::PUT, Action::UPDATE, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::membership`].
    pub const MEMBERSHIP: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::members`] and [`Store::member_count`].
    pub const MEMBERS: &'static [Action] = &[Action::QUERY, Action::BATCH_GET];

    /// Adds a member to an organization, if a seat is available.
    pub fn add_member(&self, member: &Membership, event: &Event) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        add_member_if_seat_is_free(&mut transaction, member, None)?;
        Ok(transaction)
    }

    /// Changes the role of a member to that of `after`, on behalf of `actor`.
    pub fn update_role(
        &self,
        before: &Membership,
        after: &Membership,
        owned_keys: &OwnedApiKeys,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.replace(after, if_unchanged(before))?;
        let admins = i64::from(after.role == Role::Admin) - i64::from(before.role == Role::Admin);
        transaction.update(
            &Key::roster(before.organization),
            count_members(if_roster_is(RosterState::Active), 0, admins),
        )?;
        if after.role < before.role {
            owned_keys.limit_to(&mut transaction, after.role, event.at)?;
            check_authority_unless_changed(&mut transaction, actor, before.user, owned_keys)?;
        } else {
            check_authority(&mut transaction, actor, Some(before.user))?;
        }
        Ok(transaction)
    }

    /// Removes a member, on behalf of `actor`, who may be that member.
    pub fn remove_member(
        &self,
        member: &Membership,
        owned_keys: &OwnedApiKeys,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.remove(&member.key(), if_unchanged(member))?;
        if let Some(email) = EmailOwner::of(member) {
            transaction.remove(&email.key(), email.if_owned())?;
        }
        let admins = -i64::from(member.role == Role::Admin);
        transaction.update(
            &Key::roster(member.organization),
            count_members(if_roster_is(RosterState::Active), -1, admins),
        )?;
        let revoke = |key: &ApiKey| key.revoked(event.actor, RevocationReason::MemberRemoved, event.at);
        let revoked: Vec<ApiKey> = owned_keys.keys().iter().map(revoke).collect();
        let ids: Vec<ApiKeyId> = owned_keys.registry().owned_by(member.user).collect();
        let registry = (!ids.is_empty()).then(|| {
            let mut registry = owned_keys.registry().next_version();
            registry.remove(&ids);
            registry
        });
        owned_keys.replace(&mut transaction, &revoked, registry.as_ref())?;
        check_authority_unless_changed(&mut transaction, actor, member.user, owned_keys)?;
        Ok(transaction)
    }

    /// Returns a page of the members that `filter` accepts, in the order of their ids, eventually consistent.
    ///
    /// `None` accepts all members.
    pub async fn members(
        &self,
        organization: OrganizationId,
        after: Option<UserId>,
        limit: usize,
        filter: Option<&(dyn Fn(&Membership) -> bool + Sync)>,
    ) -> Result<Page<Membership>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: "MEMBER#".into(),
            to: "MEMBER#~".into(),
            after: after.map(|user| Key::membership(organization, user)),
            ascending: true,
            limit,
            passes_unreadable: false,
        };
        self.range_query(range, filter).await
    }

    /// Returns the membership of a user in an organization, strongly consistent; `None` if the user is not a member.
    pub async fn membership(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, Error> {
        let key = Key::membership(organization, user);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        found.remove(&key)
    }

    /// Returns the number of members, eventually consistent, for half a capacity unit.
    pub async fn member_count(&self, organization: OrganizationId) -> Result<u64, Error> {
        let key = Key::roster(organization);
        let mut found = self
            .batch_get(
                std::slice::from_ref(&key),
                Consistency::Eventual,
                Projection::Attributes(&Roster::COUNT_ATTRIBUTES),
            )
            .await?;
        Ok(found.remove::<Roster>(&key)?.map_or(0, |roster| roster.members))
    }
}

/// Adds a membership to a transaction, if a seat is available.
///
/// `issued_at` is the time at which the claims in the membership were issued, in seconds since 1970.
pub(crate) fn add_member_if_seat_is_free(
    transaction: &mut Transaction<'_>,
    member: &Membership,
    issued_at: Option<i64>,
) -> Result<(), Error> {
    add_membership(transaction, member, issued_at, Failure::ALREADY_MEMBER)?;
    let seat = if_roster_is(RosterState::Active)
        .and("(attribute_not_exists(#seats) OR #members < #seats)")
        .name("#seats", "seats")
        .name("#members", "members");
    transaction.update_or_refuse(
        &Key::roster(member.organization),
        count_members(seat, 1, i64::from(member.role == Role::Admin)),
        Failure::SEAT_LIMIT_REACHED,
        ("state", RosterState::Active.name()),
    )
}

/// Adds a membership to a transaction, with the item of its e-mail and the update of the user's profile.
///
/// The claims of the membership are written only to attributes of the profile that have no value yet.
pub(crate) fn add_membership<R>(
    transaction: &mut Transaction<'_, R>,
    member: &Membership,
    issued_at: Option<i64>,
    taken: R,
) -> Result<(), Error>
where
    R: Copy,
{
    transaction.create(member, taken)?;
    if let Some(email) = EmailOwner::of(member) {
        transaction.create(&email, taken)?;
    }
    transaction.update(&Key::profile(member.user), profile_on_join(member, issued_at))
}

/// Returns the condition that a membership is unchanged since it was read.
pub(crate) fn if_unchanged(member: &Membership) -> Expression {
    Expression::version(member.version)
}

/// Adds to the numbers of members and admins in the roster, under the condition `still`.
fn count_members(still: Expression, members: i64, admins: i64) -> Expression {
    still
        .then("ADD #members :more, #admins :admins")
        .name("#members", "members")
        .name("#admins", "admins")
        .number(":more", members)
        .number(":admins", admins)
}

/// Checks that the actor's role, or the acting API key, is unchanged.
///
/// If the actor is also the target, the condition on the target's own item checks this.
pub(crate) fn check_authority(
    transaction: &mut Transaction<'_>,
    actor: &Authority,
    target: Option<UserId>,
) -> Result<(), Error> {
    let membership = match actor {
        Authority::Membership(membership) => membership,
        Authority::Key(key) => return check_key(transaction, key),
        Authority::App(app) => return check_app(transaction, app),
    };
    if target == Some(membership.user) {
        return Ok(());
    }
    let role = membership.role.name();
    let if_role = Expression::condition("#role = :role").name("#role", "role").text(":role", role);
    transaction.check(&membership.key(), if_role)
}

/// Checks the same, unless the transaction already changes or checks the actor's own item. DynamoDB allows one operation per item, and its
/// condition checks the same.
fn check_authority_unless_changed(
    transaction: &mut Transaction<'_>,
    actor: &Authority,
    target: UserId,
    owned_keys: &OwnedApiKeys,
) -> Result<(), Error> {
    let is_changed = |acting: &ApiKey| owned_keys.keys().iter().any(|key| key.id == acting.id);
    match actor {
        Authority::Key(key) if is_changed(key) => Ok(()),
        _ => check_authority(transaction, actor, Some(target)),
    }
}

impl Entity for Membership {
    const NAME: &'static str = "membership";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "role", "joinedAt"]);

    fn key(&self) -> Key {
        Key::membership(self.organization, self.user)
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        vec![(GSI1_PK, user_partition(self.user)), (GSI1_SK, partition(self.organization))]
    }
}

/// The item that maps an e-mail to the member of an organization who has it. A person invited by this e-mail is already
/// a member.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EmailOwner {
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) email: Email,
}

impl EmailOwner {
    /// Returns the item for the e-mail of a membership; `None` if the membership has no valid e-mail.
    pub(crate) fn of(member: &Membership) -> Option<Self> {
        let email = member.email.as_deref().and_then(Email::parse)?;
        Some(Self { organization: member.organization, user: member.user, email })
    }

    /// Returns the condition that no other member has the e-mail.
    pub(crate) fn if_owned(&self) -> Expression {
        Expression::condition(format!("attribute_not_exists({PK}) OR #user = :user"))
            .name("#user", "user")
            .text(":user", self.user.to_string())
    }
}

impl Entity for EmailOwner {
    const NAME: &'static str = "email";

    fn key(&self) -> Key {
        Key::email(self.organization, &self.email)
    }
}

impl Items {
    /// Removes and returns the membership of a user; `None` if it was not read or does not exist.
    pub fn membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, Error> {
        self.remove(&Key::membership(organization, user))
    }
}
