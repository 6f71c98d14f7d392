//! Organizations, and who may see them.

use padron_domain::{Error, Membership, Organization, OrganizationId, Role, UserId};

use crate::{
    Action, TransactionError,
    item::{Roster, RosterState, Slug},
    key::Key,
    table::Store,
};

/// What decides whether, and as what, a user may act in an organization.
#[derive(Debug)]
pub struct OrganizationAccess {
    /// The organization, unless it is unknown or deleted.
    pub organization: Option<Organization>,
    /// The user's membership, if they have one.
    pub membership: Option<Membership>,
}

/// What a new organization would need and another one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its id, or that of one of its members in it.
    Id,
    /// Its slug.
    Slug,
}

impl Store {
    /// What [`Store::organization_access`] needs.
    pub const ORGANIZATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];

    /// Reads the organization and the user's membership as they are now, in one call of two units: whoever was removed a
    /// moment ago is out.
    pub async fn organization_access(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<OrganizationAccess, Error> {
        let keys = [Key::organization(organization), Key::membership(organization, user)];
        let mut found = self.batch_get(&keys).await?;
        let organization: Option<Organization> = found.take(&keys[0])?;
        Ok(OrganizationAccess {
            organization: organization.filter(|organization| organization.deleted_at.is_none()),
            membership: found.take(&keys[1])?,
        })
    }

    /// Writes an organization with its slug, its roster and its first members, all or nothing.
    pub async fn create_organization(
        &self,
        organization: &Organization,
        members: &[Membership],
    ) -> Result<(), TransactionError<Taken>> {
        let count = |role: Option<Role>| {
            members.iter().filter(|member| role.is_none_or(|role| member.role == role)).count() as u64
        };
        let mut transaction = self.transaction();
        transaction.create(organization, Taken::Id)?;
        transaction
            .create(&Slug { slug: organization.slug.clone(), organization: organization.id }, Taken::Slug)?;
        let roster = Roster {
            organization: organization.id,
            state: RosterState::Active,
            owner: organization.owner,
            members: count(None),
            admins: count(Some(Role::Admin)),
        };
        transaction.create(&roster, Taken::Id)?;
        for member in members {
            transaction.create(member, Taken::Id)?;
        }
        transaction.commit().await
    }
}
