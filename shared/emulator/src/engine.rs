//! The embedded DynamoDB: dynoxide (DynamoDB's API on SQLite), which listens on a socket so that the AWS SDK can be
//! used.

use std::{fmt, net::SocketAddr, path::Path, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::ProvideErrorMetadata,
    types::{StreamSpecification, StreamViewType},
};
use dynoxide::{Database, server};
use padron_store::{Connection, Credentials, TrustedRoots};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{stream::StreamReader, template::Template};

/// The time for which a deletion waits for the engine.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A running engine. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    /// The engine's tables; `None` if the engine was started by someone else.
    database: Option<Tables>,
    stop: Option<oneshot::Sender<()>>,
    /// The task that serves requests; `None` if the engine was started by someone else.
    serving: Option<JoinHandle<()>>,
}

/// The tables of an engine.
struct Tables(Database);

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tables")
    }
}

/// The storage of an engine's tables.
#[derive(Clone, Copy, Debug)]
pub enum Storage<'a> {
    /// Memory. The tables are lost when the engine stops.
    Memory,
    /// A file, which is created if it does not exist.
    File(&'a Path),
}

impl Engine {
    /// Starts an engine on a free port of the loopback interface.
    pub async fn start(storage: Storage<'_>) -> Result<Self, String> {
        let database = match storage {
            Storage::Memory => Database::memory(),
            Storage::File(path) => Database::new(&path.to_string_lossy()),
        };
        let database = database.map_err(|error| format!("the database could not be opened: {error}"))?;
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| format!("no free port: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (stop, stopped) = oneshot::channel::<()>();
        let tables = Tables(database.clone());
        let serving = tokio::spawn(async move {
            let served = server::serve_with_shutdown(listener, database, async { _ = stopped.await }).await;
            if let Err(error) = served {
                eprintln!("The embedded database stopped: {error}");
            }
        });
        Ok(Self { address, database: Some(tables), stop: Some(stop), serving: Some(serving) })
    }

    /// Returns an engine that is already running, such as Amazon's DynamoDB Local.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, database: None, stop: None, serving: None }
    }

    /// Returns whether this process has started the engine.
    pub fn is_embedded(&self) -> bool {
        self.database.is_some()
    }

    /// Copies all tables to a new file.
    pub fn save(&self, file: &Path) -> Result<(), String> {
        let Tables(database) = self.database.as_ref().ok_or("the engine was started by someone else")?;
        database.vacuum_into(&file.to_string_lossy()).map_err(|error| error.to_string())
    }

    /// Replaces all tables by those of a saved file.
    pub fn restore(&self, file: &Path) -> Result<(), String> {
        let Tables(database) = self.database.as_ref().ok_or("the engine was started by someone else")?;
        database.restore_from(&file.to_string_lossy()).map_err(|error| error.to_string())
    }

    /// Returns the address that the engine listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the connection to a table of this engine.
    pub fn connection(&self, table: &str) -> Connection {
        connection(self.address, table)
    }

    /// Creates the template's table with this name, if it does not exist.
    pub async fn ensure_table(&self, template: &Template, table: &str) -> Result<(), String> {
        let client = client(&self.connection(table));
        match client.describe_table().table_name(table).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                template.create_table(&client, table).await
            }
            Err(error) => Err(format!("the database does not answer: {:?}", error.code())),
        }
    }

    /// Opens the stream of a table, as an event source of the template reads it, given its logical id. Enables the stream if it is not enabled.
    pub async fn stream(
        &self,
        template: &Template,
        table: &str,
        event_source: &str,
    ) -> Result<StreamReader, String> {
        let Tables(database) = self.database.as_ref().ok_or("the engine was started by someone else")?;
        let client = client(&self.connection(table));
        let described = client.describe_table().table_name(table).send().await;
        let described =
            described.map_err(|error| format!("the database does not answer: {:?}", error.code()))?;
        if described.table.is_none_or(|table| table.latest_stream_arn.is_none()) {
            let specification = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::from(template.stream_view_type()?))
                .build()
                .map_err(|error| error.to_string())?;
            let update = client.update_table().table_name(table).stream_specification(specification).send();
            update.await.map_err(|error| format!("the stream was not enabled: {:?}", error.code()))?;
        }
        let path = database.db_path().map_err(|error| error.to_string())?.filter(|path| !path.is_empty());
        let file = path.map(|path| {
            let file = rusqlite::Connection::open(path)?;
            file.busy_timeout(BUSY_TIMEOUT)?;
            Ok(file)
        });
        let file = file.transpose().map_err(|error: rusqlite::Error| error.to_string())?;
        StreamReader::open(database.clone(), table, template.event_source(event_source)?, file)
    }

    /// Stops the engine after the requests in progress.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            _ = serving.await;
        }
    }
}

/// Returns the connection to a table of an engine, or of a proxy in front of it.
pub fn connection(address: SocketAddr, table: &str) -> Connection {
    Connection {
        table: table.into(),
        region: "us-east-1".into(),
        endpoint: Some(format!("http://{address}")),
        roots: TrustedRoots::Amazon,
        // The engine requires a signature, and accepts any.
        credentials: Credentials {
            access_key_id: "local".into(),
            secret_access_key: "local".into(),
            session_token: None,
        },
    }
}

/// Creates a client with all actions, for creating and inspecting tables.
pub fn client(connection: &Connection) -> Client {
    let Credentials { access_key_id, secret_access_key, session_token } = connection.credentials.clone();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new(connection.region.clone()))
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "emulator",
        ))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    config.set_endpoint_url(connection.endpoint.clone());
    Client::from_conf(config.build())
}
