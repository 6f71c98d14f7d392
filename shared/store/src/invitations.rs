//! Invitations: creating, renewing, declining and accepting them.

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
    key::{GSI1_PK, GSI1_SK, Key, invitee_partition, organization_of_partition_key, partition},
    members::{add_member_if_seat_is_free, check_authority},
    range_query::{Page, QueryPage, RangeQuery},
    read::{Consistency, Items, Projection},
    table::Store,
    transaction::{Transaction, TransactionError},
};

/// The token of an invitation: the ids of the organization and the invitation, and 32 random bytes.
///
/// Only its hash is stored.
pub struct InvitationToken {
    organization: OrganizationId,
    invitation: InvitationId,
    text: String,
}

impl InvitationToken {
    /// The format of a token as a regular expression of ECMA-262: 64 bytes in base64url.
    pub const PATTERN: &'static str = "^[A-Za-z0-9_-]{85}[AQgw]$";
    /// The number of random bytes.
    const RANDOM: usize = 32;
    /// The number of bytes of a token.
    const LENGTH: usize = 16 + 16 + Self::RANDOM;

    /// Creates a token with new random bytes.
    pub fn new(organization: OrganizationId, invitation: InvitationId) -> Result<Self, Error> {
        let mut random = [0; Self::RANDOM];
        SystemRandom::new().fill(&mut random).map_err(|_| Error::internal("no random bytes"))?;
        let bytes = [&organization.uuid().as_bytes()[..], invitation.uuid().as_bytes(), &random].concat();
        Ok(Self { organization, invitation, text: BASE64_URL_SAFE_NO_PAD.encode(bytes) })
    }

    /// Parses a token; `None` if it has another format.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == Self::LENGTH)?;
        let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        Some(Self { organization: Id::new(id(0)?), invitation: Id::new(id(16)?), text: text.to_owned() })
    }

    /// Returns the id of the organization that the token belongs to.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Returns the id of the invitation that the token belongs to.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// Returns the token as it is sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 hash of the token, encoded in base64url, which is stored with the invitation.
    pub fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.text.as_bytes()))
    }

    /// Returns whether this is the latest token of an invitation. The comparison takes constant time.
    pub fn is_of(&self, invitation: &Invitation) -> bool {
        self.hash().as_bytes().ct_eq(invitation.token_hash.as_bytes()).into()
    }
}

/// Formats a placeholder, because the token must not be logged.
impl std::fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InvitationToken(…)")
    }
}

/// The items that decide about a request on an invitation.
#[derive(Debug)]
pub struct InvitationAccess {
    /// The organization; `None` if it does not exist or is deleted.
    pub organization: Option<Organization>,
    /// The invitation; `None` if it does not exist.
    pub invitation: Option<Invitation>,
    /// The user's membership; `None` if the user is not a member.
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
    /// The organization; `None` if it does not exist.
    pub organization: Option<Organization>,
}

impl Store {
    /// The IAM actions of [`Store::invitation_access`].
    pub const INVITATION_ACCESS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::invite`].
    pub const INVITE: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::invitations_by_id`].
    pub const INVITATIONS_BY_ID: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::decline_invitation`].
    pub const DECLINE_INVITATION: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::update_invitation`].
    pub const UPDATE_INVITATION: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::accept_invitation`].
    pub const ACCEPT_INVITATION: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::invitations`].
    pub const INVITATIONS: &'static [Action] = &[Action::QUERY];
    /// The IAM actions of [`Store::invitations_of`].
    pub const INVITATIONS_OF: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];

    /// Reads an invitation, its organization and a user's membership in one call, strongly consistent.
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

    /// Returns the invitations of an organization with these ids, without those that do not exist, strongly consistent.
    pub async fn invitations_by_id(
        &self,
        organization: OrganizationId,
        ids: &[InvitationId],
    ) -> Result<Vec<Invitation>, Error> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::invitation(organization, *id)).collect();
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        keys.iter().filter_map(|key| found.remove(key).transpose()).collect()
    }

    /// Creates an invitation of a person who is not a member, on behalf of `actor`.
    ///
    /// `before` is the invitation that it replaces; `None` if there is none.
    pub fn invite(
        &self,
        before: Option<&Invitation>,
        after: &Invitation,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        let absent = || Expression::absent();
        transaction.replace(after, before.map_or_else(absent, if_unchanged))?;
        transaction.check_or_refuse(
            &Key::email(after.organization, &after.email),
            absent(),
            Failure::ALREADY_MEMBER,
        )?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Creates an invitation without an audit event, for data that is part of an installation.
    pub async fn install_invitation(&self, invitation: &Invitation) -> Result<(), TransactionError> {
        let mut transaction = self.change_without_event();
        transaction.create(invitation, Failure::CONCURRENT_CHANGE)?;
        transaction.commit().await
    }

    /// Renews or ends an invitation, on behalf of `actor`.
    pub fn update_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.decline_invitation(before, after, event)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Ends an invitation, on behalf of the person who was invited.
    pub fn decline_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.replace(after, if_unchanged(before))?;
        Ok(transaction)
    }

    /// Ends an invitation and adds the membership, if a seat is available.
    ///
    /// `accepted` and `added` are the audit events of the two changes. `issued_at` is the time at which the claims in
    /// the membership were issued, in seconds since 1970.
    pub fn accept_invitation(
        &self,
        before: &Invitation,
        after: &Invitation,
        member: &Membership,
        issued_at: Option<i64>,
        [accepted, added]: [&Event; 2],
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(accepted)?;
        transaction.add_event(added)?;
        transaction.replace(after, if_unchanged(before))?;
        add_member_if_seat_is_free(&mut transaction, member, issued_at)?;
        Ok(transaction)
    }

    /// Returns a page of the invitations that `filter` accepts, in the order of their ids, eventually consistent.
    ///
    /// `None` accepts all invitations.
    pub async fn invitations(
        &self,
        organization: OrganizationId,
        after: Option<InvitationId>,
        limit: usize,
        filter: Option<&(dyn Fn(&Invitation) -> bool + Sync)>,
    ) -> Result<Page<Invitation>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: "INVITE#".into(),
            to: "INVITE#~".into(),
            after: after.map(|id| Key::invitation(organization, id)),
            ascending: true,
            limit,
            passes_unreadable: false,
        };
        self.range_query(range, filter).await
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
        // The position is that of the index, which may list invitations that are gone. The next page begins after it in
        // any case.
        let last =
            found.last().and_then(|item| organization_of_partition_key(item.get(GSI1_SK)?.as_s().ok()?));
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

/// Returns the condition that an invitation is unchanged since it was read.
fn if_unchanged(invitation: &Invitation) -> Expression {
    Expression::version(invitation.version)
}

impl Entity for Invitation {
    const NAME: &'static str = "invitation";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::invitation(self.organization, self.id)
    }

    /// Returns the GSI1 keys of a pending invitation, which contain the e-mail of the person invited.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        if self.state != InvitationState::Pending {
            return Vec::new();
        }
        vec![(GSI1_PK, invitee_partition(&self.email)), (GSI1_SK, partition(self.organization))]
    }
}

impl Items {
    /// Removes and returns an invitation; `None` if it was not read or does not exist.
    pub fn invitation(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, Error> {
        self.remove(&Key::invitation(organization, id))
    }
}
