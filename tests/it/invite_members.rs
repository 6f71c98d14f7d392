//! Tests of `POST /organizations/{organizationId}/members/invite-bulk`.

use std::time::Duration;

use padron_domain::{Membership, Role};
use padron_local::demo;
use padron_testkit::{Fault, TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{
    ACME, admin, app, event_types, membership, owner, pairs, token_with_email, user, write_membership, wrong,
};

async fn invite(app: &TestApp, invitations: &Value) -> TestResponse {
    let call = app.call("POST", &format!("{ACME}/members/invite-bulk")).user(admin());
    call.json(&json!({ "invitations": invitations })).send().await
}

#[tokio::test]
async fn each_is_invited_as_if_alone() {
    let app = app().await;
    let response = invite(
        &app,
        &json!([
            { "email": "uno@b.example", "role": "member" },
            { "email": "maria@acme.example", "role": "member" },
            { "email": "nobody", "role": "member" },
            { "email": "UNO@b.example", "role": "admin" },
            { "email": "dos@b.example", "role": "admin" },
        ]),
    )
    .await;
    assert_eq!(response.status, 207, "{}", response.text);
    let results = response.json()["results"].as_array().unwrap().clone();
    let seen: Vec<_> = results
        .iter()
        .map(|one| (one["index"].clone(), one["status"].clone(), one["code"].clone()))
        .collect();
    let expected = [
        (0, 201, Value::Null),
        (1, 409, json!("already_member")),
        (2, 400, json!("invalid_request")),
        (3, 400, json!("invalid_request")),
        (4, 201, Value::Null),
    ];
    assert_eq!(seen, expected.map(|(index, status, code)| (json!(index), json!(status), code)));
    assert!(!response.text.contains("nobody"), "what was wrong is not shown back");
    let bearer = token_with_email(&app, user(1), "dos@b.example");
    let accept = app.call("POST", "/invitations/accept").bearer(&bearer);
    let accept = accept.json(&json!({ "token": results[4]["invitation"]["token"] })).send().await;
    assert_eq!((accept.status, &accept.json()["role"]), (200, &json!("admin")));
}

#[tokio::test]
async fn fifty_fit_and_sent_again_they_are_the_same_fifty() {
    let app = app().await;
    let fifty: Vec<_> =
        (0..50).map(|n| json!({ "email": format!("n{n}@b.example"), "role": "member" })).collect();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let results = invite(&app, &json!(fifty)).await.json()["results"].as_array().unwrap().clone();
        assert!(results.iter().all(|one| one["status"] == 201));
        ids.push(results.iter().map(|one| one["invitation"]["id"].to_string()).collect::<Vec<_>>());
    }
    assert_eq!(ids[0], ids[1]);
    let mut count = 0;
    let mut path = format!("{ACME}/invitations?status=pending&limit=20");
    for _ in 0..5 {
        let page = app.get(&path).user(admin()).send().await;
        count += page.json().as_array().unwrap().len();
        let Some(next) = page.next_page() else { break };
        path = next;
    }
    assert_eq!(count, 51, "beside the demo's");
}

#[tokio::test]
async fn what_goes_wrong_for_all_is_told_once() {
    let mut app = app().await;
    app.time_limit = Duration::from_millis(900);
    // The reads of access and of earlier invitations succeed. After them, the table is throttled.
    app.proxy.inject(vec![Fault::Delay(Duration::ZERO); 2]);
    app.proxy.always(Some(Fault::Throttle));
    let response = invite(&app, &json!([{ "email": "a@b.example", "role": "member" }])).await;
    assert_eq!(response.problem(), "503 service_unavailable");
}

