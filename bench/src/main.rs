//! The performance report: release binaries of the functions, and of an empty function, over the Lambda Runtime API.
//!
//! The report contains ratios to the empty function of the same run. Absolute times differ between machines and from minute to minute. CPU
//! time is that of the function itself. Instructions are counted by valgrind, if it is installed.

mod runtime_api;
mod tls;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use padron_auth::PresentedKey;
use padron_domain::{ApiKeyId, Clock, Role, Scopes};
use padron_emulator::{Engine, Issuer, Template, engine::Storage};
use padron_local::{
    admin::{LocalKey, make_key_in},
    data_dir::{DataDir, KEY_BRAND, TABLE},
    demo,
};
use padron_store::Store;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use runtime_api::RuntimeApi;

/// The name of the function that does nothing.
const EMPTY: &str = "empty-function";
/// The names of the functions that are measured.
const FUNCTIONS: [&str; 6] =
    [EMPTY, "health", "get-organization", "list-customers", "spirii-list-customers", "cyrexa-get-customers"];
/// The number of cold starts of each function.
const COLD_STARTS: usize = 15;
/// The number of warm events of each function.
const WARM_EVENTS: usize = 300;
/// The numbers of events of two runs under valgrind. Instructions per event are the difference of the totals, divided by the difference of
/// these.
const COUNTED_EVENTS: (usize, usize) = (5, 45);

