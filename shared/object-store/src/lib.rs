//! Files of organizations, in a private bucket of Amazon S3.
//!
//! An object is written once, under an id of its own, and never replaced. Which object counts is decided by the transaction that writes its id
//! to the organization, so that an object without one is only garbage.

use std::{fmt, sync::Arc, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation},
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
};
use padron_domain::{Error, Id, OrganizationId};
use padron_store::{Action, Connection, sdk_config};
use tokio::time::{Instant, timeout_at};

/// The maximum time for one request.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The maximum number of objects that are listed at once.
const PAGE: i32 = 100;

/// A bucket.
#[derive(Clone, Debug)]
pub struct ObjectStore {
    client: Client,
    bucket: Arc<str>,
}

/// The key of an object: the organization that it belongs to, and its own id.
#[derive(Debug)]
pub struct ObjectKey<T> {
    /// The organization.
    pub organization: OrganizationId,
    /// The id of the object.
    pub object: Id<T>,
}

impl<T> fmt::Display for ObjectKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", prefix(self.organization), self.object)
    }
}

/// Returns the key prefix of an organization's objects.
fn prefix(organization: OrganizationId) -> String {
    format!("{organization}/")
}

impl ObjectStore {
    /// The IAM actions of [`ObjectStore::put`].
    pub const PUT: &'static [Action] = &[Action::PUT_OBJECT];
    /// The IAM actions of [`ObjectStore::get`].
    pub const GET: &'static [Action] = &[Action::GET_OBJECT];
    /// The IAM actions of [`ObjectStore::delete`].
    pub const DELETE: &'static [Action] = &[Action::DELETE_OBJECT];
    /// The IAM actions of [`ObjectStore::delete_all`].
    pub const DELETE_ALL: &'static [Action] = &[Action::LIST_OBJECTS, Action::DELETE_OBJECT];

    /// Creates the client of the bucket with this name. It connects when the first request is sent.
    pub fn connect(connection: &Connection, bucket: &str) -> Self {
        let config = Builder::from(&sdk_config(connection))
            // TLS protects the bytes on their way, and a name in front of the host needs DNS, which a local endpoint does not have.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(connection.endpoint.is_some())
            .build();
        Self { client: Client::from_conf(config), bucket: bucket.into() }
    }

    /// Writes an object.
    pub async fn put<T>(&self, key: &ObjectKey<T>, content: Vec<u8>, deadline: Instant) -> Result<(), Error> {
        let call = self
            .client
            .put_object()
            .bucket(&*self.bucket)
            .key(key.to_string())
            .body(ByteStream::from(content));
        call_until(deadline, call.send()).await?;
        Ok(())
    }

    /// Returns the content of an object; `None` if there is no such object.
    ///
    /// Fails if the object is longer than `limit` bytes, before it is read.
    pub async fn get<T>(
        &self,
        key: &ObjectKey<T>,
        limit: usize,
        deadline: Instant,
    ) -> Result<Option<Vec<u8>>, Error> {
        let call = self.client.get_object().bucket(&*self.bucket).key(key.to_string()).send();
        let output = match call_until(deadline, call).await {
            Ok(output) => output,
            // S3 answers "access denied" to those who may not list the bucket.
            Err(CallError::Failed(code)) if code == "NoSuchKey" || code == "AccessDenied" => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let length = output.content_length.and_then(|length| usize::try_from(length).ok());
        if length.is_none_or(|length| length > limit) {
            return Err(Error::internal("an object of S3 is longer than it may be"));
        }
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        match timeout_at(deadline, output.body.collect()).await {
            Ok(Ok(content)) => Ok(Some(content.to_vec())),
            Ok(Err(_)) => Err(Error::unavailable("S3 ended an object early")),
            Err(_) => Err(CallError::TimedOut.into()),
        }
    }

    /// Deletes an object. It is no failure if there is no such object.
    pub async fn delete<T>(&self, key: &ObjectKey<T>, deadline: Instant) -> Result<(), Error> {
        self.delete_key(key.to_string(), deadline).await
    }

    /// Deletes all objects of an organization.
    pub async fn delete_all(&self, organization: OrganizationId, deadline: Instant) -> Result<(), Error> {
        loop {
            let call = self
                .client
                .list_objects_v2()
                .bucket(&*self.bucket)
                .prefix(prefix(organization))
                .max_keys(PAGE);
            let page = call_until(deadline, call.send()).await?;
            let keys: Vec<String> =
                page.contents.into_iter().flatten().filter_map(|object| object.key).collect();
            for key in keys {
                self.delete_key(key, deadline).await?;
            }
            // The list is strongly consistent, so that the next one has what is left. Every round ends before the deadline.
            if page.is_truncated != Some(true) {
                return Ok(());
            }
        }
    }

    async fn delete_key(&self, key: String, deadline: Instant) -> Result<(), Error> {
        let call = self.client.delete_object().bucket(&*self.bucket).key(key).send();
        call_until(deadline, call).await?;
        Ok(())
    }
}

/// The codes of failures that pass.
const TEMPORARY: [&str; 5] =
    ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted"];

/// A call of S3 that failed.
enum CallError {
    /// S3 answered with this code; empty if it could not be reached.
    Failed(String),
    /// S3 did not answer in time.
    TimedOut,
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(code) if code.is_empty() => Self::unavailable("S3 cannot be reached"),
            CallError::Failed(code) if TEMPORARY.contains(&&*code) => {
                Self::unavailable(format!("S3: {code}"))
            }
            // Somebody has to look at it.
            CallError::Failed(code) => Self::internal(format!("S3: {code}")),
            CallError::TimedOut => Self::unavailable("S3 did not answer in time"),
        }
    }
}

/// Waits for a call of S3, at most until the deadline.
fn call_until<T, E: ProvideErrorMetadata>(
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E>>>,
) -> impl Future<Output = Result<T, CallError>> {
    // In a box, because the compiler limits how deeply the types of futures are nested.
    let call = Box::pin(call);
    async move {
        let deadline = deadline.min(Instant::now() + TIME_LIMIT);
        match timeout_at(deadline, call).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(CallError::Failed(error.code().unwrap_or_default().to_owned())),
            Err(_) => Err(CallError::TimedOut),
        }
    }
}
