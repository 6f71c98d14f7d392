//! Tests of `GET /users/me`, `/users/me/invitations`, `/users/{userId}` and `/users/{userId}/organizations`.

use std::time::Duration;

use padron_domain::{Role, UserId};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, app, event_types, globex_owner, join, member, owner, stranger, token_with_email, user,
};

async fn me(app: &TestApp, user: UserId, email: Option<&str>, name: Option<&str>) -> TestResponse {
    let mut claims = app.claims(user);
    if let Some(email) = email {
        claims["email"] = json!(email);
        claims["email_verified"] = json!(true);
    }
    if let Some(name) = name {
        claims["name"] = json!(name);
    }
    let response = app.get("/users/me").bearer(&app.tokens.issuer.token(&claims)).send().await;
    assert_eq!(response.status, 200, "{}", response.text);
    response
}

async fn listed(app: &TestApp, organization: &str, caller: UserId, of: UserId) -> Value {
    let path = format!("/organizations/{organization}/members/{of}");
    app.get(&path).user(caller).send().await.json()["user"].clone()
}

#[tokio::test]
async fn a_caller_is_who_their_claims_say_and_is_remembered() {
    let app = app().await;
    let bare = me(&app, stranger(), None, None).await.json();
    assert_eq!(bare, json!({ "id": demo::STRANGER }));
    let full = json!({ "id": demo::STRANGER, "email": "s@b.example", "name": "Stranger" });
    assert_eq!(me(&app, stranger(), Some("s@b.example"), Some("Stranger")).await.json(), full);
    assert_eq!(
        me(&app, stranger(), None, None).await.json(),
        full,
        "a token without claims says nothing new"
    );
    app.recorded();
    me(&app, stranger(), Some("s@b.example"), Some("Stranger")).await;
    assert_eq!(app.recorded().len(), 1, "and the same claims write nothing");
}

#[tokio::test]
async fn changed_claims_reach_every_membership() {
    let app = app().await;
    join(&app, demo::GLOBEX, member(), Role::Member).await;
    let seen = me(&app, member(), Some("maria@new.example"), Some("María del Mar")).await.json();
    assert_eq!(seen["email"], "maria@new.example");
    let expected = json!({ "id": demo::MEMBER, "email": "maria@new.example", "name": "María del Mar" });
    assert_eq!(listed(&app, demo::ACME, owner(), member()).await, expected);
    assert_eq!(listed(&app, demo::GLOBEX, globex_owner(), member()).await, expected);
    let found = app.get(&format!("{ACME}/members?q=del%20mar")).user(owner()).send().await.json();
    assert_eq!(found[0]["id"], demo::MEMBER);
    let event = app.get(&format!("{ACME}/events?type=member.updated")).user(owner()).send().await.json();
    assert_eq!(event[0]["data"], json!({ "memberId": demo::MEMBER, "fields": ["email", "name"] }));
    let invite = async |email: &str| {
        let call = app.call("POST", &format!("{ACME}/members/invite")).user(owner());
        outcome(&call.json(&json!({ "email": email, "role": "member" })).send().await)
    };
    assert_eq!(invite("maria@new.example").await, "409 already_member", "the new address is a member's");
    assert_eq!(invite("maria@acme.example").await, "201", "the old one is free");
}

fn outcome(response: &TestResponse) -> String {
    if response.status < 300 { response.status.to_string() } else { response.problem() }
}

