//! Organizations, and who may see them.

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Error, Event, Failure, Membership, Organization, OrganizationId, Role, Timestamp, UserId,
};

use crate::{
    Action, Change, TransactionError,
    expression::Expression,
    item::{Item, Roster, RosterState, Slug, WHOLE},
    key::{GSI1_PK, GSI1_SK, Key, organization_of, partition, user_partition},
    members::{join, still, still_in},
    read::Found,
    scan::Page,
    table::Store,
};

/// What decides whether, and as what, a user may act in an organization, and what was read beside it.
#[derive(Debug)]
pub struct OrganizationAccess {
    /// The organization, be it deleted or not.
    pub organization: Option<Organization>,
    /// The user's membership, if they have one.
    pub membership: Option<Membership>,
    /// What else was asked for.
    pub others: Found,
}

/// A user's place in an organization, as the user's list has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The organization.
    pub organization: OrganizationId,
    /// Their role.
    pub role: Role,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// An organization with a user's place in it.
#[derive(Clone, Debug)]
pub struct Belonging {
    /// The organization, if it was read and is there.
    pub organization: Option<Organization>,
    /// The user's place.
    pub place: Place,
}

impl Store {
    /// What [`Store::organization_access`] needs.
    pub const ORGANIZATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::places`] needs.
    pub const PLACES: &'static [Action] = &[Action::QUERY_GSI1];
    /// What [`Store::belongings`] needs.
    pub const BELONGINGS: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];
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
        others: impl IntoIterator<Item = Key>,
    ) -> Result<OrganizationAccess, Error> {
        let mut keys = vec![Key::organization(organization), Key::membership(organization, user)];
        keys.extend(others);
        let mut found = self.batch_get(&keys).await?;
        Ok(OrganizationAccess {
            organization: found.take(&keys[0])?,
            // Who acts on themselves asks for their own membership twice.
            membership: if keys[2..].contains(&keys[1]) {
                found.see(&keys[1])?
            } else {
                found.take(&keys[1])?
            },
            others: found,
        })
    }

    /// An organization as it is now, deleted or not.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, Error> {
        let key = Key::organization(id);
        self.batch_get(std::slice::from_ref(&key)).await?.take(&key)
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
        create(self.unannounced_change(), organization, members, None, seats)?.commit().await
    }

    /// Writes an organization anew, a version later.
    pub fn update_organization(
        &self,
        organization: &Organization,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(organization, still_before(organization))?;
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
            still_in(RosterState::Active)
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
        let deleted = still_in(RosterState::Deleted)
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
        change.replace(&before.becoming(Role::Admin, event.at), still(before))?;
        change.replace(&after.becoming(Role::Owner, event.at), still(after))?;
        let handed_over = still_in(RosterState::Active)
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
            Some(seats) => still_in(RosterState::Active).then("SET #seats = :seats").number(":seats", seats),
            None => still_in(RosterState::Active).then("REMOVE #seats"),
        };
        change.update(&Key::roster(organization.id), update.name("#seats", "seats"))?;
        Ok(change)
    }

    /// A page of the organizations that a user belongs to, in the order of their ids, eventually consistent.
    pub async fn places(
        &self,
        user: UserId,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Page<Place>, Error> {
        let text = |value: String| AttributeValue::S(value);
        let after = after.map(|organization| {
            let mut key: Item = Key::membership(organization, user).attributes().into();
            key.insert(GSI1_PK.into(), text(user_partition(user)));
            key.insert(GSI1_SK.into(), text(partition(organization)));
            key
        });
        let (items, more) = self.index_page(user_partition(user), after, limit).await?;
        let items = items.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().copied().filter(|_| more);
        Ok(Page { items, next })
    }

    /// Reads up to 100 organizations, eventually consistent, each in the place of its id.
    pub(crate) async fn organizations(
        &self,
        ids: &[OrganizationId],
    ) -> Result<Vec<Option<Organization>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = ids.iter().map(|id| Key::organization(*id)).collect();
        let mut found = self.batch_glance(&keys, &WHOLE).await?;
        keys.iter().map(|key| found.take(key)).collect()
    }

    /// A page of the organizations that a user belongs to with their places in them, deleted ones included, in the order of
    /// their ids, eventually consistent.
    pub async fn belongings(
        &self,
        user: UserId,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<Page<Belonging>, Error> {
        let Page { items: places, next } = self.places(user, after, limit).await?;
        let ids: Vec<_> = places.iter().map(|place| place.organization).collect();
        let organizations = self.organizations(&ids).await?;
        let pairs = organizations.into_iter().zip(places);
        let items = pairs.map(|(organization, place)| Belonging { organization, place }).collect();
        let next = next.map(|place| Belonging { organization: None, place });
        Ok(Page { items, next })
    }

    /// Which organization has a slug.
    pub async fn organization_with_slug(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        let key = Key::slug(slug);
        let mut found = self.batch_get(std::slice::from_ref(&key)).await?;
        Ok(found.take::<Slug>(&key)?.map(|slug| slug.organization))
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
    change.create(organization, Failure::ConcurrentChange)?;
    let slug = Slug { slug: organization.slug.clone(), organization: organization.id };
    change.create(&slug, Failure::SlugTaken)?;
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
    change.create(&roster, Failure::ConcurrentChange)?;
    for member in members {
        join(&mut change, member, issued_at, Failure::ConcurrentChange)?;
    }
    Ok(change)
}

fn place(item: &Item) -> Result<Place, Error> {
    let unreadable = || Error::internal("a membership's index entry cannot be read");
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).ok_or_else(unreadable);
    Ok(Place {
        organization: organization_of(text(GSI1_SK)?).ok_or_else(unreadable)?,
        role: Role::parse(text("role")?).ok_or_else(unreadable)?,
        joined_at: Timestamp::parse(text("joinedAt")?).map_err(|_| unreadable())?,
    })
}

/// That the organization is the version before this one.
pub(crate) fn still_before(organization: &Organization) -> Expression {
    Expression::version(organization.version - 1)
}
