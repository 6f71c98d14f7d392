//! Memberships: who joins, who leaves, who may do what.
//!
//! Each change depends on the roster, so that it fails in an organization that was deleted meanwhile, and never on the
//! organization itself, so that it does not wait for its profile.

use padron_domain::{Error, Event, Failure, Membership, OrganizationId, Role, UserId};

use crate::{
    Action, Change,
    expression::Expression,
    item::{EmailOwner, Entity, Roster, RosterState, first_seen},
    key::{Key, partition},
    scan::{Page, Scan},
    table::Store,
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
        actor: &Membership,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(after, still(before))?;
        let admins = i64::from(after.role == Role::Admin) - i64::from(before.role == Role::Admin);
        change
            .update(&Key::roster(before.organization), counting(still_in(RosterState::Active), 0, admins))?;
        still_allowed(&mut change, actor, Some(before.user))?;
        Ok(change)
    }

    /// Takes a member out, on behalf of `actor`, who may be that member.
    pub fn remove_member(
        &self,
        member: &Membership,
        actor: &Membership,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.remove(&member.key(), still(member))?;
        if let Some(email) = EmailOwner::of(member) {
            change.remove(&email.key(), email.still_theirs())?;
        }
        let admins = -i64::from(member.role == Role::Admin);
        change
            .update(&Key::roster(member.organization), counting(still_in(RosterState::Active), -1, admins))?;
        still_allowed(&mut change, actor, Some(member.user))?;
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
        let scan = Scan {
            partition: partition(organization),
            from: "MEMBER#".into(),
            to: "MEMBER#~".into(),
            after: after.map(|user| Key::membership(organization, user)),
            ascending: true,
            limit,
        };
        self.scan(scan, wanted).await
    }

    /// How many members there are, eventually consistent, for half a unit.
    pub async fn member_count(&self, organization: OrganizationId) -> Result<u64, Error> {
        let key = Key::roster(organization);
        let mut found = self.batch_glance(std::slice::from_ref(&key), &Roster::SHOWN).await?;
        Ok(found.take::<Roster>(&key)?.map_or(0, |roster| roster.members))
    }
}

/// Lets a user join, if there is a seat. `issued_at` is when the claims in the membership were made.
pub(crate) fn take_seat(
    change: &mut Change<'_>,
    member: &Membership,
    issued_at: Option<i64>,
) -> Result<(), Error> {
    join(change, member, issued_at, Failure::AlreadyMember)?;
    let seat = still_in(RosterState::Active)
        .and("(attribute_not_exists(#seats) OR #members < #seats)")
        .name("#seats", "seats")
        .name("#members", "members");
    change.update_or(
        &Key::roster(member.organization),
        counting(seat, 1, i64::from(member.role == Role::Admin)),
        Failure::SeatLimitReached,
        ("state", RosterState::Active.name()),
    )
}

/// Writes a membership with what belongs to it: whose its e-mail is, and the user's profile where there is none.
pub(crate) fn join<R>(
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
    change.update(&Key::profile(member.user), first_seen(member, issued_at))
}

/// That the membership is the version that was read.
pub(crate) fn still(member: &Membership) -> Expression {
    Expression::version(member.version)
}

/// That the organization is in this state.
pub(crate) fn still_in(state: RosterState) -> Expression {
    Expression::condition("#state = :state").name("#state", "state").text(":state", state.name())
}

/// Counts members and admins up or down.
fn counting(still: Expression, members: i64, admins: i64) -> Expression {
    still
        .then("ADD #members :more, #admins :admins")
        .name("#members", "members")
        .name("#admins", "admins")
        .number(":more", members)
        .number(":admins", admins)
}

/// That the actor has the role that was read still. Where they act on themselves, their own membership's condition says so.
pub(crate) fn still_allowed(
    change: &mut Change<'_>,
    actor: &Membership,
    target: Option<UserId>,
) -> Result<(), Error> {
    if target == Some(actor.user) {
        return Ok(());
    }
    let still = Expression::condition("#role = :role").name("#role", "role").text(":role", actor.role.name());
    change.check(&actor.key(), still)
}
