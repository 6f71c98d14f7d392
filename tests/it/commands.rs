//! Tests of `make run` as a new user runs it: the Lambda binaries under `cargo lambda watch`, and the published curl commands.

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use padron_local::{demo, processes::without_cargo_variables};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::root;

/// The request of the published page. Only the port and the token are replaced.
const PUBLISHED: &str = r#"curl -X GET http://localhost:3001/api/organizations/550e8400-e29b-41d4-a716-446655440000 \
  -H "Authorization: Bearer <your_token>""#;

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Returns a command of the program `padron`, which is built first.
pub(crate) fn padron() -> Command {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = without_cargo_variables(Command::new("cargo"));
        let built = cargo.current_dir(root()).args(["build", "--quiet", "--bin", "padron"]).status().unwrap();
        assert!(built.success());
    });
    let mut padron = Command::new(root().join("target/debug/padron"));
    padron.current_dir(root());
    padron
}

fn make(data: &Path, target: &str, variables: &[String]) -> Command {
    let mut make = without_cargo_variables(Command::new("make"));
    make.current_dir(root()).arg("--no-print-directory").arg(target).arg(format!("DATA={}", data.display()));
    // This `make` must not take itself for part of a `make` that runs this test.
    make.args(variables).env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env_remove("MFLAGS");
    make
}

fn printed(mut command: Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn token(data: &Path, variables: &[&str]) -> String {
    let variables: Vec<_> = variables.iter().map(ToString::to_string).collect();
    let printed = printed(make(data, "token", &variables));
    assert_eq!(printed.trim_end_matches('\n').lines().count(), 1, "the token and nothing else");
    printed.trim().to_owned()
}

fn shell(line: &str) -> String {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line);
    printed(shell)
}

/// A local stack that ends with the test.
struct Stack {
    make: std::process::Child,
    port: u16,
}

