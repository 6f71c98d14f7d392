//! `make import`: sends a file with customers to the API in parts, shows the progress, and reports what was not imported.
//!
//! The API finds the rows of an earlier run again, so that a file can be sent as often as it takes.

mod file;
mod map;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use csv::WriterBuilder;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use indicatif::{ProgressBar, ProgressStyle};
use padron_domain::OrganizationId;
use padron_http::encode_parameter;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::file::{File, Row};
pub use self::map::Map;
use crate::data_dir::DataDir;

/// The maximum time of a request. API Gateway ends it after 30 seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The number of times that a request is sent again after a failure that may pass.
const MAX_RETRIES: u32 = 8;
/// The maximum pause before a request is sent again.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// The number of levels of a hierarchy, and so of rounds in which children wait for their parents.
const MAX_ROUNDS: usize = 8;
/// The maximum length of the name of a source, in characters.
const MAX_SOURCE_LENGTH: usize = 200;
/// The number of wrong rows that are printed. The file with the errors has all of them.
const MAX_PRINTED: usize = 10;

/// What to import, and where to.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file.
    pub file: PathBuf,
    /// The organization.
    pub organization: OrganizationId,
    /// The system that the file comes from.
    pub map: Map,
    /// Whether customers that exist are updated.
    pub updates: bool,
    /// Whether unknown columns of a CSV file are ignored.
    pub ignores_unknown: bool,
    /// The URL of the API, such as `https://api.example.com/api`.
    pub base_url: String,
    /// The header with the credential: its name and its value.
    pub credential: (&'static str, String),
}

/// A row that was not imported.
#[derive(Clone, Debug)]
struct Problem {
    line: u64,
    column: String,
    code: String,
    detail: String,
}

/// What has been done so far.
#[derive(Debug, Default)]
struct Report {
    /// The number of rows with each status.
    statuses: BTreeMap<String, u64>,
    problems: Vec<Problem>,
    /// The lines whose parents were unknown, and may be further down in the file.
    waiting: Vec<u64>,
}

/// Imports a file, and returns a report.
///
/// # Errors
///
/// Fails with a report if a row could not be imported, and with the reason if the file cannot be read or the API cannot be reached.
pub async fn run(import: Import, data_dir: &DataDir) -> Result<String, String> {
    let file = File::read(&import.file, import.map)?;
    let sender = Sender::new(&import)?;
    let progress = progress_bar(file.rows.len());
    let checkpoint = Checkpoint::of(&import, &file, data_dir);
    let done = checkpoint.read();
    let rows: Vec<Row> = file.rows.iter().filter(|row| row.line > done).cloned().collect();
    if rows.len() < file.rows.len() {
        println!("Continues after line {done}, where the last run ended.");
        progress.inc(u64::try_from(file.rows.len() - rows.len()).unwrap_or_default());
    }
    let mut report = Report::default();
    for part in file.parts(&rows) {
        sender.send(&file, part, &mut report, &progress).await?;
        // Rows that wait or are wrong are sent again by the next run: only a file without any is skipped.
        if let Some(last) = part.last().filter(|_| report.waiting.is_empty() && report.problems.is_empty()) {
            checkpoint.write(last.line)?;
        }
    }
    for _ in 0..MAX_ROUNDS {
        let waiting = std::mem::take(&mut report.waiting);
        if waiting.is_empty() {
            break;
        }
        let lines: HashSet<u64> = waiting.iter().copied().collect();
        let rows: Vec<Row> = file.rows.iter().filter(|row| lines.contains(&row.line)).cloned().collect();
        report.problems.retain(|problem| !lines.contains(&problem.line));
        let errors = report.statuses.entry("error".into()).or_default();
        *errors = errors.saturating_sub(u64::try_from(waiting.len()).unwrap_or_default());
        for part in file.parts(&rows) {
            sender.send(&file, part, &mut report, &progress).await?;
        }
        if report.waiting.len() == waiting.len() {
            break;
        }
    }
    progress.finish_and_clear();
    checkpoint.remove();
    report.conclude(&import.file)
}

