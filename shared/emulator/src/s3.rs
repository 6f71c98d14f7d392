//! An emulation of the parts of Amazon S3 that this installation uses. Its one bucket is a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use tempfile::TempDir;
use url::form_urlencoded;

use crate::WebServer;

/// Where the objects of a bucket are kept.
#[derive(Debug)]
pub enum S3Storage {
    /// In a temporary folder, which is deleted with the server.
    Temporary,
    /// In this folder, which is created when it is needed.
    Folder(PathBuf),
}

/// A web server with the API of S3. It is stopped when it is dropped.
#[derive(Debug)]
pub struct S3 {
    server: WebServer,
    shared: Arc<Shared>,
    _temporary: Option<TempDir>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    is_unavailable: AtomicBool,
    requests: Mutex<Vec<&'static str>>,
}

impl S3 {
    /// The name of the bucket.
    pub const BUCKET: &str = "logos";

    /// Starts a server.
    pub async fn start(storage: S3Storage) -> Self {
        let (folder, temporary) = match storage {
            S3Storage::Folder(folder) => (folder, None),
            S3Storage::Temporary => {
                let folder = TempDir::new().expect("a temporary folder");
                (folder.path().to_owned(), Some(folder))
            }
        };
        let shared =
            Arc::new(Shared { folder, is_unavailable: AtomicBool::new(false), requests: Mutex::default() });
        let state = shared.clone();
        let server = WebServer::start(move |request| respond(state.clone(), request)).await;
        Self { server, shared, _temporary: temporary }
    }

    /// Returns the endpoint of S3 for clients of this server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the IAM actions of the requests since the last call of this function.
    pub fn take_requests(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets all requests fail from now on, or not any longer.
    pub fn set_unavailable(&self, is_unavailable: bool) {
        self.shared.is_unavailable.store(is_unavailable, Ordering::Relaxed);
    }

    /// Returns the keys of all objects, in order.
    pub fn keys(&self) -> Vec<String> {
        self.shared.list("").expect("a readable folder")
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let key = parts.uri.path().strip_prefix(&format!("/{}", S3::BUCKET)).unwrap_or_default();
    let key = key.trim_start_matches('/');
    let query = parts.uri.query().unwrap_or_default();
    if shared.is_unavailable.load(Ordering::Relaxed) {
        return response(StatusCode::SERVICE_UNAVAILABLE, error_result("SlowDown"));
    }
    let (action, answer) = match (parts.method, key) {
        (Method::GET, "") => {
            let prefix = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "prefix");
            let prefix = prefix.map(|(_, prefix)| prefix.into_owned()).unwrap_or_default();
            ("s3:ListBucket", shared.list(&prefix).map(|keys| list_result(&keys)))
        }
        (Method::GET, key) => ("s3:GetObject", shared.path(key).and_then(fs::read)),
        (Method::PUT, key) => ("s3:PutObject", shared.put(key, &body).map(|()| Vec::new())),
        (Method::DELETE, key) => ("s3:DeleteObject", shared.delete(key).map(|()| Vec::new())),
        (_, _) => ("s3:Unknown", Err(io::ErrorKind::Unsupported.into())),
    };
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(action);
    match answer {
        Ok(body) => response(StatusCode::OK, body),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            response(StatusCode::NOT_FOUND, error_result("NoSuchKey"))
        }
        Err(error) => response(StatusCode::BAD_REQUEST, error_result(&format!("{:?}", error.kind()))),
    }
}

/// Returns a response with this status and body.
fn response(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
}

impl Shared {
    /// Returns the path of an object. Fails if its key is not one of an organization's objects: two UUIDs.
    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let is_id = |part: &str| uuid::Uuid::try_parse(part).is_ok();
        match key.split_once('/') {
            Some((organization, object)) if is_id(organization) && is_id(object) => Ok(self.folder.join(key)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn put(&self, key: &str, content: &[u8]) -> io::Result<()> {
        let path = self.path(key)?;
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        // Readers see all of an object or nothing.
        let new = path.with_extension("new");
        fs::write(&new, content)?;
        fs::rename(new, path)
    }

    fn delete(&self, key: &str) -> io::Result<()> {
        let path = self.path(key)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the keys that begin with a prefix, in order.
    fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for organization in file_names(&self.folder)? {
            for object in file_names(&self.folder.join(&organization))? {
                keys.push(format!("{organization}/{object}"));
            }
        }
        // A file that is still being written is no object.
        keys.retain(|key| key.starts_with(prefix) && self.path(key).is_ok());
        keys.sort();
        Ok(keys)
    }
}

/// Returns the names of what is in a folder; none if there is no such folder.
fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
    }
}

/// Returns the response to `ListObjectsV2`.
fn list_result(keys: &[String]) -> Vec<u8> {
    let contents = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
    format!("<ListBucketResult>{}</ListBucketResult>", contents.collect::<String>()).into_bytes()
}

/// Returns the body of an error.
fn error_result(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code></Error>").into_bytes()
}
