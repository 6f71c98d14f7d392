//! The endpoint `GET /users/me/invitations`, which lists the pending invitations of the caller's verified e-mail address.

use padron_domain::{Email, Error, InvitationId, InvitationStatus, OrganizationId, Role, Scope, Timestamp};
use padron_http::{Array, Context, Endpoint, PageRequest, Route, SignedIn};
use padron_store::{Action, InvitationWithOrganization, InvitationsPage, Store};
use schemars::JsonSchema;
use serde::Serialize;

/// The endpoint that lists the caller's pending invitations.
#[derive(Debug)]
pub struct ListMyInvitations;

/// An invitation as shown to the invited person.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{ "id": "0195b2f0-0000-7000-8000-000000000001", "organization": { "id": "550e8400-e29b-41d4-a716-446655440000", "name": "Acme Corp", "slug": "acme-corp" }, "role": "member", "createdAt": "2026-01-15T12:00:00.000Z", "expiresAt": "2026-01-22T12:00:00.000Z" }]))]
pub struct MyInvitation {
    /// The id of the invitation, a UUID, with which it can be accepted or declined.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: InvitationId,
    /// The organization that the invitation is for.
    organization: InvitingOrganization,
    /// The role that the person will have in the organization: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// The time at which the person was last invited.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// The time until which the invitation can be accepted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

/// The organization that an invitation is for, with only the fields that an outsider needs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(extend("examples" = [{ "id": "550e8400-e29b-41d4-a716-446655440000", "name": "Acme Corp", "slug": "acme-corp" }]))]
struct InvitingOrganization {
    /// The id of the organization, a UUID.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: OrganizationId,
    /// The name of the organization.
    name: String,
    /// The slug of the organization.
    slug: String,
}

impl Endpoint for ListMyInvitations {
    const ROUTE: Route = Route::get("list-my-invitations", "/users/me/invitations");
    const SUMMARY: &'static str = "Lists the pending invitations to the verified e-mail address of the caller; without one, the list is empty";
    const SCOPE: Option<Scope> = Some(Scope::ReadUser);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITATIONS_OF];
    type Access = SignedIn;
    type Input = PageRequest;
    type Output = Array<MyInvitation>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, paging: PageRequest) -> Result<Self::Output, Error> {
        let user = caller.user();
        let after = paging.after(cx, user.id)?;
        let Some(email) = user.email.as_deref().and_then(Email::parse) else {
            return Array::new([]);
        };
        let InvitationsPage { invitations, next } =
            cx.store().invitations_of(&email, after, paging.limit()).await?;
        let next = paging.next(cx, user.id, next)?;
        let open =
            invitations.into_iter().filter_map(|InvitationWithOrganization { invitation, organization }| {
                let organization = organization.filter(|organization| organization.deleted_at.is_none())?;
                (invitation.status(cx.now()) == InvitationStatus::Pending).then_some(MyInvitation {
                    id: invitation.id,
                    organization: InvitingOrganization {
                        id: organization.id,
                        name: organization.name,
                        slug: organization.slug,
                    },
                    role: invitation.role,
                    created_at: invitation.created_at,
                    expires_at: invitation.expires_at,
                })
            });
        Ok(Array::new(open)?.next(next))
    }
}