fn main() -> ExitCode {
    // The folder of the binaries may be an argument, to compare ways of building them.
    let binaries = std::env::args().nth(1).map_or_else(|| PathBuf::from("target/release"), PathBuf::from);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(report(&binaries)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

/// The environment of the functions: a database with demo data, TLS in front of it, and an issuer.
struct BenchEnvironment {
    folder: tempfile::TempDir,
    issuer: Issuer,
    engine: Engine,
    tls: SocketAddr,
    home: DataDir,
}

/// The measurements of one function.
#[derive(Default)]
struct Figures {
    /// The starts with `WARM_UP=off`.
    start: Vec<Cost>,
    /// The first events after these starts.
    first: Vec<Cost>,
    /// The starts with `WARM_UP=on`.
    warmed_start: Vec<Cost>,
    /// The first events after these starts.
    warmed_first: Vec<Cost>,
    /// The CPU time of a warm event, in microseconds.
    warm_cpu: f64,
    /// The resident memory after the warm events, in KB.
    memory_kb: u64,
    /// The size of the binary, in bytes.
    bytes: u64,
    /// The instructions of a warm event; `None` without valgrind.
    instructions: Option<u64>,
}

/// Wall-clock time and CPU time, in milliseconds.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
}

/// Measures all functions and prints the report.
async fn report(binaries: &Path) -> Result<(), String> {
    let stage = BenchEnvironment::build().await?;
    let mut figures: Vec<Figures> = FUNCTIONS.iter().map(|_| Figures::default()).collect();
    // The functions take turns, so that other load of the machine affects them alike.
    for round in 0..COLD_STARTS {
        eprintln!("cold starts, round {} of {COLD_STARTS}", round + 1);
        for (function, figures) in FUNCTIONS.iter().zip(&mut figures) {
            for warm_up in [false, true] {
                let (start, first) = stage.cold_start(binaries, function, warm_up).await?;
                let (starts, firsts) = if warm_up {
                    (&mut figures.warmed_start, &mut figures.warmed_first)
                } else {
                    (&mut figures.start, &mut figures.first)
                };
                starts.push(start);
                firsts.push(first);
            }
        }
    }
    for (function, figures) in FUNCTIONS.iter().zip(&mut figures) {
        eprintln!("{function}: warm events");
        let path = binaries.join(function);
        figures.bytes = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        (figures.warm_cpu, figures.memory_kb) = stage.warm(binaries, function).await?;
        let event = stage.event(function)?;
        figures.instructions = stage.instructions(binaries, function, &event, 200).await?;
    }
    print(&figures);
    print_keys(&stage, binaries).await
}

impl BenchEnvironment {
    /// Starts the database with its table and demo data, and TLS in front of it.
    async fn build() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let home = DataDir::open(folder.path())?;
        let issuer = home.issuer()?;
        let engine = Engine::start(Storage::Memory).await?;
        engine.ensure_table(&Template::read(Path::new("."))?, TABLE).await?;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        demo::load(&Store::new(&engine.connection(TABLE)).until(deadline)).await?;
        let tls = tls::before(engine.address(), &folder.path().join("roots.pem")).await?;
        Ok(Self { folder, issuer, engine, tls, home })
    }

    /// Returns the event of `get-organization` with an API key.
    fn event_with_key(&self, key: &str) -> Result<String, String> {
        let mut event: Value =
            serde_json::from_str(&self.event("get-organization")?).map_err(|error| error.to_string())?;
        if let Some(headers) = event["headers"].as_object_mut() {
            headers.remove("authorization");
            headers.insert("x-api-key".into(), json!(key));
        }
        Ok(event.to_string())
    }

    /// Returns the sample event of a function, with a valid token of the demo's owner.
    fn event(&self, function: &str) -> Result<String, String> {
        let file = if function == EMPTY { "get-organization" } else { function };
        let path = format!("events/{file}.json");
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let mut event: Value = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        let token = self.issuer.token(&self.issuer.claims(demo::OWNER, Clock::System.now().seconds(), 3600));
        for (name, value) in [("authorization", format!("Bearer {token}")), ("token", token)] {
            if event["headers"].get(name).is_some() {
                event["headers"][name] = json!(value);
            }
        }
        Ok(event.to_string())
    }

    /// Starts a function. If `before` is not empty, it is the program that runs the function, and its arguments.
    fn spawn(
        &self,
        binaries: &Path,
        function: &str,
        api: &RuntimeApi,
        over_tls: bool,
        warm_up: bool,
        before: &[String],
    ) -> Result<Child, String> {
        let endpoint = if over_tls {
            format!("https://localhost:{}", self.tls.port())
        } else {
            format!("http://{}", self.engine.address())
        };
        let binary = binaries.join(function);
        let mut command = match before {
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&binary);
                command
            }
            [] => Command::new(&binary),
        };
        command
            .env_clear()
            .envs(self.home.environment(&self.issuer, &endpoint))
            .env("TLS_ROOTS", "system")
            .env("SSL_CERT_FILE", self.folder.path().join("roots.pem"))
            .env("WARM_UP", if warm_up { "on" } else { "off" })
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}. Build it first: make bench", binary.display()))
    }

    /// Measures a cold start over TLS: the time until the function asks for an event, and the first event.
    async fn cold_start(
        &self,
        binaries: &Path,
        function: &str,
        warm_up: bool,
    ) -> Result<(Cost, Cost), String> {
        let mut api = RuntimeApi::start().await?;
        let event = self.event(function)?;
        let began = Instant::now();
        let child = self.spawn(binaries, function, &api, true, warm_up, &[])?;
        api.asked().await?;
        let start = Cost { wall: milliseconds(began), cpu: cpu(&child) };
        let began = Instant::now();
        check(function, &api.invoke(&event).await?, 200)?;
        let wall = milliseconds(began);
        api.asked().await?;
        Ok((start, Cost { wall, cpu: cpu(&child) - start.cpu }))
    }

    /// Measures warm events over TLS. Returns the CPU time of an event in microseconds, and the resident memory after all of them in KB.
    async fn warm(&self, binaries: &Path, function: &str) -> Result<(f64, u64), String> {
        let mut api = RuntimeApi::start().await?;
        let event = self.event(function)?;
        let child = self.spawn(binaries, function, &api, true, true, &[])?;
        api.asked().await?;
        let mut before = 0.0;
        for at in 0..WARM_EVENTS + 20 {
            if at == 20 {
                before = cpu(&child);
            }
            api.invoke(&event).await?;
            api.asked().await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "hundreds")]
        let each = (cpu(&child) - before) * 1000.0 / WARM_EVENTS as f64;
        Ok((each, memory_kb(&child)))
    }

    /// Returns the number of instructions of a warm event, which is answered with `status`, without TLS and with a token that was verified
    /// before; `None` without valgrind.
    async fn instructions(
        &self,
        binaries: &Path,
        function: &str,
        event: &str,
        status: u16,
    ) -> Result<Option<u64>, String> {
        let (few, many) = COUNTED_EVENTS;
        let count = async |events| self.count(binaries, function, events, event, status).await;
        let Some(few_total) = count(few).await? else { return Ok(None) };
        let Some(many_total) = count(many).await? else { return Ok(None) };
        Ok(Some(many_total.saturating_sub(few_total) / u64::try_from(many - few).unwrap_or(1)))
    }

    /// Returns the number of instructions of a function that handles this many events; `None` without valgrind.
    async fn count(
        &self,
        binaries: &Path,
        function: &str,
        events: usize,
        event: &str,
        status: u16,
    ) -> Result<Option<u64>, String> {
        let found = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().await;
        if !found.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let output = self.folder.path().join("callgrind");
        let valgrind = [
            "valgrind".to_owned(),
            "--tool=callgrind".to_owned(),
            format!("--callgrind-out-file={}", output.display()),
        ];
        let mut api = RuntimeApi::start().await?;
        let mut child = self.spawn(binaries, function, &api, false, false, &valgrind)?;
        api.asked().await?;
        for _ in 0..events {
            check(function, &api.invoke(event).await?, status)?;
            api.asked().await?;
        }
        // `SIGTERM` lets valgrind write its totals.
        if let Some(process) = child.id() {
            _ = Command::new("kill").arg(process.to_string()).status().await;
        }
        child.wait().await.map_err(|error| error.to_string())?;
        let text = fs::read_to_string(&output).map_err(|error| format!("callgrind: {error}"))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok());
        total.map(Some).ok_or_else(|| "callgrind wrote no totals".to_owned())
    }
}

