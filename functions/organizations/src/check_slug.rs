//! The endpoint `GET /organizations/slug-check`, which checks whether a slug is available.
//!
//! The check does not reserve the slug. Only creating an organization does.

use padron_domain::{Error, Failure, Scope, SlugProblem, check_slug};
use padron_http::{
    Body, Context, Endpoint, Input, Query, Request, Route, SignedIn,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// The endpoint that checks whether a slug is available.
#[derive(Debug)]
pub struct CheckSlug;

/// The query parameters of the slug check.
#[derive(Debug)]
pub struct SlugQuery {
    slug: String,
}

impl Input for SlugQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["slug"])?;
        let slug = query.get("slug").ok_or_else(|| {
            Error::invalid("/query/slug", "missing_parameter", "Name the slug that is to be checked.")
        })?;
        Ok(Self { slug: slug.to_owned() })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.parameter("query", "slug", "The slug to be checked", true, &json!({ "type": "string" }));
    }
}

/// The availability of a slug.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SlugCheck {
    /// Whether the slug is available.
    available: bool,
    /// The reason why the slug is not available: `invalid_format`, `reserved` or `taken`. Absent if it is available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["invalid_format", "reserved", "taken"]), with = "Option<String>")]
    reason: Option<&'static str>,
}

impl Endpoint for CheckSlug {
    const ROUTE: Route = Route::get("check-slug", "/organizations/slug-check");
    const SUMMARY: &'static str = "Checks whether a slug is available";
    const SCOPE: Option<Scope> = Some(Scope::ReadOrganization);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_WITH_SLUG];
    type Access = SignedIn;
    type Input = SlugQuery;
    type Output = Body<SlugCheck>;

    async fn handle(
        cx: &Context<'_>,
        _: SignedIn,
        SlugQuery { slug }: SlugQuery,
    ) -> Result<Self::Output, Error> {
        let reason = match check_slug(&slug) {
            Err(SlugProblem::InvalidFormat) => Some("invalid_format"),
            Err(SlugProblem::Reserved) => Some("reserved"),
            Ok(()) => cx.store().organization_with_slug(&slug).await?.map(|_| "taken"),
        };
        Ok(Body(SlugCheck { available: reason.is_none(), reason }))
    }
}
