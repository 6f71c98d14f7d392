//! What is done to organizations through the store, at the command line: no route leads here.

use std::{net::SocketAddr, time::Duration};

use padron_domain::{Actor, Clock, Event, EventData, OrganizationId, Plan, Seats};
use padron_emulator::{
    Engine,
    engine::{Storage, connection},
};
use padron_store::{Connection, Credentials, Roots, Store, TransactionError};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    data_dir::{DataDir, TABLE},
    demo::generate,
};

/// Where the organization is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the local stack, which may run or not.
    Local(DataDir),
    /// In the table of a deployed stack.
    Deployed {
        /// Its name: the output `TableName` of the stack.
        table: String,
        /// Its region.
        region: String,
    },
}

/// What is to change.
#[derive(Clone, Copy, Debug)]
pub struct PlanChange {
    /// Of which organization.
    pub organization: OrganizationId,
    /// The plan.
    pub plan: Plan,
    /// How many members it may have; `None`: as many as the plan brings.
    pub seats: Option<Limit>,
}

/// A number, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most so many.
    AtMost(u64),
    /// As many as they like.
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

const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How often the change is decided anew when the organization changes meanwhile.
const MAX_RETRIES: usize = 5;

/// Sets an organization's plan and limits, and says what they are.
pub async fn set_plan(place: Place, change: PlanChange, clock: &Clock) -> Result<String, String> {
    match place {
        Place::Local(data_dir) => {
            with_store(&data_dir, async |store| apply(store, change, clock).await).await
        }
        Place::Deployed { table, region } => {
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
                roots: Roots::Amazon,
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

/// Does something with the table of the local stack, be that running or not.
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

/// Makes up customers of an organization, and says what to try with them.
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

pub(crate) fn explain(error: &padron_domain::Error) -> String {
    format!("The table cannot be used: {}.", error.cause().unwrap_or("for no known reason"))
}

/// Where the database of the local stack listens, if the stack runs: two processes do not open it at once.
async fn running(data_dir: &DataDir) -> Option<SocketAddr> {
    let address = data_dir.database_address()?;
    let connected = timeout(Duration::from_secs(2), TcpStream::connect(address)).await;
    connected.is_ok_and(|connected| connected.is_ok()).then_some(address)
}

/// The change itself, on whatever table the store has.
pub async fn apply(store: &Store, change: PlanChange, clock: &Clock) -> Result<String, String> {
    let store = store.until(Instant::now() + TIME_LIMIT);
    let PlanChange { organization: id, plan, seats } = change;
    let seats = match seats {
        Some(Limit::AtMost(seats)) => Some(seats),
        Some(Limit::Unlimited) => None,
        None => Seats::default().of(plan),
    };
    for _ in 0..MAX_RETRIES {
        let found = store.organization(id).await.map_err(|error| explain(&error))?;
        let found = found.filter(|organization| organization.deleted_at.is_none());
        let mut organization =
            found.ok_or_else(|| format!("There is no organization {id}, or it is deleted."))?;
        let now = clock.now();
        organization.plan = plan;
        organization.touch(now);
        let what = EventData::OrganizationPlanUpdated { plan, seats };
        let event = Event::new(id, Actor::Operator, now, what).not_before(organization.updated_at);
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
