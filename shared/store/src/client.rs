//! The SDK client, built by hand from the Lambda environment: no profile is parsed, no metadata service is asked.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{
        self, BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

/// Where the table is and how to reach it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Name of the table.
    pub table: String,
    /// AWS region.
    pub region: String,
    /// Another address than the region's own: a local engine, a VPC endpoint.
    pub endpoint: Option<String>,
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// What requests are signed with.
    pub credentials: Credentials,
}

/// Whose certificates are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Amazon Trust Services alone, from this binary: DynamoDB's endpoints have no others, and reading the system's store
    /// takes longer than all the rest of a start.
    Amazon,
    /// The system's store: for an endpoint of one's own.
    System,
}

/// Amazon Root CA 1 to 4 and Starfield Services Root G2, as <https://www.amazontrust.com/repository/> publishes them.
pub const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// What requests are signed with. A Lambda environment keeps one set for its whole life, shorter than they are valid.
#[derive(Clone)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token, always there in Lambda.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The first pause between two attempts, at most: what AWS's own clients of DynamoDB wait, where the SDK's general default is a
/// second. A connection that went stale while the function was frozen is noticed at the first attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// How long an idle connection is kept: shorter than the other side keeps it.
const MAX_IDLE_TIME: Duration = Duration::from_secs(20);
/// How long one attempt may take: a healthy answer takes milliseconds, and a request has time for three attempts.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;

/// `None`: the default, which is the system's store.
fn tls_context(roots: Roots) -> Option<TlsContext> {
    match roots {
        Roots::Amazon => {
            let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
            TlsContext::builder().with_trust_store(store).build().ok()
        }
        Roots::System => None,
    }
}

pub(crate) fn connect(connection: &Connection) -> Client {
    let builder = Builder::new().pool_idle_timeout(MAX_IDLE_TIME);
    let http = if connection.endpoint.as_ref().is_some_and(|url| url.starts_with("http://")) {
        builder.build_http()
    } else {
        let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
        match tls_context(connection.roots) {
            Some(context) => builder.tls_context(context).build_https(),
            None => builder.build_https(),
        }
    };
    let Credentials { access_key_id, secret_access_key, session_token } = connection.credentials.clone();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(connection.region.clone()))
        .credentials_provider(config::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "environment",
        ))
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        // Answers are small and read whole: the attempt's timeout is enough.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &connection.endpoint {
        config = config.endpoint_url(endpoint);
    }
    Client::from_conf(config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pause_is_that_of_dynamodb_s_own_clients() {
        let connection = Connection {
            table: "padron".into(),
            region: "us-east-1".into(),
            endpoint: None,
            roots: Roots::Amazon,
            credentials: Credentials {
                access_key_id: "id".into(),
                secret_access_key: "secret".into(),
                session_token: None,
            },
        };
        let client = connect(&connection);
        let retries = client.config().retry_config().unwrap();
        assert_eq!((retries.initial_backoff(), retries.max_attempts()), (Duration::from_millis(25), 3));
    }
}
