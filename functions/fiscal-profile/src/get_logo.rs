//! The endpoint `GET /logos/{organizationId}/{name}`, which returns the logo of an organization to everyone.

use padron_domain::{Error, Failure, LogoFile, OrganizationId, Scope};
use padron_http::{Anonymous, Context, Endpoint, Picture, Route, TwoInPath};
use padron_object_store::ObjectStore;
use padron_store::{Action, Store};

use crate::logo::{LogoName, object_key, object_store};

/// The endpoint that returns the logo of an organization.
#[derive(Debug)]
pub struct GetLogo;

impl Endpoint for GetLogo {
    const ROUTE: Route = Route::get("get-logo", "/logos/{organizationId}/{name}");
    const SUMMARY: &'static str = "Returns the logo that was uploaded to an organization";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::LOGO_NOT_FOUND]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION, ObjectStore::GET];
    type Access = Anonymous;
    type Input = TwoInPath<OrganizationId, LogoName>;
    type Output = Picture;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        TwoInPath(id, LogoName(name)): TwoInPath<OrganizationId, LogoName>,
    ) -> Result<Self::Output, Error> {
        // Only what the organization has now: a logo that was deleted or replaced is gone at once, whatever is left in the bucket.
        let organization = cx.store().organization(id).await?;
        let file =
            organization.filter(|organization| organization.is_active()).and_then(|found| found.logo_file);
        let file = file.filter(|file| file.name() == name).ok_or(Failure::LOGO_NOT_FOUND)?;
        let content =
            object_store(cx)?.get(&object_key(id, &file), LogoFile::MAX_SIZE, cx.deadline()).await?;
        // It was replaced in between, or the bucket is not the one that it was written to.
        let content = content.ok_or_else(|| {
            Error::from(Failure::LOGO_NOT_FOUND)
                .with_cause("the bucket has no such file, or it may not be read")
        })?;
        Ok(Picture { format: file.format, content, sha256: file.sha256 })
    }
}
