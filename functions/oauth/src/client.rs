//! The authentication of clients (RFC 6749 §2.3).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_auth::{ClientIdentifier, ClientSecret};
use padron_domain::{ClientType, Error, Failure, OauthApp, OauthClientId, RateLimit};
use padron_http::{Context, Request};
use padron_store::{OauthAppWithGate, RateSubject};
use percent_encoding::percent_decode_str;

use crate::form::Form;

/// Returns the client with an identifier, as it is stored, with its gate; `None` if there is none, or it has expired.
pub(crate) async fn find(
    cx: &Context<'_>,
    identifier: &ClientIdentifier,
) -> Result<Option<OauthAppWithGate>, Error> {
    // A client that a document describes has an id as well, by which it is not found: its document would not be read.
    let is_meant = |app: &OauthApp| app.document_url() == identifier.url();
    let found = find_by_id(cx, identifier.app_id()).await?;
    Ok(found.filter(|found| is_meant(&found.stored.app)))
}

/// Returns the client with an id that this server has issued or sealed before, with its gate; `None` if it is deleted or has expired.
pub(crate) async fn find_by_id(
    cx: &Context<'_>,
    id: OauthClientId,
) -> Result<Option<OauthAppWithGate>, Error> {
    let found = cx.store().oauth_client(id).await?;
    Ok(found.filter(|found| !found.stored.app.has_expired(cx.now())))
}

/// Returns the identifier of a client; `None` if the text is none, or that of a document while documents do not describe clients.
pub(crate) fn identifier(cx: &Context<'_>, text: &str) -> Option<ClientIdentifier> {
    let identifier = ClientIdentifier::parse(text)?;
    (identifier.url().is_none() || cx.options().has_client_documents).then_some(identifier)
}

/// The maximum number of dynamic clients that a network creates: ten at once, then one every six minutes.
const NEW_CLIENTS: RateLimit = RateLimit { limit: 10, period: 60 * 60 };

/// Counts a dynamic client that is about to be created for the network of a request. Fails if there are too many.
pub(crate) async fn count_new_client(cx: &Context<'_>) -> Result<(), Error> {
    let network = RateSubject::address("dynamic-client", &cx.request.source_network());
    cx.count_other_request(&network, NEW_CLIENTS).await
}

/// A client as a request presents it. Nothing of it is verified.
pub(crate) struct PresentedClient {
    id: String,
    /// The secret; `None` if the request has none.
    secret: Option<String>,
}

impl PresentedClient {
    /// Returns the client of a request with a JSON body that has these fields. Fails if the header `Authorization` has a client, too.
    pub(crate) fn of_json(request: &Request<'_>, id: String, secret: Option<String>) -> Result<Self, Error> {
        match request.header("authorization") {
            None => Ok(Self { id, secret }),
            Some(_) => Err(Error::from(Failure::INVALID_CLIENT).with_cause("two ways of authentication")),
        }
    }

    /// Returns the client of a request with a form: in the header `Authorization`, or in the form. Fails if it is in both, or in neither.
    pub(crate) fn of(request: &Request<'_>, form: &Form) -> Result<Self, Error> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        let Some(header) = request.header("authorization") else {
            let id = id.ok_or(Failure::INVALID_CLIENT)?;
            return Ok(Self { id: id.to_owned(), secret: secret.map(ToOwned::to_owned) });
        };
        let (user, password) = basic_credentials(&header).ok_or(Failure::INVALID_CLIENT)?;
        if secret.is_some() || id.is_some_and(|id| id != user) {
            let error = Error::from(Failure::INVALID_CLIENT);
            return Err(error.with_cause("two ways of authentication"));
        }
        Ok(Self { id: user, secret: Some(password) })
    }

    fn identifier(&self, cx: &Context<'_>) -> Option<ClientIdentifier> {
        identifier(cx, &self.id)
    }

    /// Counts the request as one of this client to the function from its network. Fails if there are too many.
    pub(crate) async fn count(&self, cx: &Context<'_>, function: &str, a_minute: u32) -> Result<(), Error> {
        // All malformed ids share one limit.
        count(cx, function, self.identifier(cx).map(|identifier| identifier.app_id()), a_minute).await
    }

    /// Reads the client and checks its secret. Fails with `invalid_client` if there is no such client, if the secret of a confidential
    /// client is missing or wrong, or if a public client sends one.
    pub(crate) async fn authenticate(&self, cx: &Context<'_>) -> Result<OauthAppWithGate, Error> {
        let refuse = |why: &str| Error::from(Failure::INVALID_CLIENT).with_cause(why);
        let identifier = self.identifier(cx).ok_or_else(|| refuse("not of a client id's form"))?;
        let client = find(cx, &identifier).await?.ok_or_else(|| refuse("unknown"))?;
        match (client.stored.app.client_type, &self.secret) {
            (ClientType::Public, None) => {}
            (ClientType::Public, Some(_)) => return Err(refuse("a public client with a secret")),
            (ClientType::Confidential, None) => return Err(refuse("no secret")),
            (ClientType::Confidential, Some(secret)) => {
                let secret = ClientSecret::parse(secret).ok_or_else(|| refuse("not of a secret's form"))?;
                let hashes = client.stored.secret_hashes(cx.secrets(), cx.now());
                let hashes = hashes.ok_or_else(|| refuse("sealed with another root secret"))?;
                if !secret.matches_any(&hashes) {
                    return Err(refuse("the secret is another one"));
                }
            }
        }
        Ok(client)
    }

    /// Reads and verifies a client that must be confidential.
    pub(crate) async fn authenticate_confidential(
        &self,
        cx: &Context<'_>,
    ) -> Result<OauthAppWithGate, Error> {
        let client = self.authenticate(cx).await?;
        match client.stored.app.client_type {
            ClientType::Confidential => Ok(client),
            ClientType::Public => Err(Failure::UNAUTHORIZED_CLIENT.into()),
        }
    }
}

/// Counts a request to a function from a network, apart for each client. Fails if there are too many.
pub(crate) async fn count(
    cx: &Context<'_>,
    function: &str,
    client: Option<OauthClientId>,
    a_minute: u32,
) -> Result<(), Error> {
    let client = client.map(|id| id.to_string()).unwrap_or_default();
    let subject = RateSubject::client(function, &client, &cx.request.source_network());
    cx.count_request(&subject, RateLimit { limit: a_minute, period: 60 }, 1).await
}

/// Returns user and password of a header (RFC 7617), which are form-encoded (RFC 6749 §2.3.1); `None` if it has another form.
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (user, password) = credentials.split_once(':')?;
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((decode(user)?, decode(password)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_of_a_header_are_form_encoded() {
        let header = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        let read = |text: &str| basic_credentials(&header(text));
        assert_eq!(read("app_1:cs_2"), Some(("app_1".into(), "cs_2".into())));
        assert_eq!(read("a%3Ab+c:d%25"), Some(("a:b c".into(), "d%".into())));
        assert_eq!(read("a:b:c"), Some(("a".into(), "b:c".into())));
        assert_eq!(read("a"), None);
        assert_eq!(basic_credentials("Bearer abc"), None);
        assert_eq!(basic_credentials("Basic ñ"), None);
        assert_eq!(basic_credentials(&format!("basic  {}", BASE64_STANDARD.encode("a:b"))).unwrap().0, "a");
    }
}
