//! Configuration from environment variables.
//!
//! The configuration is checked at start, and all missing or invalid variables are reported at once.

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use padron_auth::{Audience, Issuer, KeySet, KeySource};
use padron_domain::{Seats, https_url};
use padron_store::{Connection, Credentials, Secrets, TrustedRoots};

use crate::{
    event::{PathEncoding, Request},
    metrics::Metrics,
    route::BASE_PATH,
};

/// The configuration of a function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The connection to the table.
    pub connection: Connection,
    /// The issuer whose access tokens are accepted.
    pub issuer: Issuer,
    /// The keys that cursors and recorded answers are encrypted with.
    pub secrets: Arc<Secrets>,
    /// The options that business rules depend on.
    pub options: Options,
    /// The maximum number of write units that jobs consume in a second.
    pub job_pace: NonZeroU32,
    /// Whether to connect to the database at start, for functions that use it.
    pub warm_up: bool,
    /// The encoding of the path parameters in an event.
    pub path_encoding: PathEncoding,
}

/// Options of the operator that business rules depend on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The maximum number of members of an organization, by plan.
    pub seats: Seats,
    /// What the metrics of the installation are told apart by.
    pub metrics: Metrics,
    /// The URL of the page where invitations are accepted, with `{token}` in the place of the token.
    pub accept_url: Option<String>,
    /// The maximum number of customers whose rows a list reads.
    pub max_customer_rows: usize,
    /// The brand in the API keys of this installation, so that scanners tell them from those of others.
    pub key_brand: String,
    /// A file with the public keys that GitHub signs reports of leaked keys with; `None` if they are fetched from GitHub.
    pub github_keys_file: Option<String>,
    /// Whether webhooks, and documents that describe OAuth clients, may lead to this machine, by http and to any port. Only the local stack sets it.
    pub allows_local_targets: bool,
    /// The queue of the deliveries to webhooks; `None` if there is none, and deliveries wait for the next sweep.
    pub delivery_queue: Option<QueueLocation>,
    /// The event bus of the operator; `None` if there is none.
    pub event_bus: Option<BusLocation>,
    /// The URL of the API, such as `https://api.example.com/api`; `None` if it is the one that requests are sent to.
    pub public_url: Option<String>,
    /// How users sign in on the pages of the authorization server; `None` if they cannot, and apps act for themselves only.
    pub login: Option<Login>,
    /// Whether OAuth clients register themselves (RFC 7591), for users who sign in.
    pub has_open_registration: bool,
    /// Whether an OAuth client may be described by a document, for users who sign in.
    pub has_client_documents: bool,
    /// For how long the previous refresh token of a grant gets the same answer again, because the client may not have received it.
    pub refresh_grace: Duration,
    /// The key of AWS KMS that private keys are encrypted with; `None` if the function does not use it.
    pub encryption_key: Option<KeyLocation>,
    /// The bucket of the logos; `None` if the function does not use it.
    pub logo_bucket: Option<BucketLocation>,
    /// The factor by which the schedule of deliveries is faster than it is meant to be. Only the local stack sets it.
    pub clock_factor: u32,
}

/// The location of a queue of Amazon SQS.
#[derive(Clone, Debug)]
pub struct QueueLocation {
    /// The URL of the queue.
    pub url: String,
    /// The region and the credentials, with the endpoint of SQS if it is not the region's own. The table is not meant.
    pub connection: Connection,
}

/// The location of an event bus of Amazon EventBridge.
#[derive(Clone, Debug)]
pub struct BusLocation {
    /// The name of the bus.
    pub name: String,
    /// The region and the credentials, with the endpoint of EventBridge if it is not the region's own. The table is not meant.
    pub connection: Connection,
}

/// How users sign in on the pages of the authorization server: at the operator's issuer, as a client of it.
#[derive(Clone)]
pub struct Login {
    /// The exact issuer, which is that of the users' access tokens.
    pub issuer: String,
    /// The URL of the issuer's metadata.
    pub discovery_url: String,
    /// The id of this server as a client of the issuer.
    pub client_id: String,
    /// The secret of this client; `None` if it has none, or the function does not use it.
    pub client_secret: Option<String>,
}

/// Omits the secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The location of a key of AWS KMS.
#[derive(Clone, Debug)]
pub struct KeyLocation {
    /// The id or the ARN of the key.
    pub id: String,
    /// The region and the credentials, with the endpoint of KMS if it is not the region's own. The table is not meant.
    pub connection: Connection,
}

