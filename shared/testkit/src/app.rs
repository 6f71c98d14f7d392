//! The API in process.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use padron_domain::{Clock, Error, Timestamp, UserId};
use padron_emulator::{
    Engine, FifoQueue, Issuer, Kms, LoginServer, S3, S3Storage, SigningKey, Template,
    engine::{Storage, connection},
    gateway,
};
use padron_http::{App, BASE_PATH, BackgroundContext, BackgroundRegistration, Log, Registration, Settings};
use padron_store::{Connection, Store};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    coverage::{self, InFlight},
    delivery::Delivery,
    description::Description,
    event_bus::EventBusServer,
    proxy::{FaultProxy, Recorded},
    response::TestResponse,
    saved_tables::SavedTables,
};

/// An API in process, with a table, a clock and an issuer of its own.
#[derive(Debug)]
pub struct TestApp {
    /// The proxy between the SDK and the engine.
    pub proxy: FaultProxy,
    /// The clock of the app.
    pub clock: Clock,
    /// The tokens that the app accepts.
    pub tokens: Tokens,
    /// The time in which a request must be answered.
    pub time_limit: Duration,
    /// Whether a request and its response wait until all reads, including eventually consistent ones, see everything
    /// that was written before.
    pub wait_for_replica: bool,
    endpoints: Vec<&'static Registration>,
    app: App,
    store: Store,
    table: String,
    lines: Arc<Mutex<Vec<String>>>,
    in_flight: Mutex<InFlight>,
    engine: Engine,
    has_replica: bool,
    /// The event sources; `None` if the app does not deliver events.
    pub(crate) delivery: Option<Delivery>,
    /// The key that private keys are encrypted with; `None` if the app issues no tokens.
    pub(crate) kms: Kms,
    /// The bucket of the logos.
    pub s3: S3,
    /// The values of the placeholders in sample requests.
    pub placeholders: Mutex<BTreeMap<&'static str, String>>,
    /// The pages of the issuer on which users sign in; `None` if the app issues no tokens.
    pub(crate) login: Option<LoginServer>,
    variables: Vec<(&'static str, String)>,
}

/// Another environment of the functions, with the table, the clock and the issuer of a [`TestApp`].
#[derive(Debug)]
pub struct Environment {
    app: App,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Environment {
    /// Sends a `GET` request with an API key to an endpoint of `app`, and returns `200` or the status and code of the problem.
    pub async fn get(&self, app: &TestApp, path: &str, key: &str) -> String {
        let response = self.send(app.get(path).key(key)).await;
        if response.status < 400 { response.status.to_string() } else { response.problem() }
    }

    /// Sends a request of an app to this environment.
    pub async fn send(&self, call: Call<'_>) -> TestResponse {
        let (endpoint, event) = call.event();
        let deadline = Instant::now() + call.app.time_limit;
        let response = self.app.respond(endpoint, &event.to_string(), "invocation-id", deadline).await;
        TestResponse::new(&serde_json::to_value(&response).expect("a response is JSON"))
    }

    /// Returns the log lines so far.
    pub fn logged(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The settings of a [`TestApp`] that is not yet built.
#[derive(Debug)]
pub struct TestAppBuilder {
    endpoints: Vec<&'static Registration>,
    variables: Vec<(&'static str, String)>,
    tokens: Tokens,
    /// The functions that deliver events; empty if the app does not.
    background: Vec<&'static BackgroundRegistration>,
    issues_tokens: bool,
}

/// The issuer of the tokens that the app accepts.
#[derive(Debug)]
pub struct Tokens {
    /// The issuer.
    pub issuer: Arc<Issuer>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { issuer: issuer() }
    }
}

/// Returns the issuer that all tests of a process share, because generating an RSA key takes a tenth of a second.
fn issuer() -> Arc<Issuer> {
    static ISSUER: std::sync::OnceLock<Arc<Issuer>> = std::sync::OnceLock::new();
    let make = || {
        let key = SigningKey::rs256("test", &SigningKey::new_rsa_document()).expect("a fresh key");
        Arc::new(Issuer { name: "https://issuer.test/".into(), audience: "https://padron.test".into(), key })
    };
    ISSUER.get_or_init(make).clone()
}

/// Returns the template, which is read once: it has thousands of lines.
fn template() -> &'static Template {
    static TEMPLATE: std::sync::OnceLock<Template> = std::sync::OnceLock::new();
    TEMPLATE.get_or_init(|| Template::read(&root()).expect("the template"))
}

/// Returns the root folder of the repository, which contains `template.yaml`.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The environment variable with the address of another engine for the tests, such as Amazon's DynamoDB Local.
const ANOTHER_ENGINE: &str = "PADRON_TEST_DYNAMODB";

/// The environment variable that enables faults in all tests: overlapping transactions are cancelled and indexes lag.
const WITH_FAULTS: &str = "PADRON_TEST_FAULTS";
/// The lag of indexes with [`WITH_FAULTS`].
const LAG: Duration = Duration::from_millis(15);

/// The time at which the clock of every test starts.
const START: &str = "2026-01-15T12:00:00.000Z";

impl TestApp {
    /// The root secret of every app.
    pub const ROOT_SECRET: &str = "the root secret of a test's app.";
    /// The URL of every app, which is the issuer of the tokens of OAuth apps.
    pub const URL: &str = "https://padron.test/api";

    /// Starts an app with these endpoints.
    pub async fn start(endpoints: impl IntoIterator<Item = &'static Registration>) -> Self {
        Self::of(endpoints).build().await
    }

    /// Returns a builder of an app with these endpoints.
    pub fn of(endpoints: impl IntoIterator<Item = &'static Registration>) -> TestAppBuilder {
        TestAppBuilder {
            endpoints: endpoints.into_iter().collect(),
            variables: Vec::new(),
            tokens: Tokens::default(),
            background: Vec::new(),
            issues_tokens: false,
        }
    }

    /// Returns a store for preparing and inspecting the app's table. The proxy injects no faults into its requests.
    pub fn store(&self) -> Store {
        self.store_for(Duration::from_secs(20))
    }

    /// Returns such a store with another deadline.
    pub fn store_for(&self, time: Duration) -> Store {
        self.store.until(Instant::now() + time)
    }

    /// Returns the connection of the app to the table, through the proxy.
    ///
    /// Other requests then run beside those of the app, so the actions of the app can no longer be told apart.
    pub fn proxied_connection(&self) -> Connection {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).has_others = true;
        connection(self.proxy.address(), &self.table)
    }

    /// Returns a client for the table, without a store, for tests that act as a backup or an operator.
    pub fn raw_table(&self) -> (aws_sdk_dynamodb::Client, &str) {
        (padron_emulator::engine::client(&connection(self.proxy.direct_address(), &self.table)), &self.table)
    }

    /// Fills the tables with what `write` writes. It is called once in the process, and its tables are copied to the other apps.
    pub async fn fill(&self, tables: &SavedTables, write: impl AsyncFnOnce(Store)) {
        let write = async || write(self.store()).await;
        // What is written reaches the replica through the proxy.
        if self.has_replica { write().await } else { tables.fill(&self.engine, write).await }
    }

    /// Makes eventually consistent reads and indexes lag by this time, from now on. The table must still be empty.
    pub async fn lag(&mut self, lag: Duration) {
        let replica = format!("{}-behind", self.table);
        self.engine.ensure_table(template(), &replica).await.expect("a table");
        self.proxy.lag(&replica, lag);
        self.has_replica = true;
    }

    /// Enables the stream of the table, from now on, for an app that delivers events.
    pub async fn open_stream(&self) {
        let stream = self.engine.stream(template(), &self.table, "FanOutEventsSource").await;
        self.set_stream(stream.expect("a stream"));
    }

    /// Starts another environment with the same settings.
    pub fn another_environment(&self) -> Environment {
        self.environment_with(&[])
    }

    /// Starts another environment, with other values of these environment variables.
    pub fn environment_with(&self, changes: &[(&'static str, &str)]) -> Environment {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).has_others = true;
        let changes = changes.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let variables: Vec<_> = self.variables.iter().cloned().chain(changes).collect();
        let lines = Arc::default();
        let app = App::new(settings(&variables), self.clock.clone(), Log::Memory(Arc::clone(&lines)));
        Environment { app, lines }
    }

    /// Returns a request that is not yet sent.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let method = method.parse().expect("a method");
        Call {
            app: self,
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            source_address: None,
        }
    }

    /// Returns a `GET` request that is not yet sent.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    /// Returns an access token for this user.
    pub fn token(&self, user: UserId) -> String {
        self.tokens.issuer.token(&self.claims(user))
    }

    /// Returns the claims of [`TestApp::token`].
    pub fn claims(&self, user: UserId) -> Value {
        self.tokens.issuer.claims(&user.to_string(), self.clock.now().seconds(), 3600)
    }

    /// Returns the log lines so far.
    pub fn logged(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the requests to the database and their responses since the last call of this function.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.proxy.take_recorded()
    }

    /// Returns the response to an event.
    pub async fn response(&self, endpoint: &Registration, event: &str) -> TestResponse {
        TestResponse::new(&self.respond(endpoint, event).await)
    }

    /// Returns the response to an event, as an event of API Gateway.
    pub async fn respond(&self, endpoint: &Registration, event: &str) -> Value {
        if self.wait_for_replica {
            self.proxy.settled().await;
        }
        let function = endpoint.route.function;
        self.in_flight().begin(function, endpoint.actions());
        let deadline = Instant::now() + self.time_limit;
        let response = self.app.respond(endpoint, event, "invocation-id", deadline).await;
        if self.wait_for_replica {
            self.proxy.settled().await;
        }
        self.in_flight().end(function, self.take_actions());
        let response = serde_json::to_value(&response).expect("a response is JSON");
        if let Some(code) = failure_code(&response) {
            coverage::note(function, &code);
        }
        // Every response in every test must be allowed by the description.
        if let (Some(description), Ok(event)) = (Description::of(endpoint), serde_json::from_str(event)) {
            description.check(endpoint, &event, &response);
        }
        response
    }

    fn in_flight(&self) -> std::sync::MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the actions that were used since the last call of this function.
    fn take_actions(&self) -> BTreeSet<(String, Option<String>)> {
        let mut used = self.proxy.take_actions();
        if let Some(Delivery { queue, bus, .. }) = &self.delivery {
            if queue.take_requests() > 0 {
                used.insert(("sqs:SendMessage".into(), Some("queue".into())));
            }
            if bus.take_requests() > 0 {
                used.insert(("events:PutEvents".into(), Some("bus".into())));
            }
        }
        let of_key = self.kms.take_requests();
        used.extend(of_key.into_iter().map(|action| (action, Some("key".into()))));
        let of_bucket = self.s3.take_requests();
        used.extend(of_bucket.into_iter().map(|action| (action.to_owned(), Some("bucket".into()))));
        used
    }

    /// Returns an invocation of a background function, which has this much time. Its writes are not limited.
    pub fn background(&self, function: &BackgroundRegistration, time: Duration) -> BackgroundContext<'_> {
        self.app.background(function.function, Instant::now() + time)
    }

    /// Runs a background function in this invocation, and returns its response for Lambda.
    pub async fn run_in(
        &self,
        cx: &BackgroundContext<'_>,
        function: &BackgroundRegistration,
        payload: &Value,
    ) -> Result<Value, Error> {
        if self.wait_for_replica {
            self.proxy.settled().await;
        }
        self.in_flight().begin(function.function, function.actions());
        let payload = payload.to_string();
        let outcome = (function.run)(cx, &payload).await;
        if self.wait_for_replica {
            self.proxy.settled().await;
        }
        self.in_flight().end(function.function, self.take_actions());
        outcome
    }

    /// Returns the endpoint of this function.
    pub fn endpoint(&self, function: &str) -> &'static Registration {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|endpoint| endpoint.route.function == function).expect("a function of the app")
    }
}

impl TestAppBuilder {
    /// Sets an environment variable; an empty value counts as absent.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Lets the app deliver events to webhooks, which may lead to this machine, with the functions among these that do so.
    #[must_use]
    pub fn delivers(self, background: impl IntoIterator<Item = &'static BackgroundRegistration>) -> Self {
        let background = background.into_iter().collect();
        Self { background, ..self }.variable("WEBHOOK_TARGETS", "local")
    }

