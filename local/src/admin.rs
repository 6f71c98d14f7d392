//! Commands that change organizations through the store. No route of the API leads to them.

use std::{net::SocketAddr, time::Duration};

use padron_domain::{Actor, Clock, Event, EventData, OrganizationId, Plan, Seats};
use padron_emulator::{
    Engine,
    engine::{Storage, connection},
};
use padron_store::{Connection, Credentials, Store, TransactionError, TrustedRoots};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    data_dir::{DataDir, TABLE},
    demo::generate,
    error::explain,
};

/// The table that a command uses.
#[derive(Clone, Debug)]
pub enum TableLocation {
    /// The local stack's table, whether or not the stack is running.
    Local(DataDir),
    /// The table of a deployed stack.
    Deployed {
        /// The name of the table: the output `TableName` of the stack.
        table: String,
        /// The region of the table.
        region: String,
    },
}

/// A change of an organization's plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanChange {
    /// The id of the organization.
    pub organization: OrganizationId,
    /// The new plan.
    pub plan: Plan,
    /// The maximum number of members; `None` for the plan's default.
    pub seats: Option<Limit>,
}

/// A maximum number of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most this many members.
    AtMost(u64),
    /// Any number of members.
    Unlimited,
}

impl std::str::FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unlimited" => Ok(Self::Unlimited),
            number => number.parse().map(Self::AtMost).map_err(|_| "a number, or `unlimited`".into()),
        }
    }
}

/// The maximum time of a command's requests to the store.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// The maximum number of attempts if the organization changes at the same time.
const MAX_ATTEMPTS: usize = 5;

/// Sets an organization's plan and its maximum number of members, and returns a message for the operator.
pub async fn set_plan(place: TableLocation, change: PlanChange, clock: &Clock) -> Result<String, String> {
    match place {
        TableLocation::Local(data_dir) => {
            with_store(&data_dir, async |store| apply(store, change, clock).await).await
        }
        TableLocation::Deployed { table, region } => {
            let variable = |name: &str| {
                std::env::var(name).map_err(|_| {
                    format!(
                        "{name} is not set. With the AWS CLI: eval \"$(aws configure export-credentials --format env)\""
                    )
                })
            };
            let connection = Connection {
                table,
                region,
                endpoint: std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok(),
                roots: TrustedRoots::Amazon,
                credentials: Credentials {
                    access_key_id: variable("AWS_ACCESS_KEY_ID")?,
                    secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
                    session_token: std::env::var("AWS_SESSION_TOKEN").ok(),
                },
            };
            apply(&Store::new(&connection), change, clock).await
        }
    }
}

/// Runs `work` with the local stack's table, whether or not the stack is running.
async fn with_store<T>(
    data_dir: &DataDir,
    work: impl AsyncFnOnce(&Store) -> Result<T, String>,
) -> Result<T, String> {
    if let Some(address) = running(data_dir).await {
        return work(&Store::new(&connection(address, TABLE))).await;
    }
    if !data_dir.database().exists() {
        return Err(
            "There is no data yet: run `make run` or `make serve` first, which brings the demo.".into()
        );
    }
    let engine = Engine::start(Storage::File(&data_dir.database())).await?;
    let done = work(&Store::new(&engine.connection(TABLE))).await;
    engine.stop().await;
    done
}

/// Creates generated customers of an organization, and returns a message with their number.
pub async fn add_demo_customers(
    data_dir: &DataDir,
    organization: OrganizationId,
    count: u64,
) -> Result<String, String> {
    with_store(data_dir, async |store| {
        let found = store.until(Instant::now() + TIME_LIMIT).organization(organization).await;
        let found = found.map_err(|error| explain(&error))?;
        let name = found.filter(|found| found.deleted_at.is_none()).map(|found| found.name);
        let name =
            name.ok_or_else(|| format!("There is no organization {organization}, or it is deleted."))?;
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}")
            .map_err(|error| error.to_string())?;
        let bar = ProgressBar::new(count).with_style(style).with_message(format!("Customers of {name}"));
        generate::write(store, &generate::maker(organization, count), |written| bar.set_position(written))
            .await?;
        bar.finish();
        let count = store.until(Instant::now() + TIME_LIMIT).customer_count(organization).await;
        let count = count.map_err(|error| explain(&error))?;
        Ok(format!("{name} ({organization}) has {count} customers."))
    })
    .await
}

/// Returns the address of the local stack's database; `None` if the stack is not running. Two processes must not open the database at once.
async fn running(data_dir: &DataDir) -> Option<SocketAddr> {
    let address = data_dir.database_address()?;
    let connected = timeout(Duration::from_secs(2), TcpStream::connect(address)).await;
    connected.is_ok_and(|connected| connected.is_ok()).then_some(address)
}

/// Applies a change to the store's table, and returns a message for the operator.
pub async fn apply(store: &Store, change: PlanChange, clock: &Clock) -> Result<String, String> {
    let store = store.until(Instant::now() + TIME_LIMIT);
    let PlanChange { organization: id, plan, seats } = change;
    let seats = match seats {
        Some(Limit::AtMost(seats)) => Some(seats),
        Some(Limit::Unlimited) => None,
        None => Seats::default().of(plan),
    };
    for _ in 0..MAX_ATTEMPTS {
        let found = store.organization(id).await.map_err(|error| explain(&error))?;
        let found = found.filter(|organization| organization.deleted_at.is_none());
        let mut organization =
            found.ok_or_else(|| format!("There is no organization {id}, or it is deleted."))?;
        let now = clock.now();
        organization.plan = plan;
        organization.mark_updated(now);
        let what = EventData::OrganizationPlanUpdated { plan, seats };
        let event = Event::new(id, Actor::Operator, now, what).at_or_after(organization.updated_at);
        let change = store.set_plan(&organization, seats, &event).map_err(|error| explain(&error))?;
        match change.commit().await {
            Ok(()) => {
                let seats = seats.map_or("any number of".to_owned(), |seats| format!("up to {seats}"));
                return Ok(format!(
                    "{} ({id}) has the plan {} and {seats} members.",
                    organization.name,
                    plan.name()
                ));
            }
            Err(TransactionError::Failed(error)) => return Err(explain(&error)),
            Err(TransactionError::Refused(_) | TransactionError::Outdated) => {}
        }
    }
    Err(format!("Organization {id} keeps changing. Try again."))
}