#[tokio::test]
async fn what_an_older_token_says_is_out_of_date() {
    let app = app().await;
    let issued = async |seconds: Option<i64>, email: &str| {
        let mut claims = app.claims(member());
        claims["email"] = json!(email);
        claims["email_verified"] = json!("true");
        match seconds {
            Some(seconds) => claims["iat"] = json!(app.clock.now().seconds() + seconds),
            None => _ = claims.as_object_mut().unwrap().remove("iat"),
        }
        let response = app.get("/users/me").bearer(&app.tokens.issuer.token(&claims)).send().await;
        response.json()["email"].as_str().unwrap().to_owned()
    };
    let told = async || {
        let names = event_types(&app, demo::organization(demo::ACME)).await;
        names.iter().filter(|name| *name == "member.updated").count()
    };
    for (seconds, email, shown) in [
        (None, "none@b.example", "none@b.example"),
        (Some(-100), "a@b.example", "a@b.example"),
        (Some(-50), "b@b.example", "b@b.example"),
        (Some(-100), "a@b.example", "b@b.example"),
        (None, "none@b.example", "b@b.example"),
        (Some(-51), "a@b.example", "b@b.example"),
        (Some(-50), "b@b.example", "b@b.example"),
        (Some(-10), "c@b.example", "c@b.example"),
    ] {
        assert_eq!(issued(seconds, email).await, shown, "{seconds:?} {email}");
        assert_eq!(listed(&app, demo::ACME, owner(), member()).await["email"], shown);
    }
    assert_eq!(told().await, 4, "the newer ones alone");
    app.recorded();
    issued(Some(-100), "a@b.example").await;
    assert_eq!(app.recorded().len(), 1, "an older one writes nothing");
    // Creating an organization records when the token was issued as well.
    let mut claims = app.claims(stranger());
    claims["iat"] = json!(app.clock.now().seconds() - 10);
    claims["email"] = json!("new@b.example");
    claims["email_verified"] = json!(true);
    let body = json!({ "name": "Joined", "slug": "joined" });
    let created =
        app.call("POST", "/organizations").bearer(&app.tokens.issuer.token(&claims)).json(&body).send().await;
    assert_eq!(created.status, 201);
    claims["iat"] = json!(app.clock.now().seconds() - 20);
    claims["email"] = json!("old@b.example");
    let me = app.get("/users/me").bearer(&app.tokens.issuer.token(&claims)).send().await;
    assert_eq!(me.json()["email"], "new@b.example");
}

#[tokio::test]
async fn a_deleted_organization_is_not_in_the_way_of_the_others() {
    let app = app().await;
    join(&app, demo::GLOBEX, owner(), Role::Member).await;
    assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    me(&app, owner(), None, Some("Olivia New")).await;
    assert_eq!(listed(&app, demo::GLOBEX, globex_owner(), owner()).await["name"], "Olivia New");
    assert_eq!(app.call("POST", &format!("{ACME}/restore")).user(owner()).send().await.status, 200);
    assert_eq!(listed(&app, demo::ACME, owner(), owner()).await["name"], "Olivia New");
    app.recorded();
    me(&app, owner(), None, Some("Olivia New")).await;
    assert_eq!(app.recorded().len(), 1, "nothing is left to do");
}

#[tokio::test]
async fn whoever_joins_with_a_token_that_says_less_is_told_whole_by_the_next_call() {
    let app = app().await;
    me(&app, stranger(), Some(demo::INVITED), Some("Nadia")).await;
    let body = json!({ "organizationId": demo::ACME, "invitationId": demo::invitation_id().to_string() });
    let bearer = token_with_email(&app, stranger(), demo::INVITED);
    let accept = app.call("POST", "/invitations/accept").bearer(&bearer).json(&body).send().await;
    assert_eq!(accept.status, 200);
    assert_eq!(listed(&app, demo::ACME, owner(), stranger()).await.get("name"), None, "their token had none");
    me(&app, stranger(), None, None).await;
    assert_eq!(listed(&app, demo::ACME, owner(), stranger()).await["name"], "Nadia");
}

#[tokio::test]
async fn an_address_is_taken_over_once_the_other_member_is_gone() {
    let app = app().await;
    me(&app, member(), Some("adan@acme.example"), None).await;
    assert_eq!(listed(&app, demo::ACME, owner(), member()).await["email"], "maria@acme.example");
    let path = format!("{ACME}/members/{}", demo::ADMIN);
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    me(&app, member(), None, None).await;
    assert_eq!(listed(&app, demo::ACME, owner(), member()).await["email"], "adan@acme.example");
}

