//! The clients of the AWS SDK.
//!
//! It is configured from the Lambda environment alone: no profile file is parsed and no metadata service is called.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{
        self, BehaviorVersion, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_types::SdkConfig;

/// The location of the table and the settings of the connection to it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The name of the table.
    pub table: String,
    /// The AWS region.
    pub region: String,
    /// The endpoint URL if it is not the region's own, such as a local engine or a VPC endpoint.
    pub endpoint: Option<String>,
    /// The trusted certificate authorities.
    pub roots: TrustedRoots,
    /// The credentials that requests are signed with.
    pub credentials: Credentials,
}

/// The certificate authorities that a client trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedRoots {
    /// Amazon Trust Services only, from certificates in this binary.
    ///
    /// DynamoDB's endpoints use no others, and reading the system's trust store takes longer than the rest of a cold
    /// start.
    Amazon,
    /// The trust store of the system, for custom endpoints.
    System,
}

/// The certificates of Amazon Root CA 1 to 4 and Starfield Services Root G2 in PEM, as published by
/// <https://www.amazontrust.com/repository/>.
pub const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// The credentials that requests are signed with.
///
/// A Lambda environment keeps the same credentials for its whole life, which is shorter than their validity.
#[derive(Clone)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token. In Lambda it is always present.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The maximum time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The maximum pause before the first retry: the value of AWS's own clients of DynamoDB, where the SDK's general
/// default is a second.
///
/// A connection that went stale while the function was frozen is noticed at the first attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(25);
/// The time after which an idle connection is closed. It is shorter than the server's.
const MAX_IDLE_TIME: Duration = Duration::from_secs(20);
/// The maximum duration of one attempt. A healthy response takes milliseconds, and a request has time for three
/// attempts.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum number of attempts of a request to DynamoDB.
const ATTEMPTS: u32 = 3;

/// Returns the TLS settings for the trusted authorities; `None` for the default, which is the system's trust store.
fn tls_context(roots: TrustedRoots) -> Option<TlsContext> {
    match roots {
        TrustedRoots::Amazon => {
            let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
            TlsContext::builder().with_trust_store(store).build().ok()
        }
        TrustedRoots::System => None,
    }
}

/// Creates a client of DynamoDB. It connects when the first request is sent.
pub(crate) fn connect(connection: &Connection) -> Client {
    Client::new(&sdk_config(connection))
}

/// Returns the configuration of a client of an AWS service.
pub fn sdk_config(connection: &Connection) -> SdkConfig {
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
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(connection.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(config::Credentials::new(
            access_key_id,
            secret_access_key,
            session_token,
            None,
            "environment",
        )))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(INITIAL_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
        // Responses are small and read whole, so the timeout of the attempt is enough.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &connection.endpoint {
        config = config.endpoint_url(endpoint);
    }
    config.build()
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
            roots: TrustedRoots::Amazon,
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
