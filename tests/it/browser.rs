//! A browser and its user, who go through the authorization code flow.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::UserId;
use padron_local::demo;
use padron_testkit::{Call, TestApp, TestResponse};
use ring::digest::{SHA256, digest};
use url::Url;

pub(crate) const REDIRECT_URI: &str = "https://crm.acme.example/callback";
pub(crate) const VERIFIER: &str = "a verifier of at least forty-three characters, as RFC 7636 has it";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// The origin of the pages.
pub(crate) const ORIGIN: &str = "https://padron.test";

pub(crate) type Parameters<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn form_of(parameters: Parameters<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

pub(crate) fn query_of(url: &str) -> BTreeMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

pub(crate) fn challenge() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

/// Returns the parameters of an authorization request, some of them changed; those with an empty value are absent.
pub(crate) fn request<'a>(changes: &[(&'a str, &'a str)], challenge: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut parameters = BTreeMap::from([
        ("client_id", demo::OAUTH_APP),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "read:organization read:customers"),
        ("state", "the state"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]);
    parameters.extend(changes.iter().copied());
    parameters.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// A browser, which keeps cookies.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The organization that the user chooses, if the page asks. Without it, the browser sends the first of the list.
    pub(crate) organization: Option<&'a str>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), organization: None }
    }

    pub(crate) async fn send(&mut self, mut call: Call<'a>) -> TestResponse {
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            call = call.header("cookie", &cookies.join("; "));
        }
        let response = call.send().await;
        for cookie in &response.cookies {
            assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{cookie}");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        response
    }

    /// Opens a URL of the API.
    pub(crate) async fn open(&mut self, url: &str) -> TestResponse {
        self.send(self.app.get(url.strip_prefix(TestApp::URL).unwrap())).await
    }

    pub(crate) async fn authorize(&mut self, changes: Parameters<'_>) -> TestResponse {
        let challenge = challenge();
        let query = form_of(&request(changes, &challenge));
        self.open(&format!("{}/oauth/authorize?{query}", TestApp::URL)).await
    }

    /// Asks for authorization, and signs in as a user. Returns the way to the consent page.
    pub(crate) async fn sign_in(&mut self, user: UserId, changes: Parameters<'_>) -> TestResponse {
        let to_issuer = self.authorize(changes).await;
        assert_eq!(to_issuer.status, 302, "{to_issuer:?}");
        let back = self.app.login().choose(to_issuer.header("location"), &user.to_string()).unwrap();
        self.open(&back).await
    }

    /// Sends the form of a consent page with this action. Returns where the browser goes then.
    pub(crate) async fn decide(&mut self, page: &str, action: &str) -> TestResponse {
        let mut fields = vec![("action".to_owned(), action.to_owned())];
        // The form for signing out follows.
        let form = page.split("</form>").next().unwrap_or_default();
        for input in form.split("<input ").skip(1) {
            let input = input.split('>').next().unwrap_or_default();
            let attribute = |name: &str| {
                let value = input.split_once(&format!("{name}=\""));
                value.map(|(_, rest)| rest.split('"').next().unwrap_or_default().to_owned())
            };
            if !input.starts_with("type=\"checkbox\"") || input.contains("checked") {
                fields.push((attribute("name").unwrap(), attribute("value").unwrap()));
            }
        }
        if let Some((_, choice)) = form.split_once("<select name=\"organization\"") {
            let first = choice.split_once("<option value=\"").unwrap().1.split('"').next().unwrap();
            fields.push(("organization".into(), self.organization.unwrap_or(first).into()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let call = self.app.call("POST", "/oauth/consent").header("origin", ORIGIN);
        self.send(call.header("content-type", FORM).body(form_of(&fields))).await
    }

    /// Goes the whole way as this user, and returns the code.
    pub(crate) async fn code(&mut self, user: UserId, changes: Parameters<'_>) -> String {
        let to_consent = self.sign_in(user, changes).await;
        let page = self.open(to_consent.header("location")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let answer = self.decide(&page.text, "allow").await;
        query_of(answer.header("location"))["code"].clone()
    }
}

/// Returns the value of a hidden field of a page.
pub(crate) fn field(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}
