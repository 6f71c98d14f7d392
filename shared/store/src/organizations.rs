//! Organizations, the access to them and the list of a user's organizations.

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Authority, Error, Event, Failure, Membership, Organization, OrganizationId, Role, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item},
    key::{GSI1_PK, GSI1_SK, Key, organization_of_partition_key, partition, user_partition},
    members::{add_membership, check_authority, if_unchanged},
    range_query::{Page, QueryPage},
    read::{Consistency, Items, Projection, Read},
    roster::{Roster, RosterState, if_roster_is},
    table::Store,
    transaction::{Transaction, TransactionError},
};

/// The items that decide whether, and with which role, a user may act in an organization.
///
/// Other items that the request needs are read in the same call.
#[derive(Debug)]
pub struct OrganizationAccess {
    /// The organization; `None` if it does not exist. It may be deleted.
    pub organization: Option<Organization>,
    /// The user's membership; `None` if the user is not a member.
    pub membership: Option<Membership>,
    /// The other items that were read.
    pub others: Items,
}

/// A user's membership in an organization, as an entry of the user's list of organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipEntry {
    /// The id of the organization.
    pub organization: OrganizationId,
    /// The role of the user.
    pub role: Role,
    /// The time at which the user joined.
    pub joined_at: Timestamp,
}

/// An organization with a user's membership in it.
#[derive(Clone, Debug)]
pub struct MembershipWithOrganization {
    /// The organization; `None` if it was not read or does not exist.
    pub organization: Option<Organization>,
    /// The user's entry.
    pub entry: MembershipEntry,
}