impl Report {
    /// Adds the results of a request.
    fn add(&mut self, results: &[Value]) {
        for result in results {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let status = text(&result["status"]);
            *self.statuses.entry(status.clone()).or_default() += 1;
            if !matches!(status.as_str(), "error" | "conflict") {
                continue;
            }
            let line = result["line"].as_u64().unwrap_or_default();
            let errors = result["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
            if errors.iter().any(|error| error["code"] == "unknown_customer") {
                self.waiting.push(line);
            }
            let fields = result["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = fields.collect::<Vec<_>>().join(", ");
            if errors.is_empty() {
                let (code, detail) = (text(&result["code"]), text(&result["detail"]));
                self.problems.push(Problem { line, column: fields, code, detail });
            }
            for error in errors {
                let column =
                    error["column"].as_str().unwrap_or_else(|| error["pointer"].as_str().unwrap_or_default());
                let (code, detail) = (text(&error["code"]), text(&error["detail"]));
                self.problems.push(Problem { line, column: column.to_owned(), code, detail });
            }
        }
    }

    /// Returns the report, and writes the rows that were not imported to a file. Fails with the report if there are some.
    fn conclude(mut self, path: &Path) -> Result<String, String> {
        let counts = self.statuses.iter().filter(|(_, count)| **count > 0);
        let counts: Vec<String> = counts.map(|(status, count)| format!("{count} {status}")).collect();
        let mut report =
            if counts.is_empty() { "The file has no rows.".to_owned() } else { counts.join(", ") };
        let name = format!("{}.errors.csv", path.display());
        if self.problems.is_empty() {
            // That of an earlier run.
            _ = std::fs::remove_file(name);
            return Ok(report);
        }
        self.problems.sort_by_key(|problem| problem.line);
        let mut writer = WriterBuilder::new().from_writer(Vec::new());
        let written = writer.write_record(["line", "column", "code", "detail"]).and_then(|()| {
            self.problems.iter().try_for_each(|Problem { line, column, code, detail }| {
                writer.write_record([&line.to_string(), column, code, detail])
            })
        });
        written.map_err(|error| error.to_string())?;
        let text = writer.into_inner().map_err(|error| error.to_string())?;
        std::fs::write(&name, text).map_err(|error| format!("{name}: {error}"))?;
        for Problem { line, column, code, detail } in self.problems.iter().take(MAX_PRINTED) {
            report.push_str(&format!("\n  line {line}, {column}: {detail} ({code})"));
        }
        let mut lines: Vec<u64> = self.problems.iter().map(|problem| problem.line).collect();
        lines.dedup();
        report.push_str(&format!(
            "\n{} not imported. {name} lists what is wrong. Correct the file in place and run the same command again.",
            if lines.len() == 1 { "1 row was".to_owned() } else { format!("{} rows were", lines.len()) }
        ));
        Err(report)
    }
}

/// The client that sends parts of a file.
struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    credential: (&'static str, String),
}

impl Sender {
    fn new(import: &Import) -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| format!("the system has no trust store: {error}"))?
            .https_or_http()
            .enable_http1()
            .build();
        let name =
            import.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name: String = name.chars().take(MAX_SOURCE_LENGTH).collect();
        let mut url = format!(
            "{}/organizations/{}/customers/import?{}",
            import.base_url.trim_end_matches('/'),
            import.organization,
            encode_parameter("source", &name)
        );
        if import.updates {
            url.push_str("&mode=upsert");
        }
        if import.ignores_unknown {
            url.push_str("&unknownColumns=ignore");
        }
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, url, credential: import.credential.clone() })
    }

    /// Sends rows until each has a result.
    async fn send(
        &self,
        file: &File,
        mut rows: &[Row],
        report: &mut Report,
        progress: &ProgressBar,
    ) -> Result<(), String> {
        let mut without_progress = 0;
        while let Some(first) = rows.first() {
            let answer = self.post(file, first.line, file.body(rows)).await?;
            let results = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
            let next = answer["next"].as_u64();
            let finished =
                next.map_or(rows.len(), |next| rows.iter().take_while(|row| row.line < next).count());
            // Rows after the next one may have been written already. Sent again, they are unchanged.
            let last = next.unwrap_or(u64::MAX);
            let of_part: Vec<Value> =
                results.iter().filter(|result| result["line"].as_u64() < Some(last)).cloned().collect();
            report.add(&of_part);
            progress.inc(u64::try_from(finished).unwrap_or_default());
            without_progress = if finished == 0 { without_progress + 1 } else { 0 };
            if without_progress > MAX_RETRIES {
                return Err(format!(
                    "Line {} could not be written in time. Run the same command again.",
                    first.line
                ));
            }
            rows = &rows[finished..];
        }
        Ok(())
    }

    /// Sends a request, and again after a failure that may pass. Returns the body of the response.
    async fn post(&self, file: &File, first_line: u64, body: String) -> Result<Value, String> {
        let mut pause = Duration::from_millis(500);
        for retry in 0.. {
            let request = Request::post(format!("{}&firstLine={first_line}", self.url))
                .header("content-type", file.media_type)
                .header("user-agent", "padron")
                .header(self.credential.0, &self.credential.1)
                .body(Full::from(body.clone()))
                .map_err(|_| format!("{} is no URL.", self.url))?;
            let outcome = timeout(TIME_LIMIT, async {
                let response = self.client.request(request).await.map_err(|error| error.to_string())?;
                let (parts, body) = response.into_parts();
                let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
                Ok::<_, String>((parts, body))
            });
            let (problem, retry_after) = match outcome.await {
                Ok(Ok((parts, body))) => {
                    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
                    if parts.status == StatusCode::OK {
                        return Ok(value);
                    }
                    let detail = value["errors"][0]["detail"].as_str().or(value["detail"].as_str());
                    let problem = format!("{}: {}", parts.status, detail.unwrap_or("no reason given"));
                    if !parts.status.is_server_error() && parts.status != StatusCode::TOO_MANY_REQUESTS {
                        return Err(problem);
                    }
                    let after =
                        parts.headers.get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
                    (problem, after.map(Duration::from_secs))
                }
                Ok(Err(problem)) => (problem, None),
                Err(_) => ("no answer within a minute".into(), None),
            };
            if retry >= MAX_RETRIES {
                return Err(format!("{problem}. Run the same command again to go on."));
            }
            sleep(retry_after.unwrap_or(pause).min(MAX_PAUSE)).await;
            pause *= 2;
        }
        Err("no answer".into())
    }
}

