//! `make run`: runs the functions as Lambda binaries under `cargo lambda watch`, with a database that keeps its data.

use std::{
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use padron_domain::Clock;
use padron_emulator::{
    Engine, FifoQueue, Kms, LoginServer, S3, S3Storage, StreamReader, Template, engine::Storage,
};
use padron_http::{App, BASE_PATH, BackgroundRegistration, Log, Settings};
use padron_store::Store;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, timeout_at},
};

use crate::{
    data_dir::{DataDir, TABLE},
    demo::{self, app::DemoApp},
    event_sources::{self, Invoker},
    processes,
};

/// The options of the local stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the repository.
    pub root: PathBuf,
    /// The folder of the stack's data.
    pub data_dir: PathBuf,
    /// The port of the API, on 127.0.0.1.
    pub port: u16,
    /// Whether to delete the data of earlier runs.
    pub fresh: bool,
}

/// The maximum number of concurrent requests of one function.
const INSTANCES: usize = 4;
/// The maximum time until the API is healthy. The functions are built already, but Cargo still checks whether they are up to date.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(120);

/// The database and the queue of the local stack, and the environment of its functions.
pub struct Backend {
    /// The database.
    pub engine: Engine,
    /// The stream of the table.
    pub stream: StreamReader,
    /// The queue of deliveries.
    pub queue: Arc<FifoQueue>,
    /// The key that the signing keys are encrypted with.
    pub kms: Kms,
    /// The bucket of the logos.
    pub s3: S3,
    /// The issuer's page, on which users sign in.
    pub login: LoginServer,
    /// The page of the demo's OAuth app; `None` if the app was deleted.
    pub app: Option<DemoApp>,
    /// The maximum number of messages that are handled at once.
    pub concurrency: usize,
    /// The factor by which schedules are faster.
    pub clock_factor: u32,
    /// The environment variables of the functions.
    pub environment: Vec<(&'static str, String)>,
}

impl Backend {
    /// Opens the database. Creates the table and the demo data that are missing.
    pub async fn open(options: &Options) -> Result<Self, String> {
        let data_dir = DataDir::open(&options.data_dir)?;
        if options.fresh {
            data_dir.forget_data()?;
        }
        let issuer = data_dir.issuer()?;
        let engine = Engine::start(Storage::File(&data_dir.make_database()?)).await?;
        data_dir.publish_database(engine.address())?;
        let template = Template::read(&options.root)?;
        engine.ensure_table(&template, TABLE).await?;
        let store = Store::new(&engine.connection(TABLE)).until(Instant::now() + Duration::from_secs(30));
        demo::load(&store).await?;
        let stream = engine.stream(&template, TABLE, "FanOutEventsSource").await?;
        let queue = Arc::new(FifoQueue::start(&Clock::System, template.visibility_timeout()?).await);
        let concurrency = template.delivery_concurrency()?;
        let mut environment = data_dir.environment(&issuer, &format!("http://{}", engine.address()));
        environment.push(("DELIVERY_QUEUE_URL", queue.url()));
        environment.push(("AWS_ENDPOINT_URL_SQS", queue.endpoint()));
        let kms = Kms::start(data_dir.kms_key()?).await;
        environment.push(("ENCRYPTION_KEY", Kms::KEY_ID.into()));
        environment.push(("AWS_ENDPOINT_URL_KMS", kms.endpoint()));
        let s3 = S3::start(S3Storage::Folder(data_dir.logos())).await;
        environment.push(("LOGO_BUCKET", S3::BUCKET.into()));
        environment.push(("AWS_ENDPOINT_URL_S3", s3.endpoint()));
        // Browsers are sent to the ports after the API's.
        let listener = listen(options.port.saturating_add(1)).await?;
        let login = LoginServer::on(listener, Arc::new(issuer), demo::logins(), Clock::System);
        let app = DemoApp::on(listen(options.port.saturating_add(2)).await?, options.port);
        environment.extend(login.environment());
        environment.push(("PUBLIC_URL", format!("http://localhost:{}{BASE_PATH}", options.port)));
        let clock_factor = std::env::var(CLOCK_FACTOR).unwrap_or_else(|_| "1".into());
        environment.push((CLOCK_FACTOR, clock_factor.clone()));
        let clock_factor = clock_factor.parse().ok().filter(|factor| *factor > 0);
        let clock_factor = clock_factor.ok_or("PADRON_CLOCK_FACTOR is a number from 1 on.")?;
        let mut backend =
            Self { engine, stream, queue, kms, s3, login, app: None, concurrency, clock_factor, environment };
        let settings = backend.settings()?;
        backend.app = demo::app::load(&store, &settings.secrets).await?.then_some(app);
        backend.make_signing_keys().await?;
        Ok(backend)
    }
}

impl Backend {
    /// Returns the settings of the functions.
    pub fn settings(&self) -> Result<Settings, String> {
        let lookup = |name: &str| {
            let variable = self.environment.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| value.clone())
        };
        Settings::from(&lookup).map_err(|error| error.to_string())
    }