/// The location of a bucket of Amazon S3.
#[derive(Clone, Debug)]
pub struct BucketLocation {
    /// The name of the bucket.
    pub name: String,
    /// The region and the credentials, with the endpoint of S3 if it is not the region's own. The table is not meant.
    pub connection: Connection,
}

impl Options {
    /// Returns the URL of the API that a request was sent to, without a slash at its end.
    pub(crate) fn issuer(&self, request: &Request<'_>) -> String {
        let of_request = || format!("https://{}{BASE_PATH}", request.domain_name());
        self.public_url.clone().unwrap_or_else(of_request)
    }

    /// Returns the URL where the invitation with this token is accepted, serialized like every URL in a response; `None` if no such page is
    /// configured.
    pub fn accept_url(&self, token: &str) -> Option<String> {
        let url = self.accept_url.as_ref()?.replace(TOKEN, token);
        // The page of a local installation need not use https.
        Some(https_url(&url).unwrap_or(url))
    }
}

/// The problems of the configuration, one sentence each.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The configuration is not complete: {}", self.0.join("; "))
    }
}

/// A reader of variables that collects their problems. An empty variable counts as absent, because templates set empty variables.
struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// Returns the value of a variable; `None` if it is absent.
    fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Returns whether a variable is set to `value`; `false` if it is absent or set to `default`. Another value is a problem.
    fn is_set_to(&mut self, name: &str, value: &str, default: &str) -> bool {
        match self.optional(name) {
            Some(found) if found == value => true,
            Some(found) if found != default => {
                self.problems.push(format!("{name} is `{default}` (the default) or `{value}`"));
                false
            }
            _ => false,
        }
    }

    /// Returns the value of a variable. If it is absent, adds a problem and returns an empty string.
    fn required(&mut self, name: &str, meaning: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing: {meaning}"));
            String::new()
        })
    }
}

impl Settings {
    /// Reads the settings from the environment of the process.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from(&|name| std::env::var(name).ok())
    }

    /// Reads the settings from a function that returns the value of a variable.
    pub fn from(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let connection = connection(&mut reader);
        let issuer = issuer(&mut reader);
        let secrets = secrets(&mut reader);
        let seats = seats(&mut reader);
        let job_pace = job_pace(&mut reader);
        let max_customer_rows = max_customer_rows(&mut reader);
        let key_brand = key_brand(&mut reader);
        let github_keys_file = reader.optional("GITHUB_KEYS_FILE");
        let allows_local_targets = reader.is_set_to("WEBHOOK_TARGETS", "local", "public");
        let delivery_queue = reader.optional("DELIVERY_QUEUE_URL").map(|url| {
            let endpoint = reader.optional("AWS_ENDPOINT_URL_SQS");
            QueueLocation { url, connection: Connection { endpoint, ..connection.clone() } }
        });
        let event_bus = reader.optional("EVENT_BUS_NAME").map(|name| {
            let endpoint = reader.optional("AWS_ENDPOINT_URL_EVENTBRIDGE");
            BusLocation { name, connection: Connection { endpoint, ..connection.clone() } }
        });
        let encryption_key = reader.optional("ENCRYPTION_KEY").map(|id| {
            let endpoint = reader.optional("AWS_ENDPOINT_URL_KMS");
            KeyLocation { id, connection: Connection { endpoint, ..connection.clone() } }
        });
        let logo_bucket = reader.optional("LOGO_BUCKET").map(|name| {
            let endpoint = reader.optional("AWS_ENDPOINT_URL_S3");
            BucketLocation { name, connection: Connection { endpoint, ..connection.clone() } }
        });
        let public_url = public_url(&mut reader);
        let login = login(&mut reader);
        // Clients that nobody has created act for users only.
        let has_open_registration = reader.is_set_to("OAUTH_REGISTRATION", "open", "off") && login.is_some();
        let has_client_documents = reader.is_set_to("OAUTH_CLIENT_DOCUMENTS", "on", "off") && login.is_some();
        let refresh_grace = refresh_grace(&mut reader);
        let clock_factor = clock_factor(&mut reader);
        let accept_url = reader.optional("ACCEPT_URL");
        if accept_url.as_ref().is_some_and(|url| !is_https_or_loopback(url) || !url.contains(TOKEN)) {
            reader.problems.push("ACCEPT_URL is an https URL with {token} in the place of the token".into());
        }
        let path_encoding = if reader.is_set_to("PATH_PARAMETERS", "encoded", "decoded") {
            PathEncoding::Encoded
        } else {
            PathEncoding::Decoded
        };
        let warm_up = !reader.is_set_to("WARM_UP", "off", "on");
        let by_function = reader.is_set_to("FUNCTION_METRICS", "on", "off");
        let metrics = Metrics { table: connection.table.clone(), by_function };
        match (issuer, secrets) {
            (Some(issuer), Some(secrets)) if reader.problems.is_empty() => Ok(Self {
                connection,
                issuer,
                secrets,
                options: Options {
                    metrics,
                    seats,
                    accept_url,
                    max_customer_rows,
                    key_brand,
                    github_keys_file,
                    allows_local_targets,
                    delivery_queue,
                    event_bus,
                    public_url,
                    login,
                    has_open_registration,
                    has_client_documents,
                    refresh_grace,
                    encryption_key,
                    logo_bucket,
                    clock_factor,
                },
                job_pace,
                warm_up,
                path_encoding,
            }),
            _ => Err(SettingsError(reader.problems)),
        }
    }
}