/// Where an interrupted import goes on: the last line that was imported, kept in the folder of the local stack.
struct Checkpoint<'a> {
    data_dir: &'a DataDir,
    name: String,
}

impl<'a> Checkpoint<'a> {
    /// Returns the checkpoint of this file in this organization. It is another one when the file or an option changes.
    fn of(import: &Import, file: &File, data_dir: &'a DataDir) -> Self {
        let Import { file: path, organization, map, updates, ignores_unknown, base_url, credential: _ } =
            import;
        let options = format!("{:?}", (path, organization, map, updates, ignores_unknown, base_url));
        let texts = file.rows.iter().map(|row| row.text.as_bytes());
        let parts: Vec<&[u8]> =
            [options.as_bytes(), file.header().as_bytes()].into_iter().chain(texts).collect();
        Self { data_dir, name: format!("import-{}.json", &padron_store::sha256(&parts)[..16]) }
    }

    fn read(&self) -> u64 {
        let kept =
            self.data_dir.read(&self.name).and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        kept.and_then(|kept| kept["line"].as_u64()).unwrap_or_default()
    }

    fn write(&self, line: u64) -> Result<(), String> {
        self.data_dir.write(&self.name, json!({ "line": line }).to_string().as_bytes()).map(drop)
    }

    fn remove(&self) {
        self.data_dir.remove(&self.name);
    }
}

fn progress_bar(rows: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} rows, {eta} left");
    let progress = ProgressBar::new(u64::try_from(rows).unwrap_or_default());
    match style {
        Ok(style) => progress.with_style(style),
        Err(_) => progress,
    }
}
