//! `make run`: the functions as Lambda binaries under `cargo lambda watch`, before a database that keeps its data.

use std::{
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use padron_emulator::{Engine, Template, engine::Storage};
use padron_http::BASE_PATH;
use padron_store::Store;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, timeout_at},
};

use crate::{
    data_dir::{DataDir, TABLE},
    demo, processes,
};

/// How the stack is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The repository.
    pub root: PathBuf,
    /// Where the stack keeps its data.
    pub data_dir: PathBuf,
    /// Where the API listens, on 127.0.0.1.
    pub port: u16,
    /// Whether to forget the data of earlier runs.
    pub fresh: bool,
}

/// How many requests of one function are worked on at once.
const INSTANCES: &str = "4";
/// The first request of a function builds nothing, but Cargo looks whether it would have to.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything a local API stands on, however its functions run.
pub struct Backend {
    /// The database.
    pub engine: Engine,
    /// The environment of the functions.
    pub environment: Vec<(&'static str, String)>,
}

impl Backend {
    /// Opens the database, with table and demo data.
    pub async fn open(options: &Options) -> Result<Self, String> {
        let data_dir = DataDir::open(&options.data_dir)?;
        if options.fresh {
            data_dir.forget_data()?;
        }
        let issuer = data_dir.issuer()?;
        let engine = Engine::start(Storage::File(&data_dir.make_database()?)).await?;
        data_dir.publish_database(engine.address())?;
        engine.ensure_table(&Template::read(&options.root)?, TABLE).await?;
        let store = Store::new(&engine.connection(TABLE)).until(Instant::now() + Duration::from_secs(30));
        demo::load(&store).await?;
        let environment = data_dir.environment(&issuer, &format!("http://{}", engine.address()));
        Ok(Self { engine, environment })
    }
}

/// Runs the stack until it is asked to stop.
pub async fn run(options: Options) -> Result<(), String> {
    let mut stop = Stop::listen()?;
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
    // The watcher hands over what stands in a path as it was sent; API Gateway, and so `make serve`, decodes it.
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
        INSTANCES,
        // The API's own answers say what CORS allows, in the cloud as here: not at all.
        "--disable-cors",
    ]
    .map(ToOwned::to_owned);
    let mut supervisor = processes::start(&watch, backend.environment)?;
    let serve = async {
        wait_until_healthy(*port).await?;
        // The instances that these requests called up are still starting: they speak first, we have the last word.
        tokio::time::sleep(Duration::from_secs(2)).await;
        announce(*port, backend.engine.address());
        std::future::pending().await
    };
    let outcome = tokio::select! {
        failed = serve => failed,
        failed = ended(&mut supervisor) => failed,
        () = stop.asked() => Ok(()),
    };
    // Closing its standard input tells the supervisor to end everything below it.
    drop(supervisor.stdin.take());
    tokio::task::spawn_blocking(move || supervisor.wait()).await.ok();
    backend.engine.stop().await;
    outcome
}

/// Ctrl-C, or the polite signal of `kill`.
pub(crate) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Says what to do about a port that cannot be had, before anything else is done.
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

async fn build_functions(root: &Path) -> Result<(), String> {
    let mut cargo = processes::without_cargo_variables(Command::new("cargo"));
    cargo.current_dir(root).arg("build").stdin(Stdio::null());
    let jobs = padron_api::jobs().map(|job| job.function);
    for function in padron_api::endpoints().map(|endpoint| endpoint.route.function).chain(jobs) {
        cargo.args(["--bin", function]);
    }
    let mut cargo = tokio::process::Command::from(cargo);
    match cargo.kill_on_drop(true).status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("The functions could not be built.".into()),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

async fn wait_until_healthy(port: u16) -> Result<(), String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let url: http::Uri =
        format!("http://127.0.0.1:{port}{BASE_PATH}/health").parse().map_err(|_| "the port is not one")?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let attempt = timeout_at(until, client.get(url.clone())).await;
        if let Ok(Ok(answer)) = attempt
            && answer.status().is_success()
        {
            _ = answer.into_body().collect().await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err("The functions did not answer within two minutes; what they said stands above.".into())
}

async fn ended(supervisor: &mut std::process::Child) -> Result<(), String> {
    loop {
        if !matches!(supervisor.try_wait(), Ok(None)) {
            return Err("cargo lambda watch ended; what it said stands above.".into());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Says what to do next.
pub(crate) fn announce(port: u16, database: std::net::SocketAddr) {
    let acme = demo::ACME;
    println!(
        r#"
Padrón serves on http://localhost:{port}{BASE_PATH} (DynamoDB on http://{database}, table `{TABLE}`). Ctrl-C stops it.
Try it from another terminal, in this folder:

  curl -X GET http://localhost:{port}{BASE_PATH}/organizations/{acme} -H "Authorization: Bearer $(make token)"
"#
    );
}
