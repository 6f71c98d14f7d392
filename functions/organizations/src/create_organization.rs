//! The endpoint `POST /organizations`, which creates an organization that the caller owns.

use std::collections::BTreeMap;

use padron_domain::{
    AccountChanges, Error, EventData, Failure, LINE_PATTERN, MAX_URL_LENGTH, Membership, Organization,
    OrganizationId, Patch, RESERVED_SLUGS, Role, SLUG_LENGTH, SLUG_PATTERN, Scope,
};
use padron_dto::{MetadataSchema, OrganizationResponse, TimezoneSchema};
use padron_http::{Context, Created, Endpoint, Json, Route, SignedIn, Versioned, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

/// The endpoint that creates an organization.
#[derive(Debug)]
pub struct CreateOrganization;

/// A new organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// The name of the organization, 3 to 100 characters.
    #[schemars(extend(
        "minLength" = Organization::NAME_LENGTH.start(), "maxLength" = Organization::NAME_LENGTH.end(), "pattern" = LINE_PATTERN
    ))]
    name: String,
    /// The slug of the organization: 3 to 50 of `a`–`z`, `0`–`9` and single hyphens between them. It is unique and cannot be changed.
    #[schemars(extend(
        "minLength" = SLUG_LENGTH.start(), "maxLength" = SLUG_LENGTH.end(), "pattern" = SLUG_PATTERN,
        "not" = { "enum": RESERVED_SLUGS },
    ))]
    slug: String,
    /// The `https` URL of a logo, which is never fetched.
    #[schemars(extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    logo: Option<String>,
    /// The IANA time zone. The default is `America/Mexico_City`.
    #[schemars(with = "Option<TimezoneSchema>")]
    timezone: Option<String>,
    /// The custom data of the organization: at most 50 entries, with keys of at most 40 and values of at most 500 characters.
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Option<BTreeMap<String, String>>,
}

impl Endpoint for CreateOrganization {
    const ROUTE: Route = Route::post("create-organization", "/organizations");
    const SUMMARY: &'static str = "Creates an organization; the caller becomes its owner";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::SLUG_TAKEN]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CREATE_ORGANIZATION];
    type Access = SignedIn;
    type Input = Json<NewOrganization>;
    type Output = Written<Created<Versioned<OrganizationResponse>>>;

    async fn handle(
        cx: &Context<'_>,
        caller: SignedIn,
        Json(new): Json<NewOrganization>,
    ) -> Result<Self::Output, Error> {
        let NewOrganization { name, slug, logo, timezone, metadata } = new;
        let account = AccountChanges {
            name: Patch::Set(name),
            logo: logo.into(),
            timezone: timezone.into(),
            metadata: metadata.into(),
        };
        if caller.principal().via().is_some() {
            // A grant is for one organization.
            return Err(Failure::ORGANIZATION_MISMATCH.into());
        }
        let user = caller.user();
        let organization = Organization::create(OrganizationId::random(), user.id, slug, account, cx.now())?;
        let owner = Membership {
            organization: organization.id,
            user: user.id,
            version: Membership::first_version(),
            role: Role::Owner,
            email: user.email.clone(),
            name: user.name.clone(),
            joined_at: cx.now(),
            changed_at: None,
        };
        let created = EventData::OrganizationCreated { slug: organization.slug.clone() };
        let event = cx.event(caller.principal(), organization.id, created);
        let seats = cx.options().seats.of(organization.plan);
        let transaction =
            cx.store().create_organization(&organization, &[owner], user.issued_at, seats, &event)?;
        let response = Created {
            location: format!("/organizations/{}", organization.id),
            versioned: Versioned {
                version: organization.version,
                body: OrganizationResponse::new(organization, cx.issuer(), cx.now()),
            },
        };
        cx.commit(transaction, response).await
    }
}