impl Store {
    /// The IAM actions of [`Store::organization_access`].
    pub const ORGANIZATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::organization`].
    pub const ORGANIZATION: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::membership_entries`].
    pub const MEMBERSHIP_ENTRIES: &'static [Action] = &[Action::QUERY_GSI1];
    /// The IAM actions of [`Store::memberships_with_organizations`].
    pub const MEMBERSHIPS_WITH_ORGANIZATIONS: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];
    /// The IAM actions of [`Store::organization_with_slug`].
    pub const ORGANIZATION_WITH_SLUG: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::create_organization`].
    pub const CREATE_ORGANIZATION: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::update_organization`].
    pub const UPDATE_ORGANIZATION: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::update_fiscal_profile`].
    pub const UPDATE_FISCAL_PROFILE: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::delete_organization`], [`Store::restore_organization`] and
    /// [`Store::transfer_organization`].
    pub const CHANGE_ORGANIZATION: &'static [Action] = &[Action::PUT, Action::UPDATE];

    /// Reads an organization and a user's membership in one call of two capacity units, strongly consistent.
    ///
    /// A member who was removed a moment ago has no access. `reads` are the other items that the request needs. They
    /// are read in the same call.
    pub async fn organization_access(
        &self,
        organization: OrganizationId,
        user: UserId,
        reads: impl IntoIterator<Item = Read>,
    ) -> Result<OrganizationAccess, Error> {
        let subject = Key::membership(organization, user);
        let (organization, membership, others) = self.access_batch(organization, subject, reads).await?;
        Ok(OrganizationAccess { organization, membership, others })
    }

    /// Returns an organization, strongly consistent. It may be deleted.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, Error> {
        let key = Key::organization(id);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Creates an organization with its first members, one of whom is the owner.
    ///
    /// `issued_at` is the time at which the claims in the memberships were issued, in seconds since 1970. `seats` is
    /// the maximum number of members; `None` if it is unlimited.
    pub fn create_organization(
        &self,
        organization: &Organization,
        members: &[Membership],
        issued_at: Option<i64>,
        seats: Option<u64>,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let transaction = self.transaction(event)?;
        create(transaction, organization, members, issued_at, seats)
    }

    /// Creates an organization without an audit event, for data that is part of an installation.
    pub async fn install_organization(
        &self,
        organization: &Organization,
        members: &[Membership],
        seats: Option<u64>,
    ) -> Result<(), TransactionError> {
        create(self.change_without_event(), organization, members, None, seats)?.commit().await
    }

    /// Replaces an organization by its next version.
    pub fn update_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.replace(organization, if_previous_version(organization))?;
        Ok(transaction)
    }

    /// Replaces an organization by its next version, whose fiscal profile is changed on behalf of `actor`; `None` for the owner, whose right
    /// to act ends with a change of the organization.
    pub fn update_fiscal_profile(
        &self,
        organization: &Organization,
        actor: Option<&Authority>,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        if let Some(actor) = actor {
            check_authority(&mut transaction, actor, None)?;
        }
        Ok(transaction)
    }

    /// Replaces an organization by its next version, which is deleted.
    pub fn delete_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        transaction.update(
            &Key::roster(organization.id),
            if_roster_is(RosterState::Active)
                .then("SET #state = :deleted")
                .text(":deleted", RosterState::Deleted.name()),
        )?;
        Ok(transaction)
    }

    /// Replaces an organization by its next version, which is restored.
    pub fn restore_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        let deleted = if_roster_is(RosterState::Deleted)
            .then("SET #state = :active")
            .text(":active", RosterState::Active.name());
        transaction.update(&Key::roster(organization.id), deleted)?;
        Ok(transaction)
    }

    /// Replaces an organization by its next version, which has another owner.
    ///
    /// The member `before` becomes an admin and the member `after` becomes the owner.
    pub fn transfer_organization(
        &self,
        organization: &Organization,
        before: &Membership,
        after: &Membership,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        transaction.replace(&before.with_role(Role::Admin, event.at), if_unchanged(before))?;
        transaction.replace(&after.with_role(Role::Owner, event.at), if_unchanged(after))?;
        let handed_over = if_roster_is(RosterState::Active)
            .and("#owner = :before")
            .then("SET #owner = :after ADD #admins :admins")
            .name("#owner", "owner")
            .name("#admins", "admins")
            .text(":before", before.user.to_string())
            .text(":after", after.user.to_string())
            .number(":admins", 1 - i64::from(after.role == Role::Admin));
        transaction.update(&Key::roster(organization.id), handed_over)?;
        Ok(transaction)
    }

    /// Replaces an organization by its next version, which has another plan, and sets the maximum number of members.
    ///
    /// `None` removes the limit.
    pub fn set_plan(
        &self,
        organization: &Organization,
        seats: Option<u64>,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        let update = match seats {
            Some(seats) => {
                if_roster_is(RosterState::Active).then("SET #seats = :seats").number(":seats", seats)
            }
            None => if_roster_is(RosterState::Active).then("REMOVE #seats"),
        };
        transaction.update(&Key::roster(organization.id), update.name("#seats", "seats"))?;
        Ok(transaction)
    }

    /// Returns a page of a user's memberships, in the order of the organizations' ids, eventually consistent.
    pub async fn membership_entries(
        &self,
        user: UserId,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Page<MembershipEntry>, Error> {
        let text = |value: String| AttributeValue::S(value);
        let after = after.map(|organization| {
            let mut key: Item = Key::membership(organization, user).attributes().into();
            key.insert(GSI1_PK.into(), text(user_partition(user)));
            key.insert(GSI1_SK.into(), text(partition(organization)));
            key
        });
        let QueryPage { items, has_more } = self.index_page(user_partition(user), after, limit).await?;
        let items = items.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().copied().filter(|_| has_more);
        Ok(Page { items, next })
    }

    /// Reads up to 100 organizations in the order of `ids`, eventually consistent; `None` stands for one that does not
    /// exist.
    pub(crate) async fn organizations(
        &self,
        ids: &[OrganizationId],
    ) -> Result<Vec<Option<Organization>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = ids.iter().map(|id| Key::organization(*id)).collect();
        let mut found = self.batch_get(&keys, Consistency::Eventual, Projection::Document).await?;
        keys.iter().map(|key| found.remove(key)).collect()
    }

    /// Returns a page of a user's memberships with their organizations, in the order of the organizations' ids,
    /// eventually consistent.
    ///
    /// Deleted organizations are included.
    pub async fn memberships_with_organizations(
        &self,
        user: UserId,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Page<MembershipWithOrganization>, Error> {
        let Page { items: entries, next } = self.membership_entries(user, after, limit).await?;
        let ids: Vec<_> = entries.iter().map(|entry| entry.organization).collect();
        let organizations = self.organizations(&ids).await?;
        let pairs = organizations.into_iter().zip(entries);
        let items =
            pairs.map(|(organization, entry)| MembershipWithOrganization { organization, entry }).collect();
        let next = next.map(|entry| MembershipWithOrganization { organization: None, entry });
        Ok(Page { items, next })
    }

    /// Returns the id of the organization with this slug, strongly consistent; `None` if no organization has it.
    pub async fn organization_with_slug(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        let key = Key::slug(slug);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        Ok(found.remove::<Slug>(&key)?.map(|slug| slug.organization))
    }
}

