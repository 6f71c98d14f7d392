//! `GET /users/me/invitations`: where the caller is asked to join, by their verified e-mail.

use padron_domain::{Email, Error, InvitationId, InvitationStatus, OrganizationId, Role, Timestamp};
use padron_http::{Array, Context, Endpoint, Paging, Route, SignedIn};
use padron_store::{Action, InvitationWithOrganization, InvitationsPage, Store};
use schemars::JsonSchema;
use serde::Serialize;

/// Lists the caller's open invitations.
#[derive(Debug)]
pub struct ListMyInvitations;

/// An invitation as the one who is asked sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyInvitation {
    /// Id of the invitation, to accept or decline it with.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: InvitationId,
    /// Where to.
    organization: InvitingOrganization,
    /// As what: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// When they were invited last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// Until when it can be accepted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

/// As little of an organization as an invited stranger needs.
#[derive(Debug, Serialize, JsonSchema)]
struct InvitingOrganization {
    /// UUID of the organization.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: OrganizationId,
    /// Its name.
    name: String,
    /// Its slug.
    slug: String,
}

impl Endpoint for ListMyInvitations {
    const ROUTE: Route = Route::get("list-my-invitations", "/users/me/invitations");
    const SUMMARY: &'static str = "Open invitations of the caller's verified e-mail; none without one";
    const ACTIONS: &'static [&'static [Action]] = &[Store::INVITATIONS_OF];
    type Access = SignedIn;
    type Input = Paging;
    type Output = Array<MyInvitation>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, paging: Paging) -> Result<Self::Output, Error> {
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