#[tokio::test]
async fn an_address_that_another_member_has_is_not_taken_from_them() {
    let app = app().await;
    me(&app, member(), Some("adan@acme.example"), Some("María")).await;
    let expected = json!({ "id": demo::MEMBER, "email": "maria@acme.example", "name": "María" });
    assert_eq!(listed(&app, demo::ACME, owner(), member()).await, expected, "only the name is new");
    let remove = app.call("DELETE", &format!("{ACME}/members/{}", demo::MEMBER)).user(owner());
    assert_eq!(remove.send().await.status, 204);
    let invite = app.call("POST", &format!("{ACME}/members/invite")).user(owner());
    let invite = invite.json(&json!({ "email": "adan@acme.example", "role": "member" })).send().await;
    assert_eq!(invite.problem(), "409 already_member", "and it is the admin's still");
}

#[tokio::test]
async fn what_the_deadline_cuts_off_is_done_by_the_next_call() {
    let mut app = app().await;
    for number in 0..6 {
        let body = json!({ "name": "Abc", "slug": format!("abc-{number}") });
        let call = app.call("POST", "/organizations").user(stranger()).json(&body);
        assert_eq!(call.send().await.status, 201);
    }
    let names = async |app: &TestApp| {
        let mut names = Vec::new();
        for organization in app.get("/organizations").user(stranger()).send().await.json().as_array().unwrap()
        {
            let id = organization["id"].as_str().unwrap();
            names.push(listed(app, id, stranger(), stranger()).await["name"].clone());
        }
        names.iter().filter(|name| **name == "New").count()
    };
    // Two seconds are kept in reserve, and each write takes about a third of a second.
    app.time_limit = Duration::from_millis(3200);
    app.proxy.always(Some(padron_testkit::Fault::Delay(Duration::from_millis(150))));
    assert_eq!(me(&app, stranger(), None, Some("New")).await.json()["name"], "New", "the profile at once");
    app.proxy.always(None);
    let done = names(&app).await;
    assert!((1..6).contains(&done), "{done}");
    app.time_limit = Duration::from_secs(9);
    me(&app, stranger(), None, None).await;
    assert_eq!(names(&app).await, 6);
    app.recorded();
    me(&app, stranger(), None, Some("New")).await;
    assert_eq!(app.recorded().len(), 1, "and then nothing is left to do");
}

#[tokio::test]
async fn users_who_share_no_organization_cannot_see_each_other() {
    let app = app().await;
    let look = async |caller: UserId, of: &str| app.get(&format!("/users/{of}")).user(caller).send().await;
    let seen = look(member(), demo::ADMIN).await;
    let expected = json!({ "id": demo::ADMIN, "email": "adan@acme.example", "name": "Adán Núñez" });
    assert_eq!((seen.status, seen.json()), (200, expected));
    assert_eq!(look(admin(), demo::ADMIN).await.status, 200, "oneself");
    let bare = |response: &TestResponse| response.text.replace(response.header("x-request-id"), "…");
    let hidden = look(globex_owner(), demo::ADMIN).await;
    assert_eq!(hidden.problem(), "404 user_not_found");
    let unknown = look(globex_owner(), &user(404).to_string()).await;
    assert_eq!(bare(&hidden), bare(&unknown), "like one that is not there");
    join(&app, demo::GLOBEX, admin(), Role::Member).await;
    assert_eq!(look(globex_owner(), demo::ADMIN).await.status, 200);
    assert_eq!(look(globex_owner(), demo::MEMBER).await.problem(), "404 user_not_found");
    let path = format!("/organizations/{}", demo::GLOBEX);
    assert_eq!(app.call("DELETE", &path).user(globex_owner()).send().await.status, 204);
    let after = look(globex_owner(), demo::ADMIN).await;
    assert_eq!(after.problem(), "404 user_not_found", "a deleted organization joins no one");
    assert_eq!(look(member(), "me2").await.problem(), "400 invalid_request");
}

#[tokio::test]
async fn whoever_is_removed_is_seen_no_more() {
    let app = app().await;
    let look = async || app.get(&format!("/users/{}", demo::OWNER)).user(member()).send().await.status;
    assert_eq!(look().await, 200);
    let path = format!("{ACME}/members/{}", demo::MEMBER);
    assert_eq!(app.call("DELETE", &path).user(owner()).send().await.status, 204);
    assert_eq!(look().await, 404);
}

