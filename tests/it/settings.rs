//! Tests of the configuration: all missing and invalid variables are reported at once, and no value is shown.

use std::collections::BTreeMap;

use padron_http::Settings;
use padron_testkit::Tokens;

pub(crate) fn complete() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("TABLE_NAME", "padron".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "id".into()),
        ("AWS_SECRET_ACCESS_KEY", "hunter2".into()),
        ("JWT_ISSUER", "https://issuer.test/".into()),
        ("JWT_AUDIENCE", "https://padron.test".into()),
        ("JWT_JWKS", Tokens::default().issuer.jwks().to_string()),
        ("ROOT_SECRET", "hunter2hunter2hunter2hunter2hunter2".into()),
    ])
}

fn problems(variables: &BTreeMap<&'static str, String>) -> Vec<String> {
    match Settings::from(&|name| variables.get(name).cloned()) {
        Ok(settings) => {
            assert!(!format!("{settings:?}").contains("hunter2"), "settings can be printed");
            Vec::new()
        }
        Err(error) => error.0,
    }
}

#[test]
fn a_complete_environment_is_accepted() {
    assert_eq!(problems(&complete()), [] as [&str; 0]);
    let mut cognito = complete();
    cognito.insert("JWT_AUDIENCE", String::new());
    cognito.insert("JWT_CLIENT_ID", "7lhlkkfbfb4q5kpp90urffao".into());
    assert_eq!(problems(&cognito), [] as [&str; 0]);
    for url in
        ["https://issuer.test/jwks.json", "http://127.0.0.1:8080/jwks.json", "http://localhost/jwks.json"]
    {
        let mut remote = complete();
        remote.insert("JWT_JWKS", String::new());
        remote.insert("JWT_JWKS_URL", url.into());
        assert_eq!(problems(&remote), [] as [&str; 0], "{url}");
    }
}

#[test]
fn users_sign_in_at_the_issuer_whose_tokens_are_accepted() {
    let mut variables = complete();
    variables.insert("LOGIN_CLIENT_ID", "padron".into());
    variables.insert("LOGIN_CLIENT_SECRET", "hunter2".into());
    assert_eq!(problems(&variables), [] as [&str; 0]);
    let settings = Settings::from(&|name| variables.get(name).cloned()).unwrap();
    let login = settings.options.login.unwrap();
    assert_eq!(login.discovery_url, "https://issuer.test/.well-known/openid-configuration");
    variables.insert("JWT_ISSUER", "http://issuer.test/".into());
    assert_eq!(problems(&variables), ["LOGIN_CLIENT_ID needs a JWT_ISSUER that is an https URL"]);
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    insta::assert_snapshot!(problems(&BTreeMap::new()).join("\n"), @r"
    TABLE_NAME is missing: the name of the DynamoDB table
    AWS_REGION is missing: the region of the table, set by Lambda
    AWS_ACCESS_KEY_ID is missing: set by Lambda
    AWS_SECRET_ACCESS_KEY is missing: set by Lambda
    JWT_ISSUER is missing: the exact `iss` of access tokens
    set one of JWT_AUDIENCE (the `aud` of access tokens) and JWT_CLIENT_ID (the app client, for Amazon Cognito)
    set one of JWT_JWKS (the issuer's key set, as JSON) and JWT_JWKS_URL (where it is published)
    ROOT_SECRET is missing or too short: at least 32 random characters that all functions share, and so is ROOT_SECRET_PREVIOUS where it is set
    ");
}

#[test]
fn what_contradicts_itself_or_is_unsafe_is_refused() {
    for (name, value) in [
        ("JWT_CLIENT_ID", "both"),
        ("JWT_JWKS_URL", "https://issuer.test/both"),
        ("JWT_JWKS", "not json"),
        ("JWT_JWKS", "{}"),
        ("JWT_JWKS", r#"{"keys":[]}"#),
        ("JWT_JWKS", r#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0","alg":"HS256"}]}"#),
        ("JWT_JWKS", r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#),
        ("JWT_ISSUER", ""),
        ("JWT_AUDIENCE", ","),
        ("TLS_ROOTS", "mine"),
        ("WARM_UP", "yes"),
        ("OAUTH_REFRESH_GRACE", "301"),
        ("OAUTH_REFRESH_GRACE", "-1"),
        ("ROOT_SECRET", "hunter2"),
        ("ROOT_SECRET_PREVIOUS", "hunter2"),
    ] {
        let mut variables = complete();
        variables.insert(name, value.into());
        assert_eq!(problems(&variables).len(), 1, "{name} {value}");
    }
    for url in [
        "http://issuer.test/jwks.json",
        "http://127.0.0.1.evil.test/",
        "ftp://issuer.test/",
        "jwks.json",
        "https://",
    ] {
        let mut variables = complete();
        variables.insert("JWT_JWKS", String::new());
        variables.insert("JWT_JWKS_URL", url.into());
        assert_eq!(problems(&variables), ["JWT_JWKS_URL must be an https URL"], "{url}");
    }
}

#[test]
fn keys_that_do_not_sign_tokens_are_passed_over() {
    let good = Tokens::default().issuer.key.jwk();
    for (name, value) in [("use", "enc"), ("alg", "RS512"), ("alg", "RSA-OAEP"), ("kty", "EC")] {
        let mut key = good.clone();
        key[name] = value.into();
        let mut variables = complete();
        variables.insert("JWT_JWKS", serde_json::json!({ "keys": [key] }).to_string());
        assert_eq!(problems(&variables).len(), 1, "{name} {value}");
        variables.insert("JWT_JWKS", serde_json::json!({ "keys": [key, good] }).to_string());
        assert_eq!(problems(&variables).len(), 0, "{name} {value}");
    }
}
