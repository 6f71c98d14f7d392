//! The program `padron`, behind `make run`, `make serve`, `make listen`, `make token`, `make key`, `make plan`, `make demo-customers`,
//! `make demo-certificate`, `make import` and `make wire`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use padron_domain::{ApiKey, CertificateKind, Clock, OrganizationId, Plan, Role, Scope, Scopes, UserId};
use padron_http::BASE_PATH;
use padron_local::{
    admin::{self, Limit, LocalKey, PlanChange, TableLocation},
    data_dir::DataDir,
    declared,
    demo::{
        self,
        certificate::{self, CertificateSpec},
    },
    import::{self, Import, Map},
    listen, processes, run, serve, wire,
};
use serde_json::json;

/// Padrón on one machine.
#[derive(Parser)]
#[command(name = "padron")]
struct Cli {
    /// The folder of the repository.
    #[arg(long, global = true, default_value = ".")]
    root: PathBuf,
    /// The folder of the local stack's database and of its issuer's key.
    #[arg(long, global = true, default_value = ".local")]
    data: PathBuf,
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Runs the functions as Lambda binaries under `cargo lambda watch`.
    Run(Listen),
    /// Serves the same API from one process.
    Serve(Listen),
    /// Receives webhooks, verifies the messages and prints them.
    Listen {
        /// The port of the receiver, on 127.0.0.1.
        #[arg(long, default_value_t = 4000)]
        port: u16,
        /// The secret to verify messages with. Defaults to those of the local stack's webhooks.
        #[arg(long)]
        secret: Option<String>,
    },
    /// Prints an access token for the local stack, and nothing else.
    Token {
        /// The UUID of the user.
        #[arg(long, default_value = demo::OWNER)]
        user: String,
        /// The verified e-mail address of the user.
        #[arg(long)]
        email: Option<String>,
        /// The name of the user.
        #[arg(long)]
        name: Option<String>,
        /// The lifetime of the token, in seconds.
        #[arg(long, default_value_t = 8 * 60 * 60, allow_negative_numbers = true)]
        ttl: i64,
    },
    /// Creates an API key in the local stack, and prints its text and nothing else.
    Key {
        /// The UUID of the organization.
        #[arg(long, default_value = demo::ACME)]
        org: String,
        /// The scopes, separated by commas or spaces. Defaults to those of a key that is created without any.
        #[arg(long, default_value = "")]
        scopes: String,
        /// The role: `member` or `admin`.
        #[arg(long, default_value = "member")]
        role: String,
    },
    /// Runs a task of an operator, who may write to the table.
    #[command(subcommand)]
    Admin(Admin),
    /// Creates generated customers in the local stack.
    DemoCustomers {
        /// The UUID of the organization.
        organization: String,
        /// The number of customers.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        count: u64,
    },
    /// Sends a file with customers to the API, in parts that can be sent again.
    Import {
        /// The file: CSV, NDJSON or JSON.
        file: PathBuf,
        /// The UUID of the organization.
        #[arg(long, default_value = demo::ACME)]
        org: String,
        /// The system that a JSON file comes from: `facturapi`, `spirii` or `timbrix`.
        #[arg(long, default_value = "")]
        map: Map,
        /// `upsert` updates customers that exist and differ; `insert` reports them.
        #[arg(long, default_value = "insert", value_parser = ["insert", "upsert"])]
        mode: String,
        /// Ignores unknown columns of a CSV file.
        #[arg(long)]
        ignore_unknown_columns: bool,
        /// The URL of a deployed API, such as `https://api.example.com/api`. Defaults to the local stack.
        #[arg(long)]
        base: Option<String>,
        /// The port of the local stack.
        #[arg(long, default_value_t = 3001)]
        port: u16,
        /// An access token of an admin. Defaults to one of the demo's owner in the local stack.
        #[arg(long, env = "TOKEN", hide_env_values = true)]
        token: Option<String>,
        /// An API key with the role `admin` and the scope `write:customers`.
        #[arg(long, env = "KEY", hide_env_values = true)]
        key: Option<String>,
    },
    /// Makes the certificates of a company that does not exist, in the form of SAT's, and prints how to upload them.
    DemoCertificate {
        /// The UUID of the organization in the printed command.
        #[arg(long, default_value = "$ID")]
        org: String,
        /// The port of the API in the printed command.
        #[arg(long, default_value_t = 3001)]
        port: u16,
    },
    /// Writes the files that repeat the list of endpoints.
    Wire,
    /// Fails if an endpoint declares an action or a failure that no test has seen.
    #[command(hide = true)]
    Declared {
        /// The file in which the tests list what they have seen.
        seen: PathBuf,
    },
    /// Runs a command, and ends all its remaining processes when standard input closes.
    #[command(hide = true)]
    Supervise {
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

#[derive(Subcommand)]
enum Admin {
    /// Encrypts the secrets of API keys, webhooks and OAuth apps with the current root secret, so that the previous one can be dropped.
    ///
    /// For a deployed stack, the secrets are read from the variables ROOT_SECRET and ROOT_SECRET_PREVIOUS.
    Reseal {
        /// The table of a deployed stack, which is the stack's output `TableName`. Defaults to the local stack's table.
        #[arg(long)]
        table: Option<String>,
        /// The region of the table.
        #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
        region: String,
    },
    /// Withdraws a key that signs access tokens. The tokens that it has signed stop working within a minute.
    WithdrawSigningKey {
        /// The `kid` of the key, as `/oauth/jwks` and the headers of tokens have it.
        kid: String,
        /// The table of a deployed stack, which is the stack's output `TableName`. Defaults to the local stack's table.
        #[arg(long)]
        table: Option<String>,
        /// The region of the table.
        #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
        region: String,
    },
    /// Sets the plan of an organization, and its maximum number of members.
    SetPlan {
        /// The UUID of the organization.
        organization: String,
        /// The plan: `free`, `pro` or `enterprise`.
        plan: String,
        /// The maximum number of members, or `unlimited`. Defaults to the plan's number in the local stack; required with `--table`.
        #[arg(long)]
        seats: Option<Limit>,
        /// The table of a deployed stack, which is the stack's output `TableName`. Defaults to the local stack's table.
        #[arg(long)]
        table: Option<String>,
        /// The region of the table.
        #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
        region: String,
    },
}

#[derive(clap::Args)]
struct Listen {
    /// The port of the API, on 127.0.0.1.
    #[arg(long, default_value_t = 3001)]
    port: u16,
    /// Deletes the data of earlier runs.
    #[arg(long)]
    fresh: bool,
}

fn main() -> ExitCode {
    let Cli { root, data, command } = Cli::parse();
    let options =
        |Listen { port, fresh }| run::Options { root: root.clone(), data_dir: data.clone(), port, fresh };
    let outcome = match command {
        Action::Run(listen) => block_on(run::run(options(listen))),
        Action::Serve(listen) => block_on(serve::serve(options(listen))),
        Action::Listen { port, secret } => {
            DataDir::open(&data).and_then(|data_dir| block_on(listen::listen(data_dir, port, secret)))
        }
        Action::Token { user, email, name, ttl } => {
            token(&data, &user, email, name, ttl).map(|token| println!("{token}"))
        }
        Action::Key { org, scopes, role } => make_key(&data, &org, &scopes, &role),
        Action::Admin(Admin::Reseal { table, region }) => reseal(&data, table, region),
        Action::Admin(Admin::WithdrawSigningKey { kid, table, region }) => {
            withdraw_signing_key(&data, &kid, table, region)
        }
        Action::Admin(Admin::SetPlan { organization, plan, seats, table, region }) => {
            set_plan(&data, &organization, &plan, seats, table, region)
        }
        Action::DemoCustomers { organization, count } => demo_customers(&data, &organization, count),
        Action::Import { file, org, map, mode, ignore_unknown_columns, base, port, token: given, key } => {
            let organization =
                OrganizationId::parse(&org).ok_or("ORG is the UUID of an organization.".to_owned());
            let credential = match (key, given, &base) {
                (Some(key), ..) => Ok(("x-api-key", key)),
                (None, Some(token), _) => Ok(("authorization", format!("Bearer {token}"))),
                (None, None, Some(_)) => {
                    Err("Give TOKEN=, an access token of an admin, or KEY=, an API key.".into())
                }
                (None, None, None) => token(&data, demo::OWNER, None, None, 8 * 60 * 60)
                    .map(|token| ("authorization", format!("Bearer {token}"))),
            };
            organization.and_then(|organization| {
                let import = Import {
                    file,
                    organization,
                    map,
                    updates: mode == "upsert",
                    ignores_unknown: ignore_unknown_columns,
                    base_url: base.unwrap_or_else(|| format!("http://localhost:{port}{BASE_PATH}")),
                    credential: credential?,
                };
                let data_dir = DataDir::open(&data)?;
                block_on(async {
                    println!("{}", import::run(import, &data_dir).await?);
                    Ok(())
                })
            })
        }
        Action::DemoCertificate { org, port } => {
            demo_certificate(&data, &org, port).map(|text| println!("{text}"))
        }
        Action::Wire => wire::write(&root),
        Action::Declared { seen } => match declared::unseen(&seen) {
            Ok(unseen) if unseen.is_empty() => Ok(()),
            Ok(unseen) => Err(unseen.join("\n")),
            Err(message) => Err(message),
        },
        Action::Supervise { command } => return processes::supervise(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work)
}

/// Returns the table of a deployed stack if it is named, and the local stack's table otherwise.
fn table_location(data: &Path, table: Option<String>, region: String) -> Result<TableLocation, String> {
    Ok(match table {
        Some(table) => TableLocation::Deployed { table, region },
        None => TableLocation::Local(DataDir::open(data)?),
    })
}

fn set_plan(
    data: &Path,
    organization: &str,
    plan: &str,
    seats: Option<Limit>,
    table: Option<String>,
    region: String,
) -> Result<(), String> {
    let organization = OrganizationId::parse(organization).ok_or("An organization's id is a UUID.")?;
    let plan = Plan::parse(plan).ok_or("A plan is one of free, pro and enterprise.")?;
    if table.is_some() && seats.is_none() {
        return Err(
            "Say how many members it may have (--seats): what a plan brings is set in the stack.".into()
        );
    }
    let place = table_location(data, table, region)?;
    block_on(async {
        let change = PlanChange { organization, plan, seats };
        println!("{}", admin::set_plan(place, change, &Clock::System).await?);
        Ok(())
    })
}

fn withdraw_signing_key(data: &Path, kid: &str, table: Option<String>, region: String) -> Result<(), String> {
    let place = table_location(data, table, region)?;
    block_on(async {
        println!("{}", admin::withdraw_signing_key(place, kid, &Clock::System).await?);
        Ok(())
    })
}

fn reseal(data: &Path, table: Option<String>, region: String) -> Result<(), String> {
    let place = table_location(data, table, region)?;
    block_on(async {
        println!("{}", admin::reseal_at(place).await?);
        Ok(())
    })
}

fn make_key(data: &Path, organization: &str, scopes: &str, role: &str) -> Result<(), String> {
    let organization = OrganizationId::parse(organization).ok_or("An organization's id is a UUID.")?;
    let parse = |name: &str| match Scope::parse(name) {
        Some(scope) if ApiKey::is_grantable(scope) => Ok(scope),
        Some(_) => Err(format!("The scope {name} cannot be given to an API key.")),
        None => Err(format!("There is no scope {name}.")),
    };
    let names = scopes.split([',', ' ']).filter(|name| !name.is_empty());
    let scopes = names.map(parse).collect::<Result<Scopes, String>>()?;
    let role =
        Role::parse(role).filter(|role| *role < Role::Owner).ok_or("A key's role is member or admin.")?;
    let data_dir = DataDir::open(data)?;
    let key = LocalKey { organization, scopes, role };
    block_on(async {
        println!("{}", admin::make_key(&data_dir, key, &Clock::System).await?);
        Ok(())
    })
}

fn demo_customers(data: &Path, organization: &str, count: u64) -> Result<(), String> {
    let organization = OrganizationId::parse(organization).ok_or("An organization's id is a UUID.")?;
    let data_dir = DataDir::open(data)?;
    block_on(async {
        println!("{}", admin::add_demo_customers(&data_dir, organization, count).await?);
        Ok(())
    })
}

/// Writes the files of both certificates, and returns the commands that upload them.
fn demo_certificate(data: &Path, organization: &str, port: u16) -> Result<String, String> {
    let data_dir = DataDir::open(data)?;
    let write_files = |kind: CertificateKind, resource: &str| {
        let name = kind.name();
        let spec = CertificateSpec::new(kind, Clock::System.now());
        let files = spec.make(&certificate::new_key(), certificate::PASSWORD);
        let public = data_dir.write(&format!("{name}.cer"), &files.certificate)?;
        let private = data_dir.write(&format!("{name}.key"), &files.private_key)?;
        let (public, private, password) = (public.display(), private.display(), certificate::PASSWORD);
        Ok::<_, String>(format!(
            "curl -X PUT \"http://localhost:{port}/api/organizations/{organization}/{resource}\" \\\n  \
             -H \"Authorization: Bearer $(make token)\" \\\n  \
             -F certificate=@{public} -F privateKey=@{private} -F password={password}"
        ))
    };
    let csd = write_files(CertificateKind::Csd, "certificates")?;
    let fiel = write_files(CertificateKind::Fiel, "fiel")?;
    let rfc = certificate::RFC;
    Ok(format!(
        "Two certificates of {rfc}, a company that does not exist. Upload them with:\n\n{csd}\n\n{fiel}"
    ))
}

fn token(
    data: &Path,
    user: &str,
    email: Option<String>,
    name: Option<String>,
    ttl: i64,
) -> Result<String, String> {
    let user =
        UserId::parse(user).ok_or("USER must be a UUID, such as one of the demo's users in the README.")?;
    let issuer = DataDir::open(data)?.issuer()?;
    let mut claims = issuer.claims(&user.to_string(), Clock::System.now().seconds(), ttl);
    if let Some(email) = email {
        claims["email"] = json!(email);
        claims["email_verified"] = json!(true);
    }
    if let Some(name) = name {
        claims["name"] = json!(name);
    }
    Ok(issuer.token(&claims))
}