impl Stack {
    fn start(data: &Path, target: &str, variables: &[&str]) -> Self {
        let port = free_port();
        let log = std::fs::File::create(data.join(format!("{target}.log"))).unwrap();
        let mut command = make(data, target, &[format!("PORT={port}")]);
        let make = command
            .args(variables)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let stack = Self { make, port };
        let patience = Instant::now() + Duration::from_secs(300);
        while !std::fs::read_to_string(data.join(format!("{target}.log"))).unwrap().contains("Try it") {
            let log = || std::fs::read_to_string(data.join(format!("{target}.log"))).unwrap();
            assert!(Instant::now() < patience, "the stack does not come up: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
        stack
    }

    /// Returns the response to the published request, with this port and token.
    fn published(&self, token: &str) -> Value {
        let line = PUBLISHED.replace("3001", &self.port.to_string()).replace("<your_token>", token);
        serde_json::from_str(&shell(&line.replacen("curl", "curl --silent --show-error", 1))).unwrap()
    }

    fn status(&self, options: &str, path: &str) -> String {
        shell(&format!(
            "curl --silent --output /dev/null --write-out '%{{http_code}}' {options} http://localhost:{}{path}",
            self.port
        ))
    }

    /// Asserts that customers can be found by external ids that need escaping in a path.
    ///
    /// Ids that a path cannot contain are found by the query. `of` is a suffix that makes the ids unique to this stack.
    fn assert_escaped_ids_are_found(&self, token: &str, of: &str) {
        let customers = format!("/api/organizations/{}/customers", demo::ACME);
        let ids = [
            "a b", "a+b", "a#b", "100%", "100%25", "ñ", "a;b", "\"q\"", "a%2Fb", "名前", "a&b", "a=b", "...",
            "a/b", "a?b",
        ];
        for id in ids.map(|id| format!("{id}{of}")) {
            let body = serde_json::json!({ "legalName": "Named", "address": { "country": "USA" }, "externalId": id });
            let file = std::env::temp_dir().join(format!("padron-{}.json", self.port));
            std::fs::write(&file, body.to_string()).unwrap();
            let options = format!(
                "-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d @{}",
                file.display()
            );
            assert_eq!(self.status(&options, &customers), "201", "{id}");
            std::fs::remove_file(&file).unwrap();
            let escaped: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let options = format!("-H 'Authorization: Bearer {token}'");
            let expected = if id.contains(['/', '?']) { "404" } else { "200" };
            assert_eq!(self.status(&options, &format!("{customers}/external/{escaped}")), expected, "{id}");
            let listed = shell(&format!(
                "curl --silent {options} 'http://localhost:{}{customers}?externalId={escaped}'",
                self.port
            ));
            let listed: Value = serde_json::from_str(&listed).unwrap();
            assert_eq!((listed.as_array().unwrap().len(), &listed[0]["externalId"]), (1, &Value::from(id)));
        }
        // `HEAD` has the status of the corresponding `GET`.
        let authorized = format!("--head -H 'Authorization: Bearer {token}'");
        assert_eq!(self.status("--head", "/api/health"), "200");
        assert_eq!(self.status(&authorized, &customers), "200");
        assert_eq!(self.status("--head", &customers), "401");
    }

    /// Runs the `curl` commands of a page as they are published, with this port and the stack's data, and returns their statuses.
    fn statuses_of_page(&self, data: &Path, page: &str) -> Vec<String> {
        let page = std::fs::read_to_string(root().join(page)).unwrap();
        let blocks = page.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
        let mut statuses = Vec::new();
        for block in blocks.filter(|block| block.contains("curl")) {
            // Commands of `make` at the beginning of a line have tests of their own.
            let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with("make")).collect();
            let script = lines.join("\n").replace("3001", &self.port.to_string()).replace(
                "curl ",
                "curl --silent --show-error --output /dev/null --write-out '%{http_code}\\n' ",
            );
            let mut shell = without_cargo_variables(Command::new("sh"));
            shell.current_dir(root()).env("DATA", data).arg("-c").arg(script);
            shell.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").env_remove("MFLAGS");
            statuses.extend(printed(shell).lines().map(ToOwned::to_owned));
        }
        statuses
    }

    /// Sends SIGTERM to `make`, as a terminal or a supervisor does, and waits until all processes have ended.
    fn stop(self) {
        self.signal("TERM", self.make.id());
        self.wait_until_ended();
    }

    /// Kills the program that `make` runs, so that it cannot clean up itself.
    fn kill(self) {
        let program = shell(&format!("pgrep -P {}", self.make.id()));
        self.signal("KILL", program.trim().parse().unwrap());
        self.wait_until_ended();
    }

    fn signal(&self, signal: &str, process: u32) {
        shell(&format!("kill -{signal} {process}"));
    }

    fn wait_until_ended(&self) {
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpListener::bind(("127.0.0.1", self.port)).is_err() || !self.left_behind().is_empty() {
            assert!(Instant::now() < patience, "still there: {}", self.left_behind());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Returns the running processes of this stack. They have its port, or the address of its runtime API, in their arguments or
    /// environment.
    fn left_behind(&self) -> String {
        let mut left = String::new();
        let Ok(processes) = std::fs::read_dir("/proc") else { return left };
        for process in processes.flatten() {
            let read = |file: &str| std::fs::read(process.path().join(file)).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let environment = String::from_utf8_lossy(&read("environ")).replace('\0', " ");
            let ours = environment
                .contains(&format!("AWS_LAMBDA_RUNTIME_API=http://127.0.0.1:{}", self.port))
                || arguments.contains(&format!("--invoke-port {}", self.port))
                || arguments.contains(&format!("--port {}", self.port));
            if ours && !arguments.is_empty() {
                left.push_str(&format!("{:?} {arguments}\n", process.file_name()));
            }
        }
        left
    }
}

/// Ends the stack if the test fails.
impl Drop for Stack {
    fn drop(&mut self) {
        _ = Command::new("kill").arg(self.make.id().to_string()).stderr(Stdio::null()).status();
        _ = self.make.wait();
    }
}

#[test]
fn the_published_curl_line_works_against_the_lambda_binaries() {
    let data = TempDir::new().unwrap();
    let stack = Stack::start(data.path(), "run", &[]);
    let owner = token(data.path(), &[]);
    let organization = stack.published(&owner);
    assert_eq!(organization["name"], "Acme Corp");
    assert_eq!(organization["ownerId"], demo::OWNER);
    assert_eq!(organization["is_production_ready"], true);
    let path = format!("/api/organizations/{}", demo::ACME);
    assert_eq!(stack.status("", "/api/health"), "200");
    assert_eq!(stack.status("", &path), "401");
    let stranger = token(data.path(), &[&format!("USER={}", demo::STRANGER)]);
    assert_eq!(stack.status(&format!("-H 'Authorization: Bearer {stranger}'"), &path), "403");
    let member = token(
        data.path(),
        &[&format!("USER={}", demo::MEMBER), "EMAIL=maria@acme.example", "NAME=María Peña"],
    );
    assert_eq!(stack.status(&format!("-H 'Authorization: Bearer {member}'"), &path), "200");
    let expired = token(data.path(), &["TTL=-100"]);
    assert_eq!(stack.status(&format!("-H 'Authorization: Bearer {expired}'"), &path), "401");
    assert!(!stack.left_behind().is_empty(), "the check for left-overs sees something");

    let log = std::fs::read_to_string(data.path().join("run.log")).unwrap();
    assert!(log.contains(r#""function":"get-organization","status":200"#), "{log}");
    for secret in [&owner[..20], "maria@", "María", demo::MEMBER] {
        assert!(!log.contains(secret), "{secret}");
    }
    for (path, options) in [
        (format!("{path}/customers"), ""),
        ("/api/v2/customers".to_owned(), ""),
        (
            format!("/api/organization/getCustomers/{}", demo::ACME),
            "-H 'tenantId: 550e8400-e29b-41d4-a716-446655440000' -H 'token: TOKEN'",
        ),
    ] {
        let options = format!("-H 'Authorization: Bearer {owner}' {}", options.replace("TOKEN", &owner));
        assert_eq!(stack.status(&options, &path), "200", "{path}");
    }
    stack.assert_escaped_ids_are_found(&owner, "");
    for file in std::fs::read_dir(data.path()).unwrap().map(Result::unwrap) {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        // The test itself creates the log files.
        let is_private = mode == 0o600 || file.file_name().to_string_lossy().ends_with(".log");
        assert!(is_private, "{:?} is {mode:o}", file.file_name());
    }
    let organization = format!("http://localhost:{}{path}", stack.port);
    let put = format!(
        "curl --silent --show-error -X PUT -H 'Authorization: Bearer {owner}' -H 'Content-Type: application/json' \
         -d '{{\"name\": \"Acme Anew\"}}' {organization}"
    );
    assert_eq!(serde_json::from_str::<Value>(&shell(&put)).unwrap()["name"], "Acme Anew");
    let plan = |plan: &str| {
        let variables = [format!("ORG={}", demo::ACME), format!("PLAN={plan}"), "SEATS=7".into()];
        printed(make(data.path(), "plan", &variables))
    };
    let said = plan("enterprise");
    assert!(said.contains("Acme Anew") && said.contains("plan enterprise and up to 7 members"), "{said}");
    assert_eq!(stack.published(&owner)["plan"], "enterprise", "while the stack runs");
    stack.stop();
    plan("free");

    // Data and key persist: the old token still opens the organization, which is now served by one process.
    let stack = Stack::start(data.path(), "serve", &[]);
    let left = stack.published(&owner);
    assert_eq!(left["name"], "Acme Anew");
    assert_eq!(left["plan"], "free", "set while nothing ran");
    let wanted = format!(
        "seq 32 | xargs -P 32 -I @ curl --silent --output /dev/null --write-out '%{{http_code}} ' -X POST \
         -H 'Authorization: Bearer {owner}' -H 'Content-Type: application/json' \
         -d '{{\"name\": \"Wanted @\", \"slug\": \"wanted\"}}' http://localhost:{}/api/organizations",
        stack.port
    );
    let statuses = shell(&wanted);
    let count = |status: &str| statuses.split_whitespace().filter(|one| *one == status).count();
    assert_eq!((count("201"), count("409")), (1, 31), "{statuses}");
    stack.assert_escaped_ids_are_found(&owner, " again");
    assert_eq!(
        stack.statuses_of_page(data.path(), "README.md"),
        ["200", "200", "200", "200", "201", "200", "200", "201", "200"],
        "the commands of the README, in their order"
    );
    assert_eq!(stack.statuses_of_page(data.path(), "docs/demo.md"), ["403", "200", "200", "200", "200"]);
    assert_eq!(stack.statuses_of_page(data.path(), "docs/webhooks.md"), ["201"]);
    let pages = stack.statuses_of_page(data.path(), "docs/api-keys.md");
    assert_eq!(pages, ["201", "200", "200", "202", "200"]);
    let key = printed(make(data.path(), "key", &["SCOPES=read:organization".into(), "ROLE=admin".into()]));
    assert_eq!(key.trim_end_matches('\n').lines().count(), 1, "the key and nothing else");
    let use_key = |header: &str| stack.status(&format!("-H '{header}{}'", key.trim()), &path);
    assert_eq!((use_key("X-API-Key: "), use_key("Authorization: Bearer ")), ("200".into(), "200".into()));
    let said = printed(make(data.path(), "reseal", &[]));
    assert!(said.contains("0 of them encrypted anew"), "{said}");
    assert_eq!(stack.status("", "/api/nothing"), "404");
    assert_eq!(stack.status("-X POST", "/api/health"), "405");
    assert_eq!(stack.status(&format!("-H 'Authorization: Bearer {owner}'"), "/api/organizations/%FF"), "400");
    stack.stop();

    // `FRESH=1` starts with new data. No process is left even if the program is killed.
    let stack = Stack::start(data.path(), "run", &["FRESH=1"]);
    assert_eq!(stack.published(&owner)["name"], "Acme Corp");
    stack.kill();
}

#[test]
fn a_port_in_use_is_said_before_anything_is_built() {
    let data = TempDir::new().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for target in ["run", "serve"] {
        let output = make(data.path(), target, &[format!("PORT={port}")]).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("Port {port} is in use")) && said.contains("PORT="), "{said}");
    }
}

#[test]
fn a_token_for_no_one_says_what_a_user_is() {
    let data = TempDir::new().unwrap();
    let output = make(data.path(), "token", &["USER=olivia".into()]).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("USER must be a UUID"));
}