/// Adds the writes that create an organization to a transaction.
fn create<'a>(
    mut transaction: Transaction<'a>,
    organization: &Organization,
    members: &[Membership],
    issued_at: Option<i64>,
    seats: Option<u64>,
) -> Result<Transaction<'a>, Error> {
    // Ids are new and random. An item with the same id was written by an earlier attempt of this request.
    transaction.create(organization, Failure::CONCURRENT_CHANGE)?;
    let slug = Slug { slug: organization.slug.clone(), organization: organization.id };
    transaction.create(&slug, Failure::SLUG_TAKEN)?;
    let count = |role: Option<Role>| {
        members.iter().filter(|member| role.is_none_or(|role| member.role == role)).count() as u64
    };
    let roster = Roster {
        organization: organization.id,
        state: RosterState::Active,
        owner: organization.owner,
        members: count(None),
        admins: count(Some(Role::Admin)),
        seats,
    };
    transaction.create(&roster, Failure::CONCURRENT_CHANGE)?;
    for member in members {
        add_membership(&mut transaction, member, issued_at, Failure::CONCURRENT_CHANGE)?;
    }
    Ok(transaction)
}

/// Returns the membership of an entry of GSI1.
fn entry(item: &Item) -> Result<MembershipEntry, Error> {
    let unreadable = || Error::internal("a membership's index entry cannot be read");
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).ok_or_else(unreadable);
    Ok(MembershipEntry {
        organization: organization_of_partition_key(text(GSI1_SK)?).ok_or_else(unreadable)?,
        role: Role::parse(text("role")?).ok_or_else(unreadable)?,
        joined_at: Timestamp::parse(text("joinedAt")?).map_err(|_| unreadable())?,
    })
}

/// Returns the condition that the stored organization is the version before this one.
pub(crate) fn if_previous_version(organization: &Organization) -> Expression {
    Expression::version(organization.version - 1)
}

/// The GSI1 partition key of deleted organizations, which are sorted by the time of their purge.
pub(crate) const PURGE: &str = "PURGE";

impl Entity for Organization {
    const NAME: &'static str = "organization";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::organization(self.id)
    }

    /// Returns the GSI1 keys of a deleted organization, which contain the time until which it can be restored.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let Some(until) = self.restorable_until() else { return Vec::new() };
        vec![(GSI1_PK, PURGE.into()), (GSI1_SK, format!("{until}#{}", self.id))]
    }
}

/// The item that maps a slug to its organization. Its primary key makes the slug unique.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Slug {
    pub(crate) slug: String,
    pub(crate) organization: OrganizationId,
}

impl Entity for Slug {
    const NAME: &'static str = "slug";

    fn key(&self) -> Key {
        Key::slug(&self.slug)
    }
}