fn secrets(reader: &mut Reader<'_>) -> Option<Arc<Secrets>> {
    let current = reader.optional("ROOT_SECRET").unwrap_or_default();
    let previous = reader.optional("ROOT_SECRET_PREVIOUS");
    let secrets = Secrets::new(current.as_bytes(), previous.as_ref().map(String::as_bytes));
    if secrets.is_none() {
        reader.problems.push(
            "ROOT_SECRET is missing or too short: at least 32 random characters that all functions share, \
             and so is ROOT_SECRET_PREVIOUS where it is set"
                .into(),
        );
    }
    secrets.map(Arc::new)
}

fn job_pace(reader: &mut Reader<'_>) -> NonZeroU32 {
    // A quarter of the write units that the template allows the table by default.
    const DEFAULT: NonZeroU32 = NonZeroU32::new(250).expect("not zero");
    let Some(text) = reader.optional("JOB_UNITS_PER_SECOND") else { return DEFAULT };
    text.parse().unwrap_or_else(|_| {
        reader.problems.push("JOB_UNITS_PER_SECOND is a number of write units from 1 on".into());
        DEFAULT
    })
}

fn max_customer_rows(reader: &mut Reader<'_>) -> usize {
    const DEFAULT: usize = 20_000;
    // More rows would neither fit into a function's memory nor be read in time.
    const MAX_ROWS: usize = 100_000;
    let Some(text) = reader.optional("CUSTOMER_ROWS") else { return DEFAULT };
    text.parse().ok().filter(|rows| (1..=MAX_ROWS).contains(rows)).unwrap_or_else(|| {
        reader.problems.push("CUSTOMER_ROWS is a number of customers from 1 to 100,000".into());
        DEFAULT
    })
}

fn clock_factor(reader: &mut Reader<'_>) -> u32 {
    let Some(text) = reader.optional("PADRON_CLOCK_FACTOR") else { return 1 };
    text.parse().ok().filter(|factor| (1..=1_000_000).contains(factor)).unwrap_or_else(|| {
        reader.problems.push("PADRON_CLOCK_FACTOR is a number from 1 to 1,000,000".into());
        1
    })
}

fn refresh_grace(reader: &mut Reader<'_>) -> Duration {
    let text = reader.optional("OAUTH_REFRESH_GRACE").unwrap_or_else(|| "30".into());
    Duration::from_secs(text.parse().ok().filter(|seconds| *seconds <= 300).unwrap_or_else(|| {
        reader.problems.push("OAUTH_REFRESH_GRACE is a number of seconds from 0 to 300".into());
        30
    }))
}

fn login(reader: &mut Reader<'_>) -> Option<Login> {
    let client_id = reader.optional("LOGIN_CLIENT_ID")?;
    let issuer = reader.optional("JWT_ISSUER").unwrap_or_default();
    let at_issuer = || format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovery_url = reader.optional("LOGIN_DISCOVERY_URL").unwrap_or_else(at_issuer);
    if !is_https_or_loopback(&discovery_url) {
        reader.problems.push("LOGIN_CLIENT_ID needs a JWT_ISSUER that is an https URL".into());
    }
    let client_secret = reader.optional("LOGIN_CLIENT_SECRET");
    Some(Login { issuer, discovery_url, client_id, client_secret })
}

fn public_url(reader: &mut Reader<'_>) -> Option<String> {
    let url = reader.optional("PUBLIC_URL")?;
    let url = url.trim_end_matches('/');
    if !is_https_or_loopback(url) || url.contains(['?', '#']) || !url.ends_with(BASE_PATH) {
        reader
            .problems
            .push("PUBLIC_URL is the https URL of the API, such as https://api.example.com/api".into());
    }
    Some(url.to_owned())
}

