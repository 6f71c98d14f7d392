//! Commands that change organizations through the store. No route of the API leads to them.

use std::{net::SocketAddr, time::Duration};

use padron_auth::PresentedKey;
use padron_domain::{
    Actor, ApiKey, ApiKeyId, Authority, Clock, Error, Event, EventData, KeyOwner, OrganizationId, Plan, Role,
    Scopes, Seats,
};
use padron_emulator::{
    Engine,
    engine::{Storage, connection},
};
use padron_store::{Connection, Credentials, Secrets, Store, StoredApiKey, TransactionError, TrustedRoots};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    data_dir::{DataDir, KEY_BRAND, ROOT_SECRET, TABLE},
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
            apply(&Store::new(&deployed(table, region)?), change, clock).await
        }
    }
}

/// Withdraws a key that signs access tokens, and returns a message for the operator.
///
/// No token that the key has signed works a minute later. If it is the key that signs at present, the next one takes over.
pub async fn withdraw_signing_key(place: TableLocation, kid: &str, clock: &Clock) -> Result<String, String> {
    match place {
        TableLocation::Local(data_dir) => {
            with_store(&data_dir, async |store| withdraw_key(store, kid, clock).await).await
        }
        TableLocation::Deployed { table, region } => {
            withdraw_key(&Store::new(&deployed(table, region)?), kid, clock).await
        }
    }
}

/// Withdraws a key of a table, as [`withdraw_signing_key`] does.
pub async fn withdraw_key(store: &Store, kid: &str, clock: &Clock) -> Result<String, String> {
    let store = store.until(Instant::now() + TIME_LIMIT);
    for _ in 0..MAX_ATTEMPTS {
        let mut keys = store.signing_keys().await.map_err(|error| explain(&error))?.next_version();
        let kids: Vec<String> = keys.keys.iter().map(|key| key.kid.clone()).collect();
        if !keys.withdraw(kid, clock.now()) {
            return Err(format!("There is no key {kid}. The keys are: {}.", kids.join(", ")));
        }
        let removed = [kid.to_owned()];
        if store.replace_signing_keys(&keys, &[], &removed).await.map_err(|error| explain(&error))? {
            let signer = keys.signer(clock.now()).map(|key| key.kid.clone());
            let signer = signer.unwrap_or_else(|| "none until rotate-signing-keys has run".into());
            return Ok(format!(
                "The key {kid} is withdrawn. Its tokens stop working within a minute. The key that signs now: {signer}."
            ));
        }
    }
    Err("The keys have changed at the same time. Nothing was written; try again.".into())
}

/// Encrypts the secrets of all API keys, webhooks, OAuth apps and grants of a table with the current root secret, as [`reseal`] does.
///
/// The secrets of a deployed stack are those of the environment, `ROOT_SECRET` and `ROOT_SECRET_PREVIOUS`.
pub async fn reseal_at(place: TableLocation) -> Result<String, String> {
    match place {
        TableLocation::Local(data_dir) => {
            let secrets =
                Secrets::new(ROOT_SECRET.as_bytes(), None).ok_or("The root secret is too short.")?;
            with_store(&data_dir, async |store| reseal(store, &secrets).await).await
        }
        TableLocation::Deployed { table, region } => {
            let [current, previous] =
                ["ROOT_SECRET", "ROOT_SECRET_PREVIOUS"].map(|name| std::env::var(name).ok());
            let current = current.ok_or("ROOT_SECRET is not set. It is the new root secret.")?;
            let previous = previous.filter(|previous| !previous.is_empty());
            let secrets = Secrets::new(current.as_bytes(), previous.as_ref().map(String::as_bytes));
            let secrets = secrets.ok_or("A root secret has at least 32 characters.")?;
            reseal(&Store::new(&deployed(table, region)?), &secrets).await
        }
    }
}

/// Returns the connection to the table of a deployed stack. The credentials are those of the environment.
fn deployed(table: String, region: String) -> Result<Connection, String> {
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| {
            format!(
                "{name} is not set. With the AWS CLI: eval \"$(aws configure export-credentials --format env)\""
            )
        })
    };
    Ok(Connection {
        table,
        region,
        endpoint: std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok(),
        roots: TrustedRoots::Amazon,
        credentials: Credentials {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
            session_token: std::env::var("AWS_SESSION_TOKEN").ok(),
        },
    })
}

