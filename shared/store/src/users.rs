//! The profiles of users and the memberships of a user in all organizations.

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
    transaction::{Transaction, TransactionError},
};

/// The number of entries of a user that one query reads.
const BATCH: usize = 100;

impl Store {
    /// The IAM actions of [`Store::profile`].
    pub const PROFILE: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::write_profile`] and [`Store::mark_profile_propagated`].
    pub const WRITE_PROFILE: &'static [Action] = &[Action::UPDATE];
    /// The IAM actions of [`Store::memberships`].
    pub const MEMBERSHIPS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::refresh_member`].
    pub const REFRESH_MEMBER: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::share_organization`].
    pub const SHARE_ORGANIZATION: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];

    /// Returns the profile of a user, strongly consistent.
    pub async fn profile(&self, user: UserId) -> Result<Option<Profile>, Error> {
        let key = Key::profile(user);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Writes changed claims to a user's profile and marks the profile as not settled.
    ///
    /// Returns whether the profile was written; `false` if the stored claims were issued later. There is no audit
    /// event, because a profile belongs to no organization.
    pub async fn write_profile(&self, profile: &Profile) -> Result<bool, Error> {
        let mut update =
            profile_update(profile.user, claims(profile), profile.issued_at, |name| format!(":{name}"))
                .name(&format!("#{ISSUED_AT}"), ISSUED_AT);
        let never = format!("attribute_not_exists(#{ISSUED_AT})");
        update.condition = Some(match profile.issued_at {
            Some(_) => format!("{never} OR #{ISSUED_AT} <= :{ISSUED_AT}"),
            None => never,
        });
        let mut transaction: Transaction<'_> = self.change_without_event();
        transaction.update(&profile.key(), update)?;
        match transaction.commit().await {
            Ok(()) => Ok(true),
            Err(TransactionError::Outdated) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Marks a profile as settled: all of the user's memberships have its claims.
    ///
    /// Nothing is written if the profile has changed or the user has joined an organization in the meantime.
    pub async fn mark_profile_propagated(&self, profile: &Profile) -> Result<(), Error> {
        let settled = if_claims_unchanged(profile)
            .and(if profile.joins == 0 { "attribute_not_exists(#joins)" } else { "#joins = :joins" })
            .then("SET #settled = :settled")
            .name("#joins", "joins")
            .name("#settled", "settled")
            .flag(":settled", true);
        let settled = if profile.joins == 0 { settled } else { settled.number(":joins", profile.joins) };
        let mut transaction: Transaction<'_> = self.change_without_event();
        transaction.update(&profile.key(), settled)?;
        match transaction.commit().await {
            // The next call settles the new profile.
            Ok(()) | Err(TransactionError::Outdated) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the memberships of a user in up to 100 organizations, strongly consistent, without those that do not
    /// exist.
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

    /// Updates the e-mail and name of a membership from the user's profile, if the profile is unchanged.
    ///
    /// The commit is refused if another member has the e-mail. The organization may be deleted, so that its memberships
    /// are up to date when it is restored.
    pub fn refresh_member(
        &self,
        before: &Membership,
        after: &Membership,
        profile: &Profile,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.replace(after, if_unchanged(before))?;
        transaction.check(&profile.key(), if_claims_unchanged(profile))?;
        let (old, new) = (EmailOwner::of(before), EmailOwner::of(after));
        if old.as_ref().map(Entity::key) != new.as_ref().map(Entity::key) {
            if let Some(old) = old {
                transaction.remove(&old.key(), old.if_owned())?;
            }
            if let Some(new) = new {
                transaction.create(&new, Failure::ALREADY_MEMBER)?;
            }
        }
        Ok(transaction)
    }

    /// Returns whether both users are members of a common organization that is not deleted.
    ///
    /// The index entries of both users are read concurrently and merged in the order of the organizations. The common
    /// ones are then checked by strongly consistent reads, because indexes are eventually consistent.
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

    /// Returns whether both users are members of the organization, and it is not deleted, strongly consistent.
    async fn are_members(
        &self,
        organization: OrganizationId,
        one: UserId,
        other: UserId,
    ) -> Result<bool, Error> {
        let mut access = self
            .organization_access(organization, one, [Key::membership(organization, other).into()])
            .await?;
        let is_active = access.organization.is_some_and(|organization| organization.is_active());
        let is_member = access.others.membership(organization, other)?.is_some();
        Ok(is_active && is_member && access.membership.is_some())
    }
}

/// Returns the claims of a profile, with the attribute names they are stored under.
fn claims(profile: &Profile) -> [(&'static str, Option<&String>); 2] {
    [("email", profile.email.as_ref()), ("name", profile.name.as_ref())]
}

/// Returns the condition that the claims of a stored profile equal those of `profile`.
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

/// The index entries of a user's memberships, read page by page in the order of the organizations.
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