fn key_brand(reader: &mut Reader<'_>) -> String {
    let brand = reader.optional("KEY_BRAND").unwrap_or_else(|| "pdr".into());
    let is_one = (2..=8).contains(&brand.len())
        && brand.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !is_one {
        reader.problems.push("KEY_BRAND is 2 to 8 of a–z and 0–9".into());
    }
    brand
}

fn seats(reader: &mut Reader<'_>) -> Seats {
    let mut read = |name: &str, default| match reader.optional(name).as_deref() {
        None => default,
        Some("unlimited") => None,
        Some(number) => {
            let seats = number.parse().ok().filter(|seats| *seats > 0);
            if seats.is_none() {
                reader.problems.push(format!("{name} is a number of members from 1 on, or `unlimited`"));
            }
            seats
        }
    };
    let Seats { free, pro, enterprise } = Seats::default();
    Seats {
        free: read("SEATS_FREE", free),
        pro: read("SEATS_PRO", pro),
        enterprise: read("SEATS_ENTERPRISE", enterprise),
    }
}

fn connection(reader: &mut Reader<'_>) -> Connection {
    Connection {
        table: reader.required("TABLE_NAME", "the name of the DynamoDB table"),
        region: reader.required("AWS_REGION", "the region of the table, set by Lambda"),
        endpoint: reader.optional("AWS_ENDPOINT_URL_DYNAMODB"),
        roots: if reader.is_set_to("TLS_ROOTS", "system", "amazon") {
            TrustedRoots::System
        } else {
            TrustedRoots::Amazon
        },
        credentials: Credentials {
            access_key_id: reader.required("AWS_ACCESS_KEY_ID", "set by Lambda"),
            secret_access_key: reader.required("AWS_SECRET_ACCESS_KEY", "set by Lambda"),
            session_token: reader.optional("AWS_SESSION_TOKEN"),
        },
    }
}

fn issuer(reader: &mut Reader<'_>) -> Option<Issuer> {
    let name = reader.required("JWT_ISSUER", "the exact `iss` of access tokens");
    // An empty audience between commas would match a token that was made for no one.
    let list = |text: Option<String>| -> Vec<String> {
        let text = text.unwrap_or_default();
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(ToOwned::to_owned).collect()
    };
    let (audiences, clients) =
        (list(reader.optional("JWT_AUDIENCE")), list(reader.optional("JWT_CLIENT_ID")));
    let audience = match (audiences.is_empty(), clients.is_empty()) {
        (false, true) => Some(Audience::Claim(audiences)),
        (true, false) => Some(Audience::CognitoClient(clients)),
        _ => {
            reader.problems.push(
                "set one of JWT_AUDIENCE (the `aud` of access tokens) and JWT_CLIENT_ID (the app client, for Amazon Cognito)"
                    .into(),
            );
            None
        }
    };
    let keys = match (reader.optional("JWT_JWKS"), reader.optional("JWT_JWKS_URL")) {
        (Some(document), None) => match KeySet::parse(document.as_bytes()) {
            Ok(keys) => Some(KeySource::Inline(keys)),
            Err(why) => {
                reader.problems.push(format!("JWT_JWKS is not usable: {why}"));
                None
            }
        },
        (None, Some(url)) if is_https_or_loopback(&url) => Some(KeySource::Url(url)),
        (None, Some(_)) => {
            reader.problems.push("JWT_JWKS_URL must be an https URL".into());
            None
        }
        _ => {
            reader.problems.push(
                "set one of JWT_JWKS (the issuer's key set, as JSON) and JWT_JWKS_URL (where it is published)".into(),
            );
            None
        }
    };
    let organization_claim = reader.optional("JWT_ORGANIZATION_CLAIM");
    Some(Issuer { name, audience: audience?, keys: keys?, organization_claim })
}

/// The placeholder for the token in `ACCEPT_URL`.
const TOKEN: &str = "{token}";

/// Returns whether a URL may be used: it must be https, or http on this machine, and contain no user.
///
/// Keys must come over https, except from an issuer on this machine.
pub fn is_https_or_loopback(url: &str) -> bool {
    let Ok(uri) = url.replace(TOKEN, "token").parse::<http::Uri>() else { return false };
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return false;
    }
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => matches!(host, "127.0.0.1" | "[::1]" | "localhost"),
        _ => false,
    }
}
