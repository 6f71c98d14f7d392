//! Organizations, and who may see them.

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Error, Event, Failure, Membership, Organization, OrganizationId, Role, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item},
    key::{GSI1_PK, GSI1_SK, Key, organization_of, partition, user_partition},
    members::{add_membership, if_unchanged},
    range_query::{Page, QueryPage},
    read::{Consistency, Items, Projection, Read},
    roster::{Roster, RosterState, if_roster_is},
    table::Store,
    transaction::{Change, TransactionError},
};

/// What decides whether, and as what, a user may act in an organization, and what was read beside it.
#[derive(Debug)]
pub struct OrganizationAccess {
    /// The organization, be it deleted or not.
    pub organization: Option<Organization>,
    /// The user's membership, if they have one.
    pub membership: Option<Membership>,
    /// What else was asked for.
    pub others: Items,
}

/// A user's entry in an organization, as the user's list has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MembershipEntry {
    /// The organization.
    pub organization: OrganizationId,
    /// Their role.
    pub role: Role,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// An organization with a user's entry in it.
#[derive(Clone, Debug)]
pub struct MembershipWithOrganization {
    /// The organization, if it was read and is there.
    pub organization: Option<Organization>,
    /// The user's entry.
    pub entry: MembershipEntry,
}

impl Store {
    /// What [`Store::organization_access`] needs.
    pub const ORGANIZATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::membership_entries`] needs.
    pub const MEMBERSHIP_ENTRIES: &'static [Action] = &[Action::QUERY_GSI1];
    /// What [`Store::memberships_with_organizations`] needs.
    pub const MEMBERSHIPS_WITH_ORGANIZATIONS: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];
    /// What [`Store::organization_with_slug`] needs.
    pub const ORGANIZATION_WITH_SLUG: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::create_organization`] needs.
    pub const CREATE_ORGANIZATION: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// What [`Store::update_organization`] needs.
    pub const UPDATE_ORGANIZATION: &'static [Action] = &[Action::PUT];
    /// What [`Store::delete_organization`], [`Store::restore_organization`] and [`Store::transfer_organization`] need.
    pub const CLOSE_ORGANIZATION: &'static [Action] = &[Action::PUT, Action::UPDATE];

    /// Reads the organization and the user's membership as they are now, in one call of two units: whoever was removed a
    /// moment ago is out. What else the request needs is read with them.
    pub async fn organization_access(
        &self,
        organization: OrganizationId,
        user: UserId,
        reads: impl IntoIterator<Item = Read>,
    ) -> Result<OrganizationAccess, Error> {
        let mut keys = vec![Key::organization(organization), Key::membership(organization, user)];
        let mut counts_customers = false;
        for read in reads {
            match read {
                Read::Item(key) => keys.push(key),
                Read::CustomerCount => counts_customers = true,
            }
        }
        let batch = self.batch_get(&keys, Consistency::Strong, Projection::All);
        let found = if counts_customers {
            let (mut found, count) = tokio::try_join!(batch, self.customer_count(organization))?;
            found.customer_count = Some(count);
            found
        } else {
            batch.await?
        };
        let mut found = found;
        Ok(OrganizationAccess {
            organization: found.remove(&keys[0])?,
            // Who acts on themselves asks for their own membership twice.
            membership: if keys[2..].contains(&keys[1]) {
                found.peek(&keys[1])?
            } else {
                found.remove(&keys[1])?
            },
            others: found,
        })
    }

    /// An organization as it is now, deleted or not.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, Error> {
        let key = Key::organization(id);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Creates an organization with its first members, the owner among them. `issued_at` is when the claims in their memberships
    /// were made.
    pub fn create_organization(
        &self,
        organization: &Organization,
        members: &[Membership],
        issued_at: Option<i64>,
        seats: Option<u64>,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let change = self.change(event)?;
        create(change, organization, members, issued_at, seats)
    }

    /// Creates an organization that comes with its installation: no event tells of it.
    pub async fn install_organization(
        &self,
        organization: &Organization,
        members: &[Membership],
        seats: Option<u64>,
    ) -> Result<(), TransactionError> {
        create(self.change_without_event(), organization, members, None, seats)?.commit().await
    }

    /// Writes an organization anew, a version later.
    pub fn update_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(organization, if_previous_version(organization))?;
        Ok(change)
    }

    /// Writes an organization that is deleted now, a version later.
    pub fn delete_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.update_organization(organization, event)?;
        change.update(
            &Key::roster(organization.id),
            if_roster_is(RosterState::Active)
                .then("SET #state = :deleted")
                .text(":deleted", RosterState::Deleted.name()),
        )?;
        Ok(change)
    }

    /// Writes an organization that is not deleted any more, a version later.
    pub fn restore_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.update_organization(organization, event)?;
        let deleted = if_roster_is(RosterState::Deleted)
            .then("SET #state = :active")
            .text(":active", RosterState::Active.name());
        change.update(&Key::roster(organization.id), deleted)?;
        Ok(change)
    }

    /// Writes an organization that has another owner now, a version later. The owner before becomes an admin.
    pub fn transfer_organization(
        &self,
        organization: &Organization,
        before: &Membership,
        after: &Membership,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.update_organization(organization, event)?;
        change.replace(&before.with_role(Role::Admin, event.at), if_unchanged(before))?;
        change.replace(&after.with_role(Role::Owner, event.at), if_unchanged(after))?;
        let handed_over = if_roster_is(RosterState::Active)
            .and("#owner = :before")
            .then("SET #owner = :after ADD #admins :admins")
            .name("#owner", "owner")
            .name("#admins", "admins")
            .text(":before", before.user.to_string())
            .text(":after", after.user.to_string())
            .number(":admins", 1 - i64::from(after.role == Role::Admin));
        change.update(&Key::roster(organization.id), handed_over)?;
        Ok(change)
    }

    /// Writes an organization that has another plan now, a version later, and how many members it may have.
    pub fn set_plan(
        &self,
        organization: &Organization,
        seats: Option<u64>,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.update_organization(organization, event)?;
        let update = match seats {
            Some(seats) => {
                if_roster_is(RosterState::Active).then("SET #seats = :seats").number(":seats", seats)
            }
            None => if_roster_is(RosterState::Active).then("REMOVE #seats"),
        };
        change.update(&Key::roster(organization.id), update.name("#seats", "seats"))?;
        Ok(change)
    }

    /// A page of the organizations that a user belongs to, in the order of their ids, eventually consistent.
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

    /// Reads up to 100 organizations, eventually consistent, each in the entry of its id.
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

    /// A page of the organizations that a user belongs to with their entries in them, deleted ones included, in the order of
    /// their ids, eventually consistent.
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

    /// Which organization has a slug.
    pub async fn organization_with_slug(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        let key = Key::slug(slug);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        Ok(found.remove::<Slug>(&key)?.map(|slug| slug.organization))
    }
}

