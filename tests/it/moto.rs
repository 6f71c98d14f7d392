//! Moto's server, an implementation of AWS that is not this project's own.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use padron_store::{Connection, Credentials, TrustedRoots};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{commands::free_port, support::root};

/// Moto's server, which ends with the test.
pub(crate) struct Moto {
    server: Child,
    /// The connection to it.
    pub(crate) connection: Connection,
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Moto {
    /// Starts the server.
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let server = Command::new(root().join(".tools/moto/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto's server: `make test` installs it");
        let connection = Connection {
            table: String::new(),
            region: "us-east-1".into(),
            endpoint: Some(format!("http://127.0.0.1:{port}")),
            roots: TrustedRoots::System,
            credentials: Credentials {
                access_key_id: "test".into(),
                secret_access_key: "test".into(),
                session_token: None,
            },
        };
        let moto = Self { server, connection };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < deadline, "moto's server did not start within a minute");
            sleep(Duration::from_millis(50)).await;
        }
        moto
    }
}
