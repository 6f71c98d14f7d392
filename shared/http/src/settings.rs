//! Configuration from the environment, checked at start: all that is missing or wrong is named at once.

use std::fmt;

use padron_auth::{Audience, Issuer, KeySet, KeySource};
use padron_store::{Connection, Credentials};

/// What a function needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the table is.
    pub connection: Connection,
    /// Whose tokens are accepted.
    pub issuer: Issuer,
}

/// What is wrong with the environment, a line each.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The configuration is not complete: {}", self.0.join("; "))
    }
}

/// Reads variables and gathers what is wrong with them. An empty variable counts as absent: templates set those.
struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn required(&mut self, name: &str, meaning: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing: {meaning}"));
            String::new()
        })
    }
}

impl Settings {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from(&|name| std::env::var(name).ok())
    }

    /// Reads variables wherever they come from.
    pub fn from(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader { variable, problems: Vec::new() };
        let connection = connection(&mut reader);
        let issuer = issuer(&mut reader);
        match issuer {
            Some(issuer) if reader.problems.is_empty() => Ok(Self { connection, issuer }),
            _ => Err(SettingsError(reader.problems)),
        }
    }
}

fn connection(reader: &mut Reader<'_>) -> Connection {
    Connection {
        table: reader.required("TABLE_NAME", "the name of the DynamoDB table"),
        region: reader.required("AWS_REGION", "the region of the table, set by Lambda"),
        endpoint: reader.optional("AWS_ENDPOINT_URL_DYNAMODB"),
        credentials: Credentials {
            access_key_id: reader.required("AWS_ACCESS_KEY_ID", "set by Lambda"),
            secret_access_key: reader.required("AWS_SECRET_ACCESS_KEY", "set by Lambda"),
            session_token: reader.optional("AWS_SESSION_TOKEN"),
        },
    }
}

fn issuer(reader: &mut Reader<'_>) -> Option<Issuer> {
    let name = reader.required("JWT_ISSUER", "the exact `iss` of access tokens");
    let list = |text: String| text.split(',').map(|one| one.trim().to_owned()).collect();
    let audience = match (reader.optional("JWT_AUDIENCE"), reader.optional("JWT_CLIENT_ID")) {
        (Some(audience), None) => Some(Audience::Claim(list(audience))),
        (None, Some(client)) => Some(Audience::CognitoClient(list(client))),
        _ => {
            reader.problems.push(
                "set one of JWT_AUDIENCE (the `aud` of access tokens) and JWT_CLIENT_ID (the app client, for Amazon Cognito)"
                    .into(),
            );
            None
        }
    };
    let keys = match (reader.optional("JWT_JWKS"), reader.optional("JWT_JWKS_URL")) {
        (Some(document), None) => match KeySet::parse(document.as_bytes()) {
            Ok(keys) => Some(KeySource::Inline(keys)),
            Err(why) => {
                reader.problems.push(format!("JWT_JWKS is not usable: {why}"));
                None
            }
        },
        (None, Some(url)) if is_safe(&url) => Some(KeySource::Url(url)),
        (None, Some(_)) => {
            reader.problems.push("JWT_JWKS_URL must be an https URL".into());
            None
        }
        _ => {
            reader.problems.push(
                "set one of JWT_JWKS (the issuer's key set, as JSON) and JWT_JWKS_URL (where it is published)".into(),
            );
            None
        }
    };
    Some(Issuer { name, audience: audience?, keys: keys? })
}

/// Keys must come over https, but for an issuer on this very machine.
fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => matches!(host, "127.0.0.1" | "[::1]" | "localhost"),
        _ => false,
    }
}