/// Fails if a function's response does not have this status.
fn check(function: &str, response: &str, status: u16) -> Result<(), String> {
    let response: Value = serde_json::from_str(response).unwrap_or_default();
    if response["statusCode"] == status { Ok(()) } else { Err(format!("{function} answered {response}")) }
}

/// Returns the milliseconds since an instant.
fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Returns the CPU time that all threads of a process have used, in milliseconds.
fn cpu(child: &Child) -> f64 {
    let Some(process) = child.id() else { return 0.0 };
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let spent = threads.filter_map(|thread| {
        let schedstat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        schedstat.split_whitespace().next()?.parse::<f64>().ok()
    });
    spent.sum::<f64>() / 1e6
}

/// Returns the resident memory of a process, in KB.
fn memory_kb(child: &Child) -> u64 {
    let Some(process) = child.id() else { return 0 };
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Returns the median of one of the two times.
fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Prints the instructions of `get-organization` with an API key, and with keys that are not valid, which must not be told apart.
async fn print_keys(stage: &BenchEnvironment, binaries: &Path) -> Result<(), String> {
    let organization = demo::organization(demo::ACME);
    let store = Store::new(&stage.engine.connection(TABLE));
    let key = LocalKey { organization, scopes: Scopes::NONE, role: Role::Member };
    let valid = make_key_in(&store, key, &Clock::System).await?;
    let id = PresentedKey::parse(&valid, KEY_BRAND).ok_or("make_key_in made no key")?.id;
    let unknown = ApiKeyId::at(Clock::System.now());
    let made_up = |id| PresentedKey::with_secret(organization, id, [7; 24]).text(KEY_BRAND);
    println!("\n| get-organization with an API key | kilo-instructions |\n|---|---|");
    for (name, key, status) in [
        ("a valid one", valid, 200),
        ("one with a wrong secret", made_up(id), 401),
        ("one with an unknown id", made_up(unknown), 401),
    ] {
        let event = stage.event_with_key(&key)?;
        let count = stage.instructions(binaries, "get-organization", &event, status).await?;
        let count = count.map_or("no valgrind".into(), |count| (count / 1000).to_string());
        println!("| {name} | {count} |");
    }
    Ok(())
}

/// Prints the report as a Markdown table.
fn print(figures: &[Figures]) {
    println!(
        "| function | MB | start ms (CPU) | × empty | start + first over TLS ms (CPU) | × empty | warmed: start, first ms (CPU) | warm event: CPU µs | kilo-instructions | RSS MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let both =
        |figures: &Figures, of: fn(&Cost) -> f64| median(&figures.start, of) + median(&figures.first, of);
    let wall: fn(&Cost) -> f64 = |cost| cost.wall;
    let cpu: fn(&Cost) -> f64 = |cost| cost.cpu;
    let empty = &figures[0];
    for (function, figures) in FUNCTIONS.iter().zip(figures) {
        let instructions =
            figures.instructions.map_or("no valgrind".into(), |count| (count / 1000).to_string());
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let (megabytes, memory) = (figures.bytes as f64 / 1e6, figures.memory_kb as f64 / 1024.0);
        println!(
            "| {function} | {megabytes:.1} | {:.1} ({:.1}) | {:.2} | {:.1} ({:.1}) | {:.2} | {:.1} ({:.1}), {:.1} ({:.1}) | {:.0} | {instructions} | {memory:.1} |",
            median(&figures.start, wall),
            median(&figures.start, cpu),
            median(&figures.start, cpu) / median(&empty.start, cpu),
            both(figures, wall),
            both(figures, cpu),
            both(figures, cpu) / both(empty, cpu),
            median(&figures.warmed_start, wall),
            median(&figures.warmed_start, cpu),
            median(&figures.warmed_first, wall),
            median(&figures.warmed_first, cpu),
            figures.warm_cpu,
        );
    }
    println!("\nMedians of {COLD_STARTS} cold starts each, in turn; × compares CPU time.");
}
