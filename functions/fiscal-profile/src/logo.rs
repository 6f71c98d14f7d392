//! Code that the endpoints of the logo share.

use padron_domain::{Error, LogoFile, Organization, OrganizationId};
use padron_dto::OrganizationResponse;
use padron_http::{Context, PathParameter, Versioned};
use padron_object_store::{ObjectKey, ObjectStore};
use serde_json::{Value, json};

/// An organization whose logo was changed.
pub(crate) type OrganizationWithLogo = Versioned<OrganizationResponse>;

/// The name of a logo, as it stands in `{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoName(pub(crate) String);

impl PathParameter for LogoName {
    const NAME: &'static str = "name";
    const DESCRIPTION: &'static str = "Name of the logo, as `logo_url` has it";
    const EXPECTED: &'static str = "A logo's name is 64 hexadecimal digits and `.png` or `.jpg`.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": LogoFile::NAME_PATTERN })
    }

    fn parse(text: &str) -> Option<Self> {
        // Letters in either case, as in ids.
        let name = text.to_ascii_lowercase();
        LogoFile::is_name(&name).then_some(Self(name))
    }
}

/// Returns the store of the logos.
pub(crate) fn object_store(cx: &Context<'_>) -> Result<ObjectStore, Error> {
    let bucket = cx.environment().logo_bucket()?;
    cx.environment().get_or_create(|| Ok(ObjectStore::connect(&bucket.connection, &bucket.name)))
}

/// Returns the key of a file.
pub(crate) fn object_key(organization: OrganizationId, file: &LogoFile) -> ObjectKey<LogoFile> {
    ObjectKey { organization, object: file.id }
}

/// Deletes a file that no organization refers to.
///
/// A failure is only noted in the log: nobody can read the file any more, and the purge of the organization deletes it.
pub(crate) async fn delete_file(cx: &Context<'_>, organization: OrganizationId, file: &LogoFile) {
    let deleted = async { object_store(cx)?.delete(&object_key(organization, file), cx.deadline()).await };
    if let Err(error) = deleted.await {
        cx.note_cause(format!(
            "the file of a logo was not deleted: {}",
            error.cause().unwrap_or("no reason")
        ));
    }
}

/// Returns the response for an organization.
pub(crate) fn respond(cx: &Context<'_>, organization: &Organization) -> OrganizationWithLogo {
    let body = OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now());
    Versioned { version: organization.version, body }
}
