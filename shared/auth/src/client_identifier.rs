//! The identifiers of clients (`client_id`, RFC 6749 §2.2).

use std::fmt;

use padron_domain::OauthClientId;
use ring::digest::{SHA256, digest};
use uuid::Builder;

/// The identifier of a client: the id of an app, or the URL of a document that describes the client (OAuth Client ID Metadata Document).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientIdentifier {
    /// The id of an app.
    App(OauthClientId),
    /// The URL of a document. It is not yet known whether it leads to one.
    Document(String),
}

impl ClientIdentifier {
    /// The maximum length of a URL, in bytes. It is a part of each access token.
    pub const MAX_URL_LENGTH: usize = 512;

    /// Parses an identifier; `None` if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(id) = OauthClientId::parse(text) {
            return Some(Self::App(id));
        }
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        (is_url && text.len() <= Self::MAX_URL_LENGTH).then(|| Self::Document(text.to_owned()))
    }

    /// Returns the id under which the app is stored: its own, or a UUIDv8 (RFC 9562 §5.8) from the SHA-256 hash of the URL.
    pub fn app_id(&self) -> OauthClientId {
        match self {
            Self::App(id) => *id,
            Self::Document(url) => {
                let hash = digest(&SHA256, url.as_bytes());
                let bytes = hash.as_ref().first_chunk().copied().unwrap_or_default();
                OauthClientId::new(Builder::from_custom_bytes(bytes).into_uuid())
            }
        }
    }

    /// Returns the URL of the document; `None` if it is the id of an app.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::App(_) => None,
            Self::Document(url) => Some(url),
        }
    }
}

impl fmt::Display for ClientIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(id) => id.fmt(f),
            Self::Document(url) => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_url_has_an_id_of_its_own() {
        let parse = |text: &str| ClientIdentifier::parse(text);
        let client = |text: &str| parse(text).unwrap().app_id();
        let urls = ["https://a.example/client.json", "https://a.example/client.jsoN", "https://a.example/"];
        for (index, url) in urls.iter().enumerate() {
            assert_eq!(parse(url).unwrap().to_string(), *url);
            assert_eq!(client(url).uuid().get_version_num(), 8);
            assert!(urls[..index].iter().all(|other| client(other) != client(url)));
        }
        let id = client(urls[0]).to_string();
        assert_eq!(parse(&id).unwrap().to_string(), id);
        let long = format!("https://a.example/{}", "a".repeat(ClientIdentifier::MAX_URL_LENGTH));
        for other in ["", "app_", "a.example/client.json", "ftp://a.example/c", &long] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
