//! OAuth apps, which are the clients of RFC 6749 §2.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use super::{
    OauthGrant,
    redirect_uri::{MAX_REDIRECT_URIS, is_same_redirect_uri, redirect_uri},
};
use crate::{Actor, Id, OrganizationId, Scope, Scopes, Timestamp, Violation, text::is_line};

/// The id of a client (RFC 6749 §2.2): a UUIDv7, so that apps sort by the time of their creation, or a UUIDv8 from the URL of the document
/// that describes the client. Its text is `app_` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OauthClientId(Uuid);

/// The beginning of the text of a client's id.
const PREFIX: &str = "app_";

impl OauthClientId {
    /// The regular expression of a client's id.
    pub const PATTERN: &'static str = "^app_[0-9a-f]{32}$";

    /// Creates an id from a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Returns the instant of the id; `None` if it has none.
    pub fn timestamp(self) -> Option<Timestamp> {
        Id::<OauthApp>::new(self.0).timestamp()
    }

    /// Creates a new id of an instant.
    pub fn at(instant: Timestamp) -> Self {
        Self(Id::<OauthApp>::at(instant).uuid())
    }

    /// Returns the UUID.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Parses the text of an id; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        parse_hex(text.strip_prefix(PREFIX)?).map(Self)
    }
}

/// Parses the 32 hexadecimal digits of a UUID, in lower case.
pub(super) fn parse_hex(digits: &str) -> Option<Uuid> {
    let is_plain = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    (digits.len() == 32 && is_plain).then(|| Uuid::try_parse(digits).ok()).flatten()
}

impl fmt::Display for OauthClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0.simple())
    }
}

impl fmt::Debug for OauthClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for OauthClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OauthClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not the id of a client"))
    }
}

/// The maximum length of all redirect URIs of an app together, in bytes: each token request reads them.
const MAX_REDIRECT_URIS_LENGTH: usize = 2048;

/// The type of a client (RFC 6749 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientType {
    /// The app keeps a secret, such as a web server.
    Confidential,
    /// The app cannot keep a secret, such as a mobile or desktop app, or a page in a browser.
    Public,
}

impl ClientType {
    /// Both types.
    pub const ALL: [Self; 2] = [Self::Confidential, Self::Public];

    /// Returns the name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }
}

/// The document that describes a client (OAuth Client ID Metadata Document), as it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientDocument {
    /// The URL of the document, which is the client's `client_id`.
    pub url: String,
    /// When the document must be read again.
    pub fresh_until: Timestamp,
}

