//! Invitations: made, renewed, ended, and accepted into memberships.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::{
    Authority, Email, Error, Event, Failure, Id, Invitation, InvitationId, InvitationState, Membership,
    Organization, OrganizationId, UserId,
};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item},
    key::{GSI1_PK, GSI1_SK, Key, PK, invitee_partition, organization_of, partition},
    members::{check_authority, take_seat},
    range_query::{Page, QueryPage, RangeQuery},
    read::{Consistency, Items, Projection},
    table::Store,
    transaction::{Change, TransactionError},
};

/// What proves an invitation: whose it is, and 32 random bytes. Only its hash is kept.
pub struct InvitationToken {
    organization: OrganizationId,
    invitation: InvitationId,
    text: String,
}

impl InvitationToken {
    /// What one looks like, as a regular expression of ECMA-262: 64 bytes in base64url.
    pub const PATTERN: &'static str = "^[A-Za-z0-9_-]{85}[AQgw]$";
    const RANDOM: usize = 32;
    const LENGTH: usize = 16 + 16 + Self::RANDOM;

    /// A new one.
    pub fn new(organization: OrganizationId, invitation: InvitationId) -> Result<Self, Error> {
        let mut random = [0; Self::RANDOM];
        SystemRandom::new().fill(&mut random).map_err(|_| Error::internal("no random bytes"))?;
        let bytes = [&organization.uuid().as_bytes()[..], invitation.uuid().as_bytes(), &random].concat();
        Ok(Self { organization, invitation, text: BASE64_URL_SAFE_NO_PAD.encode(bytes) })
    }

    /// Reads one; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == Self::LENGTH)?;
        let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        Some(Self { organization: Id::new(id(0)?), invitation: Id::new(id(16)?), text: text.to_owned() })
    }

    /// The organization it leads into.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The invitation it proves.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// As it is sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.text.as_bytes()))
    }

    /// Whether it is the newest one of this invitation, found out in constant time.
    pub fn proves(&self, invitation: &Invitation) -> bool {
        self.hash().as_bytes().ct_eq(invitation.token_hash.as_bytes()).into()
    }
}

/// Without the token: it must not get into a log.
impl std::fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationToken(…)")
    }
}

/// What decides about an invitation.
#[derive(Debug)]
pub struct InvitationAccess {
    /// The organization, unless it is unknown or deleted.
    pub organization: Option<Organization>,
    /// The invitation.
    pub invitation: Option<Invitation>,
    /// The user's membership, if they have one already.
    pub membership: Option<Membership>,
}

/// A page of invitations to several organizations.
#[derive(Debug)]
pub struct InvitationsPage {
    /// The invitations.
    pub invitations: Vec<InvitationWithOrganization>,
    /// The organization after which the next page begins; `None` on the last page.
    pub next: Option<OrganizationId>,
}

/// An invitation, and the organization that it invites to.
#[derive(Debug)]
pub struct InvitationWithOrganization {
    /// The invitation.
    pub invitation: Invitation,
    /// The organization, if it exists.
    pub organization: Option<Organization>,
}