    /// Runs the job that makes the keys for access tokens, as `make deploy` does: its schedule may be an hour away.
    async fn make_signing_keys(&self) -> Result<(), String> {
        let is_job = |function: &&BackgroundRegistration| function.function == "rotate-signing-keys";
        let Some(function) = padron_api::background().find(is_job) else { return Ok(()) };
        let app = App::new(self.settings()?, Clock::System, Log::Memory(Arc::default()));
        let made = app.run(function, "{}", Instant::now() + function.time_limit).await;
        made.map(|_| ()).map_err(|error| error.cause().unwrap_or("no signing key could be made").to_owned())
    }
}

/// Runs the stack until the process receives a signal to stop.
pub async fn run(options: Options) -> Result<(), String> {
    let mut stop = StopSignal::listen()?;
    let Options { root, port, .. } = &options;
    check_port(*port, "run")?;
    let cargo_lambda = root.join(".tools/lambda/bin/cargo-lambda");
    if !cargo_lambda.exists() {
        return Err("cargo-lambda is not installed in .tools. `make run` installs it.".into());
    }
    tokio::select! {
        built = build_functions(root) => built?,
        () = stop.asked() => return Ok(()),
    }
    let mut backend = Backend::open(&options).await?;
    // `cargo lambda watch` passes path parameters on as they were sent. API Gateway decodes them, and so does `make serve`.
    backend.environment.push(("PATH_PARAMETERS", "encoded".into()));
    let watch = [
        cargo_lambda.to_string_lossy().as_ref(),
        "lambda",
        "watch",
        "--invoke-address",
        "127.0.0.1",
        "--invoke-port",
        &port.to_string(),
        "--concurrency",
        &INSTANCES.to_string(),
        // The API itself decides about CORS, locally as in the cloud, and does not allow it.
        "--disable-cors",
    ]
    .map(ToOwned::to_owned);
    let Backend {
        engine,
        stream,
        queue,
        kms: _kms,
        s3: _s3,
        login: _login,
        app,
        concurrency,
        clock_factor,
        environment,
    } = backend;
    let mut supervisor = processes::start(&watch, environment)?;
    let serve = async {
        wait_until_healthy(*port).await?;
        // The instances that served the health checks are still starting and print their messages first.
        tokio::time::sleep(Duration::from_secs(2)).await;
        announce(*port, engine.address(), app.as_ref());
        event_sources::run(Invoker::watch(*port), stream, queue, concurrency.min(INSTANCES), clock_factor)
            .await;
        Ok(())
    };
    let outcome = tokio::select! {
        failed = serve => failed,
        failed = ended(&mut supervisor) => failed,
        () = stop.asked() => Ok(()),
    };
    // The supervisor ends all its descendants when its standard input closes.
    drop(supervisor.stdin.take());
    tokio::task::spawn_blocking(move || supervisor.wait()).await.ok();
    engine.stop().await;
    outcome
}

