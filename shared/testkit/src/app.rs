//! The API in process.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use padron_domain::{Clock, Timestamp, UserId};
use padron_emulator::{
    Engine, Issuer, SigningKey, Template,
    engine::{Storage, connection},
    gateway,
};
use padron_http::{App, BASE_PATH, Log, Registration, Settings};
use padron_store::{Connection, Store};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    answer::Answer,
    coverage::InFlight,
    description::Description,
    proxy::{FaultProxy, Recorded},
};

/// Endpoints in process, with a table, a clock and an issuer of their own.
#[derive(Debug)]
pub struct TestApp {
    /// Between the SDK and the engine.
    pub proxy: FaultProxy,
    /// What "now" is.
    pub clock: Clock,
    /// Whose tokens are accepted.
    pub tokens: Tokens,
    /// How long a request may take.
    pub time_limit: Duration,
    /// Whether an answer is given only when everything that was written can be seen everywhere.
    pub waits: bool,
    endpoints: Vec<&'static Registration>,
    app: App,
    store: Store,
    table: String,
    lines: Arc<Mutex<Vec<String>>>,
    in_flight: Mutex<InFlight>,
    engine: Engine,
}

/// How a [`TestApp`] is made.
#[derive(Debug)]
pub struct TestAppBuilder {
    endpoints: Vec<&'static Registration>,
    variables: Vec<(&'static str, String)>,
    tokens: Tokens,
}

/// Signs tokens that the app accepts, or nearly.
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

/// Making an RSA key takes a tenth of a second: all tests of a process share one.
fn issuer() -> Arc<Issuer> {
    static ISSUER: std::sync::OnceLock<Arc<Issuer>> = std::sync::OnceLock::new();
    let make = || {
        let key = SigningKey::rs256("test", &SigningKey::new_rsa_document()).expect("a fresh key");
        Arc::new(Issuer { name: "https://issuer.test/".into(), audience: "https://padron.test".into(), key })
    };
    ISSUER.get_or_init(make).clone()
}

/// The repository's folder, where `template.yaml` is.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where another engine listens, such as Amazon's DynamoDB Local, if the tests are to be run with it.
const ANOTHER_ENGINE: &str = "PADRON_TEST_DYNAMODB";

/// If this is set, transactions that overlap are cancelled in every test, and indexes are behind.
const WITH_FAULTS: &str = "PADRON_TEST_FAULTS";
const LAG: Duration = Duration::from_millis(15);

/// When every test begins.
const START: &str = "2026-01-15T12:00:00.000Z";

impl TestApp {
    /// An app of these endpoints, ready to serve.
    pub async fn start(endpoints: impl IntoIterator<Item = &'static Registration>) -> Self {
        Self::of(endpoints).build().await
    }

    /// An app of these endpoints, still to be configured.
    pub fn of(endpoints: impl IntoIterator<Item = &'static Registration>) -> TestAppBuilder {
        TestAppBuilder {
            endpoints: endpoints.into_iter().collect(),
            variables: Vec::new(),
            tokens: Tokens::default(),
        }
    }

    /// A store on the app's table that no fault of the proxy's script was meant for: for preparing and inspecting.
    pub fn store(&self) -> Store {
        self.store_for(Duration::from_secs(20))
    }

    /// The same, for work that takes longer.
    pub fn store_for(&self, time: Duration) -> Store {
        self.store.until(Instant::now() + time)
    }

    /// How the app itself reaches the table: through the proxy.
    /// Whoever takes it makes requests beside the app's, so which of them are the app's is not known any more.
    pub fn proxied_connection(&self) -> Connection {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).has_others = true;
        connection(self.proxy.address(), &self.table)
    }

    /// The table without a store before it, as a backup is restored into it or an operator looks at it.
    pub fn raw_table(&self) -> (aws_sdk_dynamodb::Client, &str) {
        (padron_emulator::engine::client(&connection(self.proxy.direct_address(), &self.table)), &self.table)
    }

    /// From now on, while the table is still empty, eventually consistent reads and indexes are behind by that much.
    pub async fn lag(&mut self, lag: Duration) {
        let replica = format!("{}-behind", self.table);
        let template = Template::read(&root()).expect("the template");
        self.engine.ensure_table(&template, &replica).await.expect("a table");
        self.proxy.lag(&replica, lag);
    }