fn create<'a>(
    mut change: Change<'a>,
    organization: &Organization,
    members: &[Membership],
    issued_at: Option<i64>,
    seats: Option<u64>,
) -> Result<Change<'a>, Error> {
    // Ids are new and random: another one under the same id is this very one, written by an earlier try.
    change.create(organization, Failure::CONCURRENT_CHANGE)?;
    let slug = Slug { slug: organization.slug.clone(), organization: organization.id };
    change.create(&slug, Failure::SLUG_TAKEN)?;
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
    change.create(&roster, Failure::CONCURRENT_CHANGE)?;
    for member in members {
        add_membership(&mut change, member, issued_at, Failure::CONCURRENT_CHANGE)?;
    }
    Ok(change)
}

fn entry(item: &Item) -> Result<MembershipEntry, Error> {
    let unreadable = || Error::internal("a membership's index entry cannot be read");
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).ok_or_else(unreadable);
    Ok(MembershipEntry {
        organization: organization_of(text(GSI1_SK)?).ok_or_else(unreadable)?,
        role: Role::parse(text("role")?).ok_or_else(unreadable)?,
        joined_at: Timestamp::parse(text("joinedAt")?).map_err(|_| unreadable())?,
    })
}

/// That the organization is the version before this one.
pub(crate) fn if_previous_version(organization: &Organization) -> Expression {
    Expression::version(organization.version - 1)
}

/// The partition of GSI1 that deleted organizations are in.
pub(crate) const PURGE: &str = "PURGE";

impl Entity for Organization {
    const NAME: &'static str = "organization";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::organization(self.id)
    }

    /// While it is deleted: when it is to be purged.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let Some(until) = self.restorable_until() else { return Vec::new() };
        vec![(GSI1_PK, PURGE.into()), (GSI1_SK, format!("{until}#{}", self.id))]
    }
}

/// Whose a slug is: its existence is the uniqueness of the slug.
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
