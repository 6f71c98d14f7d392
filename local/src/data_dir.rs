//! The folder of the local stack's data: its database and its issuer's key.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use padron_emulator::{Issuer, Kms, SigningKey};

/// The folder of the local stack. It contains personal data and a key, so that only its owner may read it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

/// The name of the file with the issuer's key.
const KEY: &str = "issuer-key.der";
/// The name of the file with the key of the local KMS.
const KMS_KEY: &str = "kms.key";
/// The name of the file with the API keys of `make key`.
const API_KEYS: &str = "api-keys.json";
/// The name of the folder with the uploaded logos.
const LOGOS: &str = "logos";
/// The name of the database file.
const DATABASE: &str = "padron.db";
/// The name of the file with the address of the running database.
const ADDRESS: &str = "padron.db.address";

impl DataDir {
    /// Opens a folder, and creates it if it does not exist. Files that an earlier version left readable for others become private.
    pub fn open(path: &Path) -> Result<Self, String> {
        let data_dir = Self(path.into());
        let opened = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .and_then(|()| data_dir.close_to_others());
        opened.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(data_dir)
    }

    /// Makes existing files readable by their owner alone.
    fn close_to_others(&self) -> io::Result<()> {
        for name in [KEY, API_KEYS, DATABASE, "padron.db-wal", "padron.db-shm", ADDRESS] {
            match fs::set_permissions(self.0.join(name), Permissions::from_mode(0o600)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the path of the database file.
    pub fn database(&self) -> PathBuf {
        self.0.join(DATABASE)
    }

    /// Returns the path of the folder with the uploaded logos.
    pub fn logos(&self) -> PathBuf {
        self.0.join(LOGOS)
    }

    /// Returns the address of the database; `None` if it was never written. After the stack was killed, the address is out of date.
    pub fn database_address(&self) -> Option<SocketAddr> {
        fs::read_to_string(self.0.join(ADDRESS)).ok()?.parse().ok()
    }

    /// Writes the address of the database, for other processes.
    pub fn publish_database(&self, address: SocketAddr) -> Result<(), String> {
        self.write(ADDRESS, address.to_string().as_bytes()).map(drop)
    }

    /// Deletes the database and the logos. The issuer's key stays, so that tokens remain valid.
    pub fn forget_data(&self) -> Result<(), String> {
        match fs::remove_dir_all(self.logos()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(format!("{}: {error}", self.logos().display()));
            }
            _ => {}
        }
        for suffix in ["", "-wal", "-shm"] {
            let path = self.0.join(format!("{DATABASE}{suffix}"));
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(format!("{}: {error}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the path of the database file, and creates the file if it does not exist. The engine creates its other files with the
    /// permissions of this one.
    pub fn make_database(&self) -> Result<PathBuf, String> {
        let path = self.database();
        private().append(true).open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Returns the text of the API key that was kept under a name; `None` if there is none.
    pub fn api_key(&self, name: &str) -> Option<String> {
        let kept = fs::read_to_string(self.0.join(API_KEYS)).ok()?;
        let kept: BTreeMap<String, String> = serde_json::from_str(&kept).ok()?;
        kept.get(name).cloned()
    }

    /// Keeps the text of an API key under a name, readable by the owner of the folder alone.
    pub fn keep_api_key(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.0.join(API_KEYS);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let mut kept: BTreeMap<String, String> = serde_json::from_str(&kept).unwrap_or_default();
        kept.insert(name.to_owned(), text.to_owned());
        let kept = serde_json::to_string(&kept).map_err(|error| error.to_string())?;
        self.write(API_KEYS, kept.as_bytes()).map(drop)
    }

    /// Returns the content of a file; `None` if there is none.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }

    /// Deletes a file, if there is one.
    pub fn remove(&self, name: &str) {
        _ = fs::remove_file(self.0.join(name));
    }

    /// Writes a file that is readable by the owner of the folder alone, and returns its path.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, String> {
        let path = self.0.join(name);
        let written = private().truncate(true).open(&path).and_then(|mut file| file.write_all(content));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Returns the content of a file that is created at first use, readable by its owner alone.
    fn read_or_create(&self, name: &str, create: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, String> {
        let path = self.0.join(name);
        let explain = |error: io::Error| format!("{}: {error}", path.display());
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read.map_err(explain),
        }
        // The content is written to a file of its own and then linked. If two processes start at once, one wins and both use its file.
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let mut file: File = private().truncate(true).open(&fresh).map_err(explain)?;
        file.write_all(&create()).map_err(explain)?;
        let linked = fs::hard_link(&fresh, &path);
        fs::remove_file(&fresh).map_err(explain)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(explain(error)),
            _ => fs::read(&path).map_err(explain),
        }
    }

    /// Returns the key of the local KMS.
    pub fn kms_key(&self) -> Result<[u8; Kms::KEY_LENGTH], String> {
        let key = self.read_or_create(KMS_KEY, || Kms::new_key().to_vec())?;
        let path = self.0.join(KMS_KEY);
        key.try_into()
            .map_err(|_| format!("{} holds no key. Delete it, and a new one is made.", path.display()))
    }

    /// Returns the local issuer. Its key is created at first use, readable by its owner alone.
    pub fn issuer(&self) -> Result<Issuer, String> {
        let path = self.0.join(KEY);
        let document = self.read_or_create(KEY, SigningKey::new_rsa_document)?;
        let key = SigningKey::rs256("local", &document)
            .ok_or_else(|| format!("{} holds no key. Delete it, and a new one is made.", path.display()))?;
        Ok(Issuer { name: "http://localhost/padron".into(), audience: "padron".into(), key })
    }

    /// Returns the environment variables of a function that uses this issuer and the database at `endpoint`.
    pub fn environment(&self, issuer: &Issuer, endpoint: &str) -> Vec<(&'static str, String)> {
        vec![
            ("TABLE_NAME", TABLE.into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "local".into()),
            ("AWS_SECRET_ACCESS_KEY", "local".into()),
            ("AWS_SESSION_TOKEN", String::new()),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.into()),
            ("JWT_ISSUER", issuer.name.clone()),
            ("JWT_AUDIENCE", issuer.audience.clone()),
            ("JWT_CLIENT_ID", String::new()),
            ("JWT_JWKS", issuer.jwks().to_string()),
            ("JWT_JWKS_URL", String::new()),
            ("JWT_ORGANIZATION_CLAIM", String::new()),
            // What the local stack encrypts needs no secret key.
            ("ROOT_SECRET", ROOT_SECRET.into()),
            ("ROOT_SECRET_PREVIOUS", String::new()),
            ("KEY_BRAND", KEY_BRAND.into()),
            ("WEBHOOK_TARGETS", "local".into()),
            ("OAUTH_REGISTRATION", "open".into()),
            ("OAUTH_CLIENT_DOCUMENTS", "on".into()),
            // Reports of leaked keys are verified without a connection to GitHub.
            ("GITHUB_KEYS_FILE", self.0.join("github-keys.json").to_string_lossy().into_owned()),
            ("ACCEPT_URL", "http://localhost:3000/invitations/accept?token={token}".into()),
        ]
    }
}

/// Returns options that open a file for writing, and create it readable by its owner alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// The root secret of the local stack, which everyone may know.
pub const ROOT_SECRET: &str = "the root secret of a local stack";
/// The brand in the API keys of the local stack.
pub const KEY_BRAND: &str = "pdr";
/// The name of the local table.
pub const TABLE: &str = "padron";