    /// A request, to be completed and sent.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let method = method.parse().expect("a method");
        Call { app: self, method, path: path.into(), headers: HeaderMap::new(), body: Vec::new() }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    /// A token for this user.
    pub fn token(&self, user: UserId) -> String {
        self.tokens.issuer.token(&self.claims(user))
    }

    /// The claims of that token.
    pub fn claims(&self, user: UserId) -> Value {
        self.tokens.issuer.claims(&user.to_string(), self.clock.now().seconds(), 3600)
    }

    /// The lines logged so far.
    pub fn logged(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the request and the database said to each other since the last call of this.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.proxy.take_recorded()
    }

    /// Answers an event as it stands.
    pub async fn answer(&self, endpoint: &Registration, event: &str) -> Answer {
        Answer::new(&self.respond(endpoint, event).await)
    }

    /// The response to an event, in API Gateway's form.
    pub async fn respond(&self, endpoint: &Registration, event: &str) -> Value {
        if self.waits {
            self.proxy.settled().await;
        }
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).begin(endpoint);
        let deadline = Instant::now() + self.time_limit;
        let response = self.app.answer(endpoint, event, "invocation-id", deadline).await;
        if self.waits {
            self.proxy.settled().await;
        }
        let used = self.proxy.take_actions();
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).end(endpoint, used);
        let response = serde_json::to_value(&response).expect("a response is JSON");
        // Whatever a test does: the description must have said so.
        if let (Some(description), Ok(event)) = (Description::of(endpoint), serde_json::from_str(event)) {
            description.check(endpoint, &event, &response);
        }
        response
    }

    /// The endpoint of that function.
    pub fn endpoint(&self, function: &str) -> &'static Registration {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|endpoint| endpoint.route.function == function).expect("a function of the app")
    }
}

impl TestAppBuilder {
    /// Sets a variable of the environment; an empty one is absent.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Makes table and app.
    pub async fn build(self) -> TestApp {
        let template = Template::read(&root()).expect("the template");
        let engine = match std::env::var(ANOTHER_ENGINE) {
            Ok(address) => Engine::at(address.parse().expect("an address and a port")),
            Err(_) => Engine::start(Storage::Memory).await.expect("an engine"),
        };
        let table = format!("test-{}", Uuid::new_v4());
        engine.ensure_table(&template, &table).await.expect("a table");
        let proxy = FaultProxy::start(engine.address()).await;
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
            ("ROOT_SECRET", "the root secret of a test's app.".into()),
        ];
        variables.extend(self.variables);
        let lookup = |name: &str| {
            let last = variables.iter().rev().find(|(known, _)| *known == name);
            last.map(|(_, value)| value.clone())
        };
        let settings = Settings::from(&lookup).expect("complete settings");
        let clock = Clock::manual(Timestamp::parse(START).expect("an instant"));
        let lines = Arc::default();
        let mut app = TestApp {
            app: App::new(settings, clock.clone(), Log::Kept(Arc::clone(&lines))),
            store: Store::new(&connection(proxy.direct_address(), &table)),
            table,
            endpoints: self.endpoints,
            time_limit: Duration::from_secs(9),
            waits: true,
            tokens: self.tokens,
            proxy,
            clock,
            lines,
            in_flight: Mutex::default(),
            engine,
        };
        if std::env::var_os(WITH_FAULTS).is_some() {
            app.lag(LAG).await;
            app.proxy.cancel_overlaps(true);
        }
        app
    }
}

/// A request being put together.
#[derive(Debug)]
pub struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call<'_> {
    /// As this user.
    #[must_use]
    pub fn user(self, user: UserId) -> Self {
        let token = self.app.token(user);
        self.bearer(&token)
    }

    /// With this token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With this header, beside any of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    /// With this body, as JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// With this body, as it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The event that API Gateway would make of it, and the endpoint it goes to.
    pub fn event(&self) -> (&'static Registration, Value) {
        let uri: Uri = format!("{BASE_PATH}{}", self.path).parse().expect("a path");
        let routed = gateway::route(self.app.endpoints.iter().copied(), &self.method, uri.path());
        let event = gateway::event(&routed, &self.method, &uri, &self.headers, &self.body);
        (routed.endpoint.expect("an endpoint for this path, or `not-found`"), event)
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let (endpoint, event) = self.event();
        let answer = self.app.answer(endpoint, &event.to_string()).await;
        Answer { asked: self.path, ..answer }
    }
}