#[tokio::test]
async fn the_list_has_limits_and_its_members_are_objects() {
    let app = app().await;
    let one = json!({ "email": "a@b.example", "role": "member" });
    for (invitations, pointer) in [
        (json!([]), "/invitations"),
        (json!(vec![one.clone(); 51]), "/invitations"),
        (json!([["a@b.example", "member"]]), "/invitations/0"),
        (json!([one, { "email": "a@b.example", "role": "owner" }]), "/invitations/1/role"),
        (json!({}), "/invitations"),
        (json!(null), "/invitations"),
    ] {
        let response = invite(&app, &invitations).await;
        assert_eq!(response.problem(), "400 invalid_request", "{invitations}");
        assert_eq!(response.json()["errors"][0]["pointer"], pointer, "{invitations}");
    }
}

#[tokio::test]
async fn a_key_is_refused_where_no_answer_is_kept() {
    let app = app().await;
    let body = json!({ "invitations": [{ "email": "a@b.example", "role": "member" }] });
    let token = app.token(owner());
    let search = format!("/customer/getByOrganization/{}", demo::ACME);
    for (path, body) in [
        (format!("{ACME}/members/invite-bulk"), &body),
        (search, &json!({})),
        ("/customer/getByCustomerType/Person".to_owned(), &json!({})),
    ] {
        let call =
            app.call("POST", &path).bearer(&token).header("token", &token).header("tenantid", demo::ACME);
        let refused = call.header("idempotency-key", "k").json(body).send().await;
        assert_eq!(wrong(&refused), pairs(&[("/headers/Idempotency-Key", "not_supported")]), "{path}");
    }
    assert!(event_types(&app, demo::organization(demo::ACME)).await.is_empty(), "nothing was written");
    // Requests that need no key accept one, because a client may send it with every request.
    for (method, status) in [("GET", 200), ("PUT", 200), ("HEAD", 200)] {
        let mut call = app.call(method, ACME).user(owner()).header("idempotency-key", "k");
        if method == "PUT" {
            call = call.json(&json!({ "name": "Acme Again" }));
        }
        assert_eq!(call.send().await.status, status, "{method}");
    }
}

/// The admin's own membership changes during the bulk invitation. The invitations written before keep their tokens.
#[tokio::test]
async fn an_admin_who_is_demoted_on_the_way_is_told_of_those_who_were_invited() {
    let app = app().await;
    let invitations: Vec<Value> =
        (0..8).map(|index| json!({ "email": format!("n{index}@b.example"), "role": "member" })).collect();
    let body = json!({ "invitations": invitations });
    let bulk = app.call("POST", &format!("{ACME}/members/invite-bulk")).user(admin()).json(&body);
    app.proxy.always(Some(Fault::Delay(Duration::from_millis(50))));
    let demote = async {
        while event_types(&app, demo::organization(demo::ACME)).await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let member = Membership { role: Role::Member, ..membership(&app, admin()).await };
        write_membership(&app, &member).await;
    };
    let (response, ()) = tokio::join!(bulk.send(), demote);
    assert_eq!(response.status, 207, "{}", response.text);
    let results = response.json()["results"].as_array().unwrap().clone();
    let statuses: Vec<u64> = results.iter().map(|one| one["status"].as_u64().unwrap()).collect();
    let invited = statuses.iter().filter(|status| **status == 201).count();
    assert!((1..8).contains(&invited), "the role was lost on the way: {statuses:?}");
    assert!(statuses[invited..].iter().all(|status| *status == 403), "{statuses:?}");
    // Every token of the response is valid, and each invitation has one event.
    for result in &results[..invited] {
        let email = result["invitation"]["email"].as_str().unwrap();
        let bearer = token_with_email(&app, user(1), email);
        let body = json!({ "token": result["invitation"]["token"] });
        let decline = app.call("POST", "/invitations/decline").bearer(&bearer).json(&body).send().await;
        assert_eq!(decline.status, 204, "{email}");
    }
    let told = event_types(&app, demo::organization(demo::ACME)).await;
    assert_eq!(told.iter().filter(|name| *name == "invite.created").count(), invited);
}