#[tokio::test]
async fn those_who_belong_to_many_find_the_one_they_share() {
    let app = app().await;
    for (user, prefix) in [(owner(), "o"), (stranger(), "s")] {
        for number in 0..120 {
            let body = json!({ "name": "Abc", "slug": format!("{prefix}-{number:03}") });
            assert_eq!(app.call("POST", "/organizations").user(user).json(&body).send().await.status, 201);
        }
    }
    let path = format!("/users/{}", demo::OWNER);
    me(&app, owner(), None, Some("Olivia")).await;
    assert_eq!(app.get(&path).user(stranger()).send().await.problem(), "404 user_not_found");
    join(&app, demo::ACME, stranger(), Role::Member).await;
    assert_eq!(app.get(&path).user(stranger()).send().await.status, 200);
}

#[tokio::test]
async fn a_user_s_organizations_are_for_themselves() {
    let app = app().await;
    let path = format!("/users/{}/organizations", demo::ADMIN);
    let expected = json!([
        { "id": demo::ACME, "name": "Acme Corp", "slug": "acme-corp", "role": "admin", "joinedAt": "2025-01-26T10:00:00.000Z" },
    ]);
    assert_eq!(app.get(&path).user(admin()).send().await.json(), expected);
    for caller in [owner(), stranger()] {
        assert_eq!(app.get(&path).user(caller).send().await.problem(), "403 not_yourself");
    }
    let unknown = app.get("/users/me/organizations").user(admin()).send().await;
    assert_eq!(unknown.problem(), "400 invalid_request");
    app.call("DELETE", ACME).user(owner()).send().await;
    assert_eq!(app.get(&path).user(admin()).send().await.json(), json!([]));
}

#[tokio::test]
async fn open_invitations_are_found_by_verified_email_and_accepted_by_id() {
    let app = app().await;
    let mine = async |email: &str| {
        let bearer = token_with_email(&app, stranger(), email);
        app.get("/users/me/invitations").bearer(&bearer).send().await
    };
    let first = mine("Nadia@Example.com").await.json();
    let expected = json!([{
        "id": demo::invitation_id().to_string(), "role": "member",
        "organization": { "id": demo::ACME, "name": "Acme Corp", "slug": "acme-corp" },
        "createdAt": "2025-12-26T10:00:00.000Z", "expiresAt": "2045-05-05T20:55:33.468Z",
    }]);
    assert_eq!(first, expected);
    assert_eq!(mine("other@example.com").await.json(), json!([]));
    let unverified = app.get("/users/me/invitations").user(stranger()).send().await;
    assert_eq!(unverified.json(), json!([]));

    let globex = app.call("POST", &format!("/organizations/{}/members/invite", demo::GLOBEX));
    let globex = globex.user(globex_owner()).json(&json!({ "email": demo::INVITED, "role": "admin" }));
    assert_eq!(globex.send().await.status, 201);
    let bearer = token_with_email(&app, stranger(), demo::INVITED);
    let page = app.get("/users/me/invitations?limit=1").bearer(&bearer).send().await;
    assert_eq!(page.json()[0]["organization"]["slug"], "acme-corp");
    let next = page.next_page().unwrap();
    let page = app.get(&next).bearer(&bearer).send().await;
    assert_eq!(page.json()[0]["organization"]["slug"], "globex");
    let body = json!({ "organizationId": page.json()[0]["organization"]["id"], "invitationId": page.json()[0]["id"] });
    let accept = app.call("POST", "/invitations/accept").bearer(&bearer).json(&body).send().await;
    assert_eq!(accept.status, 200);
    assert_eq!(mine(demo::INVITED).await.json(), expected, "what is accepted is open no more");
    app.call("DELETE", ACME).user(owner()).send().await;
    assert_eq!(mine(demo::INVITED).await.json(), json!([]));
    assert!(event_types(&app, demo::organization(demo::GLOBEX)).await.contains(&"member.added".to_owned()));
}
