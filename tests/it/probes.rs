//! Test endpoints for behavior that the deployed endpoints do not exercise.

use padron_domain::{Error, OrganizationId, Scope};
use padron_http::{
    Admin, Anonymous, Body, Context, Endpoint, Json, Member, NoInput, Owner, Registration, Response, Route,
    SignedIn,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const PROBES: &[Registration] = &[
    Registration::of::<Echo>(),
    Registration::of::<Panics>(),
    Registration::of::<Hangs>(),
    Registration::of::<ForSignedIn>(),
    Registration::of::<ForMembers>(),
    Registration::of::<ForAdmins>(),
    Registration::of::<ForOwners>(),
];

/// An endpoint that returns the message it receives.
struct Echo;

// Inlined because the type is both request and response, which would share its schema name.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Message {
    text: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Tag {
    Red,
    Named { name: String },
}

impl Endpoint for Echo {
    const ROUTE: Route = Route::post("echo", "/echo");
    const SUMMARY: &'static str = "Echo";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = Json<Message>;
    type Output = Body<Message>;

    async fn handle(
        _: &Context<'_>,
        _: Anonymous,
        Json(message): Json<Message>,
    ) -> Result<Body<Message>, Error> {
        Ok(Body(message))
    }
}

/// An endpoint that panics.
struct Panics;

impl Endpoint for Panics {
    const ROUTE: Route = Route::get("panics", "/panics");
    const SUMMARY: &'static str = "Panic";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Response;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Response, Error> {
        panic!("while working on {:?}", cx.request.header("x-secret"));
    }
}

/// An endpoint that never responds.
struct Hangs;

impl Endpoint for Hangs {
    const ROUTE: Route = Route::get("hangs", "/hangs");
    const SUMMARY: &'static str = "Hang";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Response;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Response, Error> {
        std::future::pending().await
    }
}

/// An endpoint that returns the id, email and name of the caller.
struct ForSignedIn;

impl Endpoint for ForSignedIn {
    const ROUTE: Route = Route::get("for-signed-in", "/me");
    const SUMMARY: &'static str = "Signed in";
    const SCOPE: Option<Scope> = Some(Scope::ReadUser);
    const ACCEPTS_KEYS: bool = false;
    type Access = SignedIn;
    type Input = NoInput;
    type Output = Body<[Option<String>; 3]>;

    async fn handle(_: &Context<'_>, access: SignedIn, _: NoInput) -> Result<Self::Output, Error> {
        let user = access.user();
        Ok(Body([Some(user.id.to_string()), user.email.clone(), user.name.clone()]))
    }
}

fn seen(id: OrganizationId) -> Result<Body<String>, Error> {
    Ok(Body(id.to_string()))
}

/// An endpoint for members.
struct ForMembers;

impl Endpoint for ForMembers {
    const ROUTE: Route = Route::get("for-members", "/organizations/{organizationId}/for-members");
    const SUMMARY: &'static str = "Members";
    const SCOPE: Option<Scope> = Some(Scope::ReadOrganization);
    const ACCEPTS_KEYS: bool = true;
    type Access = Member;
    type Input = NoInput;
    type Output = Body<String>;

    async fn handle(_: &Context<'_>, member: Member, _: NoInput) -> Result<Self::Output, Error> {
        seen(member.organization().id)
    }
}

/// An endpoint for admins.
struct ForAdmins;

impl Endpoint for ForAdmins {
    const ROUTE: Route = Route::get("for-admins", "/organizations/{organizationId}/for-admins");
    const SUMMARY: &'static str = "Admins";
    const SCOPE: Option<Scope> = Some(Scope::ReadEvents);
    const ACCEPTS_KEYS: bool = true;
    type Access = Admin;
    type Input = NoInput;
    type Output = Body<String>;

    async fn handle(_: &Context<'_>, admin: Admin, _: NoInput) -> Result<Self::Output, Error> {
        seen(admin.organization().id)
    }
}

/// An endpoint for owners.
struct ForOwners;

impl Endpoint for ForOwners {
    const ROUTE: Route = Route::get("for-owners", "/organizations/{organizationId}/for-owners");
    const SUMMARY: &'static str = "Owners";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    type Access = Owner;
    type Input = NoInput;
    type Output = Body<String>;

    async fn handle(_: &Context<'_>, owner: Owner, _: NoInput) -> Result<Self::Output, Error> {
        seen(owner.organization().id)
    }
}
