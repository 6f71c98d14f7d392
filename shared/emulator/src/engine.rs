//! The embedded DynamoDB: dynoxide (DynamoDB's API on SQLite) behind a real socket, so that the real SDK talks to it.

use std::{net::SocketAddr, path::Path};

use aws_sdk_dynamodb::{Client, error::ProvideErrorMetadata};
use dynoxide::{Database, server};
use padron_store::{Connection, Credentials, Roots};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::template::Template;

/// A running engine. Dropping it stops it.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    /// `None`: it is not ours.
    serving: Option<JoinHandle<()>>,
}

/// Where the engine keeps its tables.
#[derive(Clone, Copy, Debug)]
pub enum Storage<'a> {
    /// In memory: gone with the engine.
    Memory,
    /// In a file, made if there is none.
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
        let serving = tokio::spawn(async move {
            let served = server::serve_with_shutdown(listener, database, async { _ = stopped.await }).await;
            if let Err(error) = served {
                eprintln!("The embedded database stopped: {error}");
            }
        });
        Ok(Self { address, stop: Some(stop), serving: Some(serving) })
    }

    /// One that runs already, such as Amazon's DynamoDB Local.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, stop: None, serving: None }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How functions reach a table of it.
    pub fn connection(&self, table: &str) -> Connection {
        connection(self.address, table)
    }

    /// Makes the template's table under that name, unless it is there.
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

    /// Stops it once what it works on is done.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            _ = serving.await;
        }
    }
}

/// How functions reach a table of the engine, or of a proxy before it.
pub fn connection(address: SocketAddr, table: &str) -> Connection {
    Connection {
        table: table.into(),
        region: "us-east-1".into(),
        endpoint: Some(format!("http://{address}")),
        roots: Roots::Amazon,
        // The engine wants a signature, not a particular one.
        credentials: Credentials {
            access_key_id: "local".into(),
            secret_access_key: "local".into(),
            session_token: None,
        },
    }
}

/// A client that can do anything: makes tables, looks into them.
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
