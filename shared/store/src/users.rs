//! Users, apart from any one organization.

use padron_domain::{Error, Event, Failure, Membership, OrganizationId, Profile, UserId};

use crate::{
    Action,
    expression::Expression,
    item::Entity,
    key::Key,
    members::{EmailOwner, if_unchanged},
    organizations::MembershipEntry,
    profile::{ISSUED_AT, profile_update},
    read::{Consistency, Projection},
    table::Store,
    transaction::{Change, TransactionError},
};

/// How many places of a user are read together.
const BATCH: usize = 100;

impl Store {
    /// What [`Store::profile`] needs.
    pub const PROFILE: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::write_profile`] and [`Store::settle_profile`] need.
    pub const WRITE_PROFILE: &'static [Action] = &[Action::UPDATE];
    /// What [`Store::memberships`] needs.
    pub const MEMBERSHIPS: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::refresh_member`] needs.
    pub const REFRESH_MEMBER: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// What [`Store::share_organization`] needs.
    pub const SHARE_ORGANIZATION: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];

    /// A user's profile as it is now.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>, Error> {
        let key = Key::profile(user);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Writes what is new of a user, to be told to their memberships. No event tells of it: it is no organization's. `false`: what
    /// is known of them by now was said later.
    pub async fn write_profile(&self, profile: &Profile) -> Result<bool, Error> {
        let mut update =
            profile_update(profile.user, claims(profile), profile.issued_at, |name| format!(":{name}"))
                .name(&format!("#{ISSUED_AT}"), ISSUED_AT);
        let never = format!("attribute_not_exists(#{ISSUED_AT})");
        update.condition = Some(match profile.issued_at {
            Some(_) => format!("{never} OR #{ISSUED_AT} <= :{ISSUED_AT}"),
            None => never,
        });
        let mut change: Change<'_> = self.change_without_event();
        change.update(&profile.key(), update)?;
        match change.commit().await {
            Ok(()) => Ok(true),
            Err(TransactionError::Outdated) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Marks a profile as known to all memberships, unless it has changed meanwhile, or its user has joined somewhere.
    pub async fn settle_profile(&self, profile: &Profile) -> Result<(), Error> {
        let settled = if_claims_unchanged(profile)
            .and(if profile.joins == 0 { "attribute_not_exists(#joins)" } else { "#joins = :joins" })
            .then("SET #settled = :settled")
            .name("#joins", "joins")
            .name("#settled", "settled")
            .flag(":settled", true);
        let settled = if profile.joins == 0 { settled } else { settled.number(":joins", profile.joins) };
        let mut change: Change<'_> = self.change_without_event();
        change.update(&profile.key(), settled)?;
        match change.commit().await {
            // The next call settles what is new.
            Ok(()) | Err(TransactionError::Outdated) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A user's memberships in up to 100 organizations as they are now, those that are there.
    pub async fn memberships(
        &self,
        user: UserId,
        organizations: &[OrganizationId],
    ) -> Result<Vec<Membership>, Error> {
        if organizations.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> =
            organizations.iter().map(|organization| Key::membership(*organization, user)).collect();
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        keys.iter().filter_map(|key| found.remove(key).transpose()).collect()
    }

    /// Writes a membership whose e-mail or name has changed, as long as the profile says so. Refused if another member has the
    /// e-mail. The organization may be deleted: when it is restored, its members are who they are by then.
    pub fn refresh_member(
        &self,
        before: &Membership,
        after: &Membership,
        profile: &Profile,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(after, if_unchanged(before))?;
        change.check(&profile.key(), if_claims_unchanged(profile))?;
        let (old, new) = (EmailOwner::of(before), EmailOwner::of(after));
        if old.as_ref().map(Entity::key) != new.as_ref().map(Entity::key) {
            if let Some(old) = old {
                change.remove(&old.key(), old.if_owned())?;
            }
            if let Some(new) = new {
                change.create(&new, Failure::ALREADY_MEMBER)?;
            }
        }
        Ok(change)
    }

    /// Whether both users are members, as things are now, of one organization that is not deleted.
    ///
    /// Walks the places of both side by side, in the order of the organizations, and looks closely at those they have in
    /// common: indexes lag behind.
    pub async fn share_organization(&self, one: UserId, other: UserId) -> Result<bool, Error> {
        let (mut ours, mut theirs) = (MembershipEntries::of(one), MembershipEntries::of(other));
        let (mut mine, mut yours) = tokio::try_join!(ours.next(self), theirs.next(self))?;
        while let (Some(left), Some(right)) = (mine, yours) {
            match left.organization.uuid().cmp(&right.organization.uuid()) {
                std::cmp::Ordering::Less => mine = ours.next(self).await?,
                std::cmp::Ordering::Greater => yours = theirs.next(self).await?,
                std::cmp::Ordering::Equal => {
                    if self.are_members(left.organization, one, other).await? {
                        return Ok(true);
                    }
                    (mine, yours) = tokio::try_join!(ours.next(self), theirs.next(self))?;
                }
            }
        }
        Ok(false)
    }

    async fn are_members(
        &self,
        organization: OrganizationId,
        one: UserId,
        other: UserId,
    ) -> Result<bool, Error> {
        let mut access = self
            .organization_access(organization, one, [Key::membership(organization, other).into()])
            .await?;
        let is_active = access.organization.is_some_and(|organization| organization.deleted_at.is_none());
        let is_member = access.others.membership(organization, other)?.is_some();
        Ok(is_active && is_member && access.membership.is_some())
    }
}

/// What a user's tokens say of them, by the names it is stored under.
fn claims(profile: &Profile) -> [(&'static str, Option<&String>); 2] {
    [("email", profile.email.as_ref()), ("name", profile.name.as_ref())]
}

/// That the profile says this still.
fn if_claims_unchanged(profile: &Profile) -> Expression {
    let mut still = Expression::default();
    let mut conditions = Vec::new();
    for (name, value) in claims(profile) {
        still = still.name(&format!("#{name}"), name);
        match value {
            Some(value) => {
                conditions.push(format!("#{name} = :{name}"));
                still = still.text(&format!(":{name}"), value);
            }
            None => conditions.push(format!("attribute_not_exists(#{name})")),
        }
    }
    still.condition = Some(conditions.join(" AND "));
    still
}

/// The places of a user, one after the other.
struct MembershipEntries {
    user: UserId,
    read: std::vec::IntoIter<MembershipEntry>,
    more: Option<Option<OrganizationId>>,
}

impl MembershipEntries {
    fn of(user: UserId) -> Self {
        Self { user, read: Vec::new().into_iter(), more: Some(None) }
    }

    async fn next(&mut self, store: &Store) -> Result<Option<MembershipEntry>, Error> {
        loop {
            if let Some(place) = self.read.next() {
                return Ok(Some(place));
            }
            let Some(after) = self.more else { return Ok(None) };
            let page = store.membership_entries(self.user, after, BATCH).await?;
            self.more = page.next.map(|place| Some(place.organization));
            self.read = page.items.into_iter();
        }
    }
}