/// An OAuth app, without its secret.
///
/// Most apps belong to an organization. A dynamic client has registered itself (RFC 7591), or is described by a document: nobody has
/// verified it, and it belongs to none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OauthApp {
    /// The id of the app: its `client_id`, unless a document describes it.
    pub id: OauthClientId,
    /// The organization that the app belongs to, which its grants are for; `None` for a dynamic client, whose users choose one.
    #[serde(default)]
    pub organization: Option<OrganizationId>,
    /// The version of the app. Every write increases it by one.
    pub version: u64,
    /// The name of the app, which the consent page shows.
    pub name: String,
    /// The description of the app; `None` if there is none.
    #[serde(default)]
    pub description: Option<String>,
    /// The redirect URIs.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The scopes that the app can be granted.
    #[serde(default)]
    pub scopes: Scopes,
    /// The type of the client. It never changes.
    pub client_type: ClientType,
    /// Whether the app was created without a type, as in Timbrix's API, where a refresh token is used without the secret.
    #[serde(default)]
    pub is_untyped: bool,
    /// Who created the app.
    pub created_by: Actor,
    /// When the app was created.
    pub created_at: Timestamp,
    /// When the app was last changed.
    pub updated_at: Timestamp,
    /// When the previous secret stops working; `None` if there is none.
    #[serde(default)]
    pub previous_secret_ends_at: Option<Timestamp>,
    /// The document that describes the client; `None` if there is none.
    #[serde(default)]
    pub document: Option<ClientDocument>,
    /// When a dynamic client is deleted, if it gets no grant before; `None` for the app of an organization.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl OauthApp {
    /// The maximum length of a name, in characters.
    pub const MAX_NAME_LENGTH: usize = 100;
    /// The maximum length of a description, in characters.
    pub const MAX_DESCRIPTION_LENGTH: usize = 500;
    /// The maximum number of apps of an organization.
    pub const MAX_OF_ORGANIZATION: usize = 50;
    /// The longest time for which a secret works after another one has replaced it.
    pub const MAX_OVERLAP: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// The time for which a secret works after another one has replaced it, if the caller does not say.
    pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

    /// The maximum number of redirect URIs of a dynamic client.
    pub const MAX_DYNAMIC_REDIRECT_URIS: usize = 5;
    /// The time after which a dynamic client is deleted if it has no grant.
    pub const UNUSED_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
    /// The time for which a dynamic client is kept beyond the longest grant that it can have. With a long margin, its expiry is extended
    /// at most once a month.
    const EXPIRY_MARGIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Returns whether the app has registered itself, or is described by a document: nobody has verified it.
    pub const fn is_dynamic(&self) -> bool {
        self.organization.is_none()
    }

    /// Returns whether authorization requests of the app need PKCE (RFC 7636).
    pub fn requires_pkce(&self) -> bool {
        self.client_type == ClientType::Public || self.is_dynamic()
    }

    /// Returns the scopes of an authorization request that names none: those of the app. For a dynamic client, they are the usual ones among
    /// those, if there are any.
    pub fn default_scopes(&self) -> Scopes {
        let usual = Scopes::USUAL.limited_to(self.scopes);
        if self.is_dynamic() && !usual.is_empty() { usual } else { self.scopes }
    }

    /// Returns whether the app is a dynamic client that is to be deleted.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Returns the URL of the document that describes the client; `None` if there is none.
    pub fn document_url(&self) -> Option<&str> {
        self.document.as_ref().map(|document| &*document.url)
    }

    /// Returns the organization in which the app acts for itself (client credentials, RFC 6749 §4.4); `None` if it may not, because it has no
    /// secret, or nobody has verified it.
    pub fn client_credentials_organization(&self) -> Option<OrganizationId> {
        self.organization.filter(|_| self.client_type == ClientType::Confidential)
    }

    /// Returns the next version of a dynamic client that gets a grant, with a later expiry; `None` if it does not expire before the grant.
    pub fn extended_for_grant(&self, now: Timestamp) -> Option<Self> {
        let end_of_grant = now.plus(OauthGrant::MAX_LIFETIME);
        let expires_at = self.expires_at.filter(|end| *end < end_of_grant)?;
        let expires_at = expires_at.max(end_of_grant.plus(Self::EXPIRY_MARGIN));
        Some(Self { version: self.version + 1, expires_at: Some(expires_at), ..self.clone() })
    }

    /// Returns the next version of a client whose document says now what `described` is.
    pub fn redescribed(&self, described: Self, now: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            created_at: self.created_at,
            updated_at: self.next_change(now),
            expires_at: described.expires_at.max(self.expires_at),
            ..described
        }
    }

    /// Returns whether an authorization request may have this redirect URI.
    pub fn allows_redirect_uri(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| is_same_redirect_uri(uri, registered))
    }

    /// Returns whether the previous secret still works.
    pub fn has_previous_secret(&self, now: Timestamp) -> bool {
        self.previous_secret_ends_at.is_some_and(|end| now < end)
    }

    /// Returns the time of a change that is made now.
    ///
    /// It is later than the time of the last change, even if the clocks of the writers differ.
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        self.updated_at.next().max(now)
    }

    /// Returns the names of the fields in which the app differs from another version.
    pub fn changed_fields(&self, before: &Self) -> Vec<String> {
        let fields = [
            ("name", self.name != before.name),
            ("description", self.description != before.description),
            ("redirectUris", self.redirect_uris != before.redirect_uris),
            ("scopes", self.scopes != before.scopes),
        ];
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Settings of an app, as a caller sends them. Those that are left out are `None`.
#[derive(Clone, Copy, Debug)]
pub struct OauthAppSettings<'a> {
    /// The name.
    pub name: Option<&'a str>,
    /// The description.
    pub description: Option<&'a str>,
    /// The redirect URIs.
    pub redirect_uris: Option<&'a [String]>,
    /// The names of the scopes.
    pub scopes: Option<&'a [String]>,
    /// The type of the client, which decides which redirect URIs it can have.
    pub client_type: ClientType,
}