/// The signals that ask the process to stop: `SIGINT`, `SIGTERM` and `SIGHUP`.
pub(crate) struct StopSignal {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl StopSignal {
    /// Starts to listen for the signals.
    pub(crate) fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one of the signals.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Fails with advice if a port cannot be used, before anything else is started.
pub(crate) fn check_port(port: u16, target: &str) -> Result<(), String> {
    let Err(error) = TcpListener::bind(("127.0.0.1", port)) else { return Ok(()) };
    let another = port.checked_add(1).unwrap_or(3001);
    Err(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "Port {port} is in use. Stop what listens there, or choose another port: make {target} PORT={another}"
        ),
        _ => format!("Port {port} cannot be had: {error}. Choose another port: make {target} PORT=3001"),
    })
}

/// The environment variable with the factor by which schedules are faster, those of deliveries among them.
const CLOCK_FACTOR: &str = "PADRON_CLOCK_FACTOR";

/// The functions that are built before the stack serves: the health check, the one in the printed command, and those that deliver events.
///
/// `cargo lambda watch` builds each of the others when it is called for the first time. Most of the time of a build is spent on the
/// libraries that all functions share.
const BUILT_FIRST: [&str; 5] =
    ["health", "get-organization", "fan-out-events", "deliver-webhook", "sweep-deliveries"];

/// Builds the functions that are needed first.
async fn build_functions(root: &Path) -> Result<(), String> {
    let mut cargo = processes::without_cargo_variables(Command::new("cargo"));
    cargo.current_dir(root).arg("build").stdin(Stdio::null());
    for function in BUILT_FIRST {
        cargo.args(["--bin", function]);
    }
    let mut cargo = tokio::process::Command::from(cargo);
    match cargo.kill_on_drop(true).status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("The functions could not be built.".into()),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

/// Waits until the API answers its health check. Fails after [`HEALTH_TIMEOUT`].
async fn wait_until_healthy(port: u16) -> Result<(), String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url: http::Uri =
        format!("http://127.0.0.1:{port}{BASE_PATH}/health").parse().map_err(|_| "the port is not one")?;
    let until = Instant::now() + HEALTH_TIMEOUT;
    while Instant::now() < until {
        let attempt = timeout_at(until, client.get(url.clone())).await;
        if let Ok(Ok(response)) = attempt
            && response.status().is_success()
        {
            _ = response.into_body().collect().await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err("The functions did not answer within two minutes; what they said stands above.".into())
}

/// Waits until the supervisor ends, which is a failure.
async fn ended(supervisor: &mut std::process::Child) -> Result<(), String> {
    loop {
        if !matches!(supervisor.try_wait(), Ok(None)) {
            return Err("cargo lambda watch ended; what it said stands above.".into());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Returns a socket on a port of this machine, or on any free one if that is taken.
async fn listen(port: u16) -> Result<tokio::net::TcpListener, String> {
    match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| format!("no port is free: {error}")),
    }
}

/// Prints the addresses of the API and the database, and what to try.
pub(crate) fn announce(port: u16, database: std::net::SocketAddr, app: Option<&DemoApp>) {
    let acme = demo::ACME;
    println!(
        r#"
Padrón serves on http://localhost:{port}{BASE_PATH} (DynamoDB on http://{database}, table `{TABLE}`). Ctrl-C stops it.
Try it from another terminal, in this folder:

  curl -X GET http://localhost:{port}{BASE_PATH}/organizations/{acme} -H "Authorization: Bearer $(make token)"

The API reference is on http://localhost:{port}{BASE_PATH}/docs
"#
    );
    if let Some(app) = app {
        println!("In a browser, allow an OAuth app to act for you:\n\n  {}\n", app.authorization_url());
    }
}