/// Encrypts the secrets of a table with the current root secret, and returns a message for the operator.
///
/// # Errors
///
/// Fails if a key can be decrypted with neither the current nor the previous root secret.
pub async fn reseal(store: &Store, secrets: &Secrets) -> Result<String, String> {
    let (mut records, mut resealed, mut unreadable, mut after) = (0, 0, 0, None);
    loop {
        let store = store.until(Instant::now() + TIME_LIMIT);
        let page = store.reseal(secrets, after).await.map_err(|error| explain(&error))?;
        records += page.records;
        resealed += page.resealed;
        unreadable += page.unreadable;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if unreadable > 0 {
        return Err(format!(
            "{unreadable} of {records} secrets were encrypted with neither ROOT_SECRET nor ROOT_SECRET_PREVIOUS. \
             Do not drop a root secret before this is solved: these API keys, webhooks, OAuth apps and grants would stop working."
        ));
    }
    Ok(format!(
        "{records} secrets of API keys, webhooks, OAuth apps and grants, {resealed} of them encrypted anew. The previous root secret can be dropped."
    ))
}

/// An API key for the local stack.
#[derive(Clone, Copy, Debug)]
pub struct LocalKey {
    /// The id of the organization.
    pub organization: OrganizationId,
    /// The scopes, or the default ones if there are none.
    pub scopes: Scopes,
    /// The role: member or admin.
    pub role: Role,
}

/// Returns the text of an API key for the local stack. The organization owns the key.
///
/// The same key is returned again as long as it works, because an organization has at most fifty.
pub async fn make_key(data_dir: &DataDir, key: LocalKey, clock: &Clock) -> Result<String, String> {
    with_store(data_dir, async |store| {
        let LocalKey { organization, scopes, role } = key;
        let name = format!("{organization} {role} {scopes}");
        if let Some(text) = data_dir.api_key(&name)
            && is_active(store, &text, clock).await?
        {
            return Ok(text);
        }
        let text = make_key_in(store, key, clock).await?;
        data_dir.keep_api_key(&name, &text)?;
        Ok(text)
    })
    .await
}

/// Returns whether the text is that of an API key that works.
async fn is_active(store: &Store, text: &str, clock: &Clock) -> Result<bool, String> {
    let Some(PresentedKey { organization, id, .. }) = PresentedKey::parse(text, KEY_BRAND) else {
        return Ok(false);
    };
    let store = store.until(Instant::now() + TIME_LIMIT);
    let found = store.registered_api_key(organization, id).await.map_err(|error| explain(&error))?;
    Ok(found.0.is_some_and(|stored| stored.key.is_active(clock.now())))
}

/// Creates an API key in the store's table, whose root secret is that of the local stack, and returns its text.
pub async fn make_key_in(store: &Store, key: LocalKey, clock: &Clock) -> Result<String, String> {
    let LocalKey { organization, scopes, role } = key;
    let store = store.until(Instant::now() + TIME_LIMIT);
    let found = store.organization(organization).await.map_err(|error| explain(&error))?;
    let found = found.filter(|found| found.deleted_at.is_none());
    let owner = found.map(|found| found.owner);
    let owner = owner.ok_or_else(|| format!("There is no organization {organization}, or it is deleted."))?;
    let owner = store.membership(organization, owner).await.map_err(|error| explain(&error))?;
    let owner = owner.ok_or("The organization's owner is changing. Try again.")?;
    let now = clock.now();
    let made = || -> Result<_, Error> {
        let presented = PresentedKey::generate(organization, ApiKeyId::at(now))?;
        let text = presented.text(KEY_BRAND);
        let defaults = ApiKey::new(presented.id, organization, owner.user, &text, now);
        let key = ApiKey {
            name: "Made by make key".into(),
            scopes: if scopes.is_empty() { defaults.scopes } else { scopes },
            role,
            owned_by: KeyOwner::Organization,
            ..defaults
        };
        let secrets = Secrets::new(ROOT_SECRET.as_bytes(), None)
            .ok_or_else(|| Error::internal("the root secret is too short"))?;
        Ok((StoredApiKey::new(key, presented.secret_hash().as_ref(), &secrets)?, text))
    };
    let (stored, text) = made().map_err(|error| explain(&error))?;
    let registry = store.api_key_registry(organization).await.map_err(|error| explain(&error))?;
    let mut registry = registry.next_version();
    registry.add(&stored.key, now).map_err(|failure| failure.message().to_owned())?;
    let created = EventData::ApiKeyCreated { key_id: stored.key.id, scopes: stored.key.scopes, role };
    let event = Event::new(organization, Actor::Operator, now, created);
    let change = store.create_api_key(&stored, &registry, &Authority::Membership(owner), &event);
    match change.map_err(|error| explain(&error))?.commit().await {
        Ok(()) => Ok(text),
        Err(TransactionError::Failed(error)) => Err(explain(&error)),
        Err(TransactionError::Refused(_) | TransactionError::Outdated) => {
            Err("The organization's keys are changing. Try again.".into())
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
        generate::write(store, &generate::creator(organization, count), |written| bar.set_position(written))
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
