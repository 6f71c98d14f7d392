//! The endpoint `PUT /organizations/{organizationId}/logo`, which uploads the logo of an organization.

use padron_domain::{Error, Failure, Id, LogoFile, Scope};
use padron_http::{
    Admin, Context, Endpoint, Multipart, MultipartForm, PAYLOAD_TOO_LARGE, PartDescription, Route, Written,
};
use padron_object_store::ObjectStore;
use padron_store::{Action, Store, hex};
use ring::digest::{SHA256, digest};

use crate::{
    logo::{OrganizationWithLogo, delete_file, object_key, object_store, respond},
    update::{authority_to_check, updated_event},
};

/// The endpoint that uploads the logo of an organization.
#[derive(Debug)]
pub struct UploadLogo;

/// The form with a logo.
#[derive(Debug)]
pub struct LogoForm;

impl MultipartForm for LogoForm {
    // The picture, and room for the boundaries.
    const MAX_SIZE: usize = LogoFile::MAX_SIZE + 16 * 1024;
    const PARTS: &'static [PartDescription] = &[PartDescription {
        name: "file",
        other_name: None,
        description: "A PNG or a JPEG of at most 500 KB and 4,096 × 4,096 pixels",
        is_file: true,
    }];
}

impl Endpoint for UploadLogo {
    const ROUTE: Route = Route::put("upload-logo", "/organizations/{organizationId}/logo");
    const SUMMARY: &'static str = "Uploads the logo of an organization";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::PRECONDITION_FAILED, Failure::INVALID_IMAGE]];
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::UPDATE_FISCAL_PROFILE, ObjectStore::PUT, ObjectStore::DELETE];
    type Access = Admin;
    type Input = Multipart<LogoForm>;
    type Output = Written<OrganizationWithLogo>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin,
        form: Multipart<LogoForm>,
    ) -> Result<Self::Output, Error> {
        let parts = form.read().await?;
        let picture = parts.get("file").unwrap_or_default();
        if picture.len() > LogoFile::MAX_SIZE {
            let detail = "A logo has at most 500 KB.";
            return Err(Error::from(PAYLOAD_TOO_LARGE).with_violation("/file", "too_large", detail));
        }
        let format = LogoFile::check(picture)?;
        let mut organization = admin.organization().clone();
        cx.require_version(organization.version)?;
        let file = LogoFile { id: Id::at(cx.now()), sha256: hex(&digest(&SHA256, picture)), format };
        let previous = organization.logo_file.clone();
        if let Some(previous) = previous.as_ref().filter(|previous| previous.sha256 == file.sha256) {
            // Writes the file again, in case that it was lost, as after a restore of the table alone.
            let key = object_key(organization.id, previous);
            object_store(cx)?.put(&key, picture.to_vec(), cx.deadline()).await?;
            return cx.unchanged(respond(cx, &organization)).await;
        }
        let fields = organization.set_logo_file(Some(file.clone()), cx.now());
        let event = updated_event(cx, &admin, &organization, fields);
        let transaction =
            cx.store().update_fiscal_profile(&organization, authority_to_check(&admin), &event)?;
        // Before the transaction, so that no organization names a file that is not there.
        object_store(cx)?.put(&object_key(organization.id, &file), picture.to_vec(), cx.deadline()).await?;
        match cx.commit(transaction, respond(cx, &organization)).await {
            Ok(written) => {
                if let Some(previous) = previous {
                    delete_file(cx, organization.id, &previous).await;
                }
                Ok(written)
            }
            Err(error) => {
                // After another failure the transaction may have been committed.
                if error.is_retryable() {
                    delete_file(cx, organization.id, &file).await;
                }
                Err(error)
            }
        }
    }
}
