//! Memberships: who joins, who leaves, who may do what.
//!
//! Each change depends on the roster, so that it fails in an organization that was deleted meanwhile, and never on the
//! organization itself, so that it does not wait for its profile.

use padron_domain::{Authority, Email, Error, Event, Failure, Membership, OrganizationId, Role, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::Entity,
    key::{GSI1_PK, GSI1_SK, Key, PK, partition, user_partition},
    profile::profile_on_join,
    range_query::{Page, RangeQuery},
    read::{Consistency, Items, Projection},
    roster::{Roster, RosterState, if_roster_is},
    table::Store,
    transaction::Change,
};

impl Store {
    /// What [`Store::add_member`] needs.
    pub const ADD_MEMBER: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// What [`Store::update_role`] needs.
    pub const UPDATE_ROLE: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::CHECK];
    /// What [`Store::remove_member`] needs.
    pub const REMOVE_MEMBER: &'static [Action] =
        &[Action::PUT, Action::UPDATE, Action::DELETE, Action::CHECK];
    /// What [`Store::members`] and [`Store::member_count`] need.
    pub const MEMBERS: &'static [Action] = &[Action::QUERY, Action::BATCH_GET];

    /// Lets a user join, if there is a seat.
    pub fn add_member(&self, member: &Membership, event: &Event) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        take_seat(&mut change, member, None)?;
        Ok(change)
    }

    /// Gives a member the role of `after`, on behalf of `actor`.
    pub fn update_role(
        &self,
        before: &Membership,
        after: &Membership,
        actor: &Authority,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(after, if_unchanged(before))?;
        let admins = i64::from(after.role == Role::Admin) - i64::from(before.role == Role::Admin);
        change.update(
            &Key::roster(before.organization),
            count_members(if_roster_is(RosterState::Active), 0, admins),
        )?;
        check_authority(&mut change, actor, Some(before.user))?;
        Ok(change)
    }

    /// Takes a member out, on behalf of `actor`, who may be that member.
    pub fn remove_member(
        &self,
        member: &Membership,
        actor: &Authority,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.remove(&member.key(), if_unchanged(member))?;
        if let Some(email) = EmailOwner::of(member) {
            change.remove(&email.key(), email.if_owned())?;
        }
        let admins = -i64::from(member.role == Role::Admin);
        change.update(
            &Key::roster(member.organization),
            count_members(if_roster_is(RosterState::Active), -1, admins),
        )?;
        check_authority(&mut change, actor, Some(member.user))?;
        Ok(change)
    }

    /// A page of the members that are wanted, in the order of their ids, eventually consistent. `None` wants all of them.
    pub async fn members(
        &self,
        organization: OrganizationId,
        after: Option<UserId>,
        limit: usize,
        wanted: Option<&(dyn Fn(&Membership) -> bool + Sync)>,
    ) -> Result<Page<Membership>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: "MEMBER#".into(),
            to: "MEMBER#~".into(),
            after: after.map(|user| Key::membership(organization, user)),
            ascending: true,
            limit,
        };
        self.range_query(range, wanted).await
    }

    /// How many members there are, eventually consistent, for half a unit.
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

/// Lets a user join, if there is a seat. `issued_at` is when the claims in the membership were made.
pub(crate) fn take_seat(
    change: &mut Change<'_>,
    member: &Membership,
    issued_at: Option<i64>,
) -> Result<(), Error> {
    add_membership(change, member, issued_at, Failure::ALREADY_MEMBER)?;
    let seat = if_roster_is(RosterState::Active)
        .and("(attribute_not_exists(#seats) OR #members < #seats)")
        .name("#seats", "seats")
        .name("#members", "members");
    change.update_or(
        &Key::roster(member.organization),
        count_members(seat, 1, i64::from(member.role == Role::Admin)),
        Failure::SEAT_LIMIT_REACHED,
        ("state", RosterState::Active.name()),
    )
}

/// Writes a membership with what belongs to it: whose its e-mail is, and the user's profile where there is none.
pub(crate) fn add_membership<R>(
    change: &mut Change<'_, R>,
    member: &Membership,
    issued_at: Option<i64>,
    taken: R,
) -> Result<(), Error>
where
    R: Copy,
{
    change.create(member, taken)?;
    if let Some(email) = EmailOwner::of(member) {
        change.create(&email, taken)?;
    }
    change.update(&Key::profile(member.user), profile_on_join(member, issued_at))
}

/// That the membership is the version that was read.
pub(crate) fn if_unchanged(member: &Membership) -> Expression {
    Expression::version(member.version)
}

/// Counts members and admins up or down.
fn count_members(still: Expression, members: i64, admins: i64) -> Expression {
    still
        .then("ADD #members :more, #admins :admins")
        .name("#members", "members")
        .name("#admins", "admins")
        .number(":more", members)
        .number(":admins", admins)
}

/// Checks that the actor's right to act is unchanged. If actor and target are the same item, its own condition checks it.
pub(crate) fn check_authority(
    change: &mut Change<'_>,
    actor: &Authority,
    target: Option<UserId>,
) -> Result<(), Error> {
    let Authority::Membership(membership) = actor;
    if target == Some(membership.user) {
        return Ok(());
    }
    let role = membership.role.name();
    let if_role = Expression::condition("#role = :role").name("#role", "role").text(":role", role);
    change.check(&membership.key(), if_role)
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

/// Which member has an e-mail: whoever is invited by it is a member already.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EmailOwner {
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) email: Email,
}

impl EmailOwner {
    /// That of a membership, if it has an e-mail.
    pub(crate) fn of(member: &Membership) -> Option<Self> {
        let email = member.email.as_deref().and_then(Email::parse)?;
        Some(Self { organization: member.organization, user: member.user, email })
    }

    /// That no other member has it by now.
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
    /// That membership, if it was asked for and is there.
    pub fn membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, Error> {
        self.remove(&Key::membership(organization, user))
    }
}