/// Settings that were checked.
#[derive(Clone, Debug, Default)]
pub struct CheckedOauthAppSettings {
    /// The redirect URIs in their serialized form; `None` if none were sent.
    pub redirect_uris: Option<Vec<String>>,
    /// The scopes; `None` if none were sent.
    pub scopes: Option<Scopes>,
}

impl OauthAppSettings<'_> {
    /// Checks the settings, and adds their violations to the list.
    pub fn check(&self, violations: &mut Vec<Violation>) -> CheckedOauthAppSettings {
        let mut violate = |pointer: String, code: &'static str, detail: &str| {
            violations.push(Violation { pointer, code, detail: detail.into() });
        };
        let length = |text: &str| text.chars().count();
        if let Some(name) = self.name
            && (!(1..=OauthApp::MAX_NAME_LENGTH).contains(&length(name)) || !is_line(name))
        {
            let detail = "1 to 100 characters, none of them control characters.";
            violate("/name".into(), "invalid_length", detail);
        }
        let is_description = |text: &str| length(text) <= OauthApp::MAX_DESCRIPTION_LENGTH && is_line(text);
        if self.description.is_some_and(|text| !is_description(text)) {
            let detail = "At most 500 characters, none of them control characters.";
            violate("/description".into(), "invalid_length", detail);
        }
        let bytes: usize = self.redirect_uris.into_iter().flatten().map(String::len).sum();
        if bytes > MAX_REDIRECT_URIS_LENGTH {
            violate(
                "/redirectUris".into(),
                "too_long",
                "All redirect URIs together have at most 2,048 bytes.",
            );
        }
        if self.redirect_uris.is_some_and(|uris| uris.len() > MAX_REDIRECT_URIS) {
            violate("/redirectUris".into(), "too_many", "At most 10 redirect URIs.");
        }
        let mut uris = Vec::new();
        for (index, text) in self.redirect_uris.into_iter().flatten().take(MAX_REDIRECT_URIS).enumerate() {
            match redirect_uri(text, self.client_type) {
                Ok(uri) if uris.contains(&uri) => {
                    violate(format!("/redirectUris/{index}"), "duplicate", "It is in the list already.");
                }
                Ok(uri) => uris.push(uri),
                Err(detail) => violate(format!("/redirectUris/{index}"), "invalid_format", detail),
            }
        }
        let mut scopes = Scopes::NONE;
        if let Some(names) = self.scopes {
            if names.is_empty() {
                violate("/scopes".into(), "invalid_length", "At least one scope.");
            }
            if names.len() > Scopes::MAX_LISTED {
                violate("/scopes".into(), "too_many", Scopes::TOO_MANY);
            }
            for (index, name) in names.iter().take(Scopes::MAX_LISTED).enumerate() {
                match Scope::parse(name) {
                    Some(scope) => scopes = scopes.iter().chain([scope]).collect(),
                    None => violate(format!("/scopes/{index}"), "unknown_value", "There is no such scope."),
                }
            }
        }
        CheckedOauthAppSettings {
            redirect_uris: self.redirect_uris.is_some().then_some(uris),
            scopes: self.scopes.is_some().then_some(scopes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_client_id_has_one_form() {
        let id = OauthClientId::new(Uuid::from_u128(0x0190_a6c4_0000_7000_8000_0000_0000_00ff));
        let text = id.to_string();
        assert_eq!(text, "app_0190a6c40000700080000000000000ff");
        assert_eq!(OauthClientId::parse(&text), Some(id));
        for other in [
            "",
            "app_",
            &text[4..],
            "app_0190a6c4-0000-7000-8000-0000000000ff",
            "app_g",
            &text.to_uppercase().replace("APP", "app"),
        ] {
            assert_eq!(OauthClientId::parse(other), None, "{other}");
        }
    }
}