    /// Gives the app an issuer where users sign in, so that OAuth apps act for them. OAuth clients may
    /// register themselves, and be described by documents.
    #[must_use]
    pub fn issues_tokens(self) -> Self {
        Self { issues_tokens: true, ..self }
    }

    /// Creates the table and the app.
    pub async fn build(self) -> TestApp {
        static EMPTY: SavedTables = SavedTables::new();
        let (engine, table) = match std::env::var(ANOTHER_ENGINE) {
            Ok(address) => {
                let engine = Engine::at(address.parse().expect("an address and a port"));
                (engine, format!("test-{}", Uuid::new_v4()))
            }
            Err(_) => (Engine::start(Storage::Memory).await.expect("an engine"), "test".to_owned()),
        };
        let create = async || engine.ensure_table(template(), &table).await.expect("a table");
        EMPTY.fill(&engine, create).await;
        let proxy = FaultProxy::start(engine.address()).await;
        let clock = Clock::manual(Timestamp::parse(START).expect("an instant"));
        let delivery = if !self.background.is_empty() {
            let queue = FifoQueue::start(&clock, template().visibility_timeout().expect("a timeout")).await;
            let bus = EventBusServer::start().await;
            Some(Delivery { queue, bus, stream: Mutex::default(), functions: self.background })
        } else {
            None
        };
        let issuer = &self.tokens.issuer;
        let mut variables = vec![
            ("TABLE_NAME", table.clone()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", proxy.address())),
            ("JWT_ISSUER", issuer.name.clone()),
            ("JWT_AUDIENCE", issuer.audience.clone()),
            ("JWT_JWKS", issuer.jwks().to_string()),
            ("ROOT_SECRET", TestApp::ROOT_SECRET.into()),
            ("PUBLIC_URL", TestApp::URL.into()),
        ];
        let kms = Kms::start([7; Kms::KEY_LENGTH]).await;
        variables.push(("ENCRYPTION_KEY", Kms::KEY_ID.into()));
        variables.push(("AWS_ENDPOINT_URL_KMS", kms.endpoint()));
        let s3 = S3::start(S3Storage::Temporary).await;
        variables.push(("LOGO_BUCKET", S3::BUCKET.into()));
        variables.push(("AWS_ENDPOINT_URL_S3", s3.endpoint()));
        let login = if self.issues_tokens {
            Some(LoginServer::start(issuer.clone(), clock.clone()).await)
        } else {
            None
        };
        variables.extend(login.iter().flat_map(LoginServer::environment));
        if login.is_some() {
            variables.push(("OAUTH_REGISTRATION", "open".into()));
            variables.push(("OAUTH_CLIENT_DOCUMENTS", "on".into()));
        }
        if let Some(Delivery { queue, bus, .. }) = &delivery {
            variables.push(("EVENT_BUS_NAME", "operator".into()));
            variables.push(("AWS_ENDPOINT_URL_EVENTBRIDGE", bus.endpoint()));
            variables.push(("DELIVERY_QUEUE_URL", queue.url()));
            variables.push(("AWS_ENDPOINT_URL_SQS", queue.endpoint()));
        }
        variables.extend(self.variables);
        let lines = Arc::default();
        let mut app = TestApp {
            app: App::new(settings(&variables), clock.clone(), Log::Memory(Arc::clone(&lines))),
            store: Store::new(&connection(proxy.direct_address(), &table)),
            table,
            endpoints: self.endpoints,
            time_limit: Duration::from_secs(9),
            wait_for_replica: true,
            tokens: self.tokens,
            proxy,
            clock,
            lines,
            in_flight: Mutex::default(),
            engine,
            has_replica: false,
            delivery,
            kms,
            s3,
            login,
            placeholders: Mutex::default(),
            variables,
        };
        if std::env::var_os(WITH_FAULTS).is_some() {
            app.lag(LAG).await;
            app.proxy.cancel_overlaps(true);
        }
        app
    }
}

/// Returns the settings of these environment variables. The last value of each counts.
fn settings(variables: &[(&'static str, String)]) -> Settings {
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(known, _)| *known == name);
        last.map(|(_, value)| value.clone())
    };
    Settings::from(&lookup).expect("complete settings")
}

/// Returns the code of the failure that a response contains; `None` if it contains none. An error of OAuth has the code of its status, if
/// several failures have that error.
pub(crate) fn failure_code(response: &Value) -> Option<String> {
    let problem: Value = serde_json::from_str(response["body"].as_str()?).ok()?;
    let status = response["statusCode"].as_u64().filter(|status| *status >= 400)?;
    if let Some(code) = problem["code"].as_str() {
        return Some(code.to_owned());
    }
    let code = match status {
        409 => "concurrent_change",
        413 => "payload_too_large",
        415 => "unsupported_media_type",
        429 => "rate_limited",
        500 => "internal_error",
        503 => "service_unavailable",
        _ => problem["error"].as_str()?,
    };
    Some(code.to_owned())
}

/// A request that is not yet sent.
#[derive(Debug)]
pub struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    source_address: Option<String>,
}

impl Call<'_> {
    /// Signs the request in as this user.
    #[must_use]
    pub fn user(self, user: UserId) -> Self {
        let token = self.app.token(user);
        self.bearer(&token)
    }

    /// Adds an API key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    /// Sets the address that the request comes from.
    #[must_use]
    pub fn from_address(self, address: &str) -> Self {
        Self { source_address: Some(address.into()), ..self }
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a header, in addition to others with the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Returns the event that API Gateway would create, and the endpoint that it is routed to.
    pub fn event(&self) -> (&'static Registration, Value) {
        let uri: Uri = format!("{BASE_PATH}{}", self.path).parse().expect("a path");
        let routed = gateway::route(self.app.endpoints.iter().copied(), &self.method, uri.path());
        let mut event = gateway::event(&routed, &self.method, &uri, &self.headers, &self.body);
        if let Some(address) = &self.source_address {
            event["requestContext"]["http"]["sourceIp"] = address.as_str().into();
        }
        (routed.endpoint.expect("an endpoint for this path, or `not-found`"), event)
    }

    /// Sends the request and returns the response.
    pub async fn send(self) -> TestResponse {
        let (endpoint, event) = self.event();
        let response = self.app.response(endpoint, &event.to_string()).await;
        TestResponse { asked: self.path, ..response }
    }
}