impl Store {
    /// What [`Store::invitation_access`] needs.
    pub const INVITATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::invite`] needs.
    pub const INVITE: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// What [`Store::invitations_by_id`] needs.
    pub const INVITATIONS_BY_ID: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::decline_invitation`] needs.
    pub const DECLINE_INVITATION: &'static [Action] = &[Action::PUT];
    /// What [`Store::update_invitation`] needs.
    pub const UPDATE_INVITATION: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// What [`Store::accept_invitation`] needs.
    pub const ACCEPT_INVITATION: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// What [`Store::invitations`] needs.
    pub const INVITATIONS: &'static [Action] = &[Action::QUERY];
    /// What [`Store::invitations_of`] needs.
    pub const INVITATIONS_OF: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];

    /// Reads all that decides about an invitation, as it is now, in one call.
    pub async fn invitation_access(
        &self,
        organization: OrganizationId,
        invitation: InvitationId,
        user: UserId,
    ) -> Result<InvitationAccess, Error> {
        let keys = [
            Key::organization(organization),
            Key::invitation(organization, invitation),
            Key::membership(organization, user),
        ];
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let organization: Option<Organization> = found.remove(&keys[0])?;
        Ok(InvitationAccess {
            organization: organization.filter(|organization| organization.deleted_at.is_none()),
            invitation: found.remove(&keys[1])?,
            membership: found.remove(&keys[2])?,
        })
    }

    /// The invitations of an organization with these ids, as they are now; those that are there, in no particular order.
    pub async fn invitations_by_id(
        &self,
        organization: OrganizationId,
        ids: &[InvitationId],
    ) -> Result<Vec<Invitation>, Error> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::invitation(organization, *id)).collect();
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        keys.iter().filter_map(|key| found.remove(key).transpose()).collect()
    }

    /// Invites someone who is no member yet, on behalf of `actor`; over the invitation that was there before.
    pub fn invite(
        &self,
        before: Option<&Invitation>,
        after: &Invitation,
        actor: &Authority,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        let absent = || Expression::condition(format!("attribute_not_exists({PK})"));
        change.replace(after, before.map_or_else(absent, if_unchanged))?;
        change.check_or(&Key::email(after.organization, &after.email), absent(), Failure::ALREADY_MEMBER)?;
        check_authority(&mut change, actor, None)?;
        Ok(change)
    }

    /// Writes an invitation that comes with its installation: no event tells of it.
    pub async fn install_invitation(&self, invitation: &Invitation) -> Result<(), TransactionError> {
        let mut change = self.change_without_event();
        change.create(invitation, Failure::CONCURRENT_CHANGE)?;
        change.commit().await
    }

    /// Renews or ends an invitation, on behalf of `actor`.
    pub fn update_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        actor: &Authority,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.decline_invitation(before, after, event)?;
        check_authority(&mut change, actor, None)?;
        Ok(change)
    }

    /// Ends an invitation, on behalf of whoever was invited.
    pub fn decline_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(event)?;
        change.replace(after, if_unchanged(before))?;
        Ok(change)
    }

    /// Ends an invitation in a membership, if there is a seat: `accepted` tells of the one, `added` of the other. `issued_at` is
    /// when the claims in the membership were made.
    pub fn accept_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        member: &Membership,
        issued_at: Option<i64>,
        [accepted, added]: [&Event; 2],
    ) -> Result<Change<'_>, Error> {
        let mut change = self.change(accepted)?;
        change.add_event(added)?;
        change.replace(after, if_unchanged(before))?;
        take_seat(&mut change, member, issued_at)?;
        Ok(change)
    }

    /// A page of the invitations that are wanted, in the order of their ids, eventually consistent. `None` wants all of them.
    pub async fn invitations(
        &self,
        organization: OrganizationId,
        after: Option<InvitationId>,
        limit: usize,
        wanted: Option<&(dyn Fn(&Invitation) -> bool + Sync)>,
    ) -> Result<Page<Invitation>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: "INVITE#".into(),
            to: "INVITE#~".into(),
            after: after.map(|id| Key::invitation(organization, id)),
            ascending: true,
            limit,
        };
        self.range_query(range, wanted).await
    }

    /// Returns a page of the pending invitations of an e-mail, in the order of their organizations, eventually consistent.
    pub async fn invitations_of(
        &self,
        email: &Email,
        after: Option<OrganizationId>,
        limit: usize,
    ) -> Result<InvitationsPage, Error> {
        let after = after.map(|organization| {
            let id = InvitationId::of(organization, email);
            let mut key: Item = Key::invitation(organization, id).attributes().into();
            key.extend(Key::invitee(email, organization));
            key
        });
        let QueryPage { items: found, has_more } =
            self.index_page(invitee_partition(email), after, limit).await?;
        let keys: Vec<Key> = found.iter().filter_map(Key::of).collect();
        // By the index, which may list what is gone: the list goes on after it all the same.
        let last = found.last().and_then(|item| organization_of(item.get(GSI1_SK)?.as_s().ok()?));
        let next = last.filter(|_| has_more);
        if keys.is_empty() {
            return Ok(InvitationsPage { invitations: Vec::new(), next });
        }
        let mut found = self.batch_get(&keys, Consistency::Eventual, Projection::Document).await?;
        let mut invitations = Vec::with_capacity(keys.len());
        for key in &keys {
            invitations.extend(found.remove::<Invitation>(key)?);
        }
        let ids: Vec<_> = invitations.iter().map(|invitation| invitation.organization).collect();
        let organizations = self.organizations(&ids).await?;
        let pairs = invitations.into_iter().zip(organizations);
        let invitations =
            pairs.map(|(invitation, organization)| InvitationWithOrganization { invitation, organization });
        Ok(InvitationsPage { invitations: invitations.collect(), next })
    }
}

/// That the invitation is the version that was read.
fn if_unchanged(invitation: &Invitation) -> Expression {
    Expression::version(invitation.version)
}

impl Entity for Invitation {
    const NAME: &'static str = "invitation";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::invitation(self.organization, self.id)
    }

    /// While it has not come to an end: whose it is.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        if self.state != InvitationState::Pending {
            return Vec::new();
        }
        vec![(GSI1_PK, invitee_partition(&self.email)), (GSI1_SK, partition(self.organization))]
    }
}

impl Items {
    /// That invitation, if it was asked for and is there.
    pub fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, Error> {
        self.remove(&Key::invitation(organization, id))
    }
}
