//! `POST /organizations/{organizationId}/members/invite-bulk`.

use padron_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{ACME, admin, app, token_with_email, user};

async fn invite(app: &TestApp, invitations: &Value) -> Answer {
    let call = app.call("POST", &format!("{ACME}/members/invite-bulk")).user(admin());
    call.json(&json!({ "invitations": invitations })).send().await
}

#[tokio::test]
async fn each_is_invited_as_if_alone() {
    let app = app().await;
    let answer = invite(
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
    assert_eq!(answer.status, 207, "{}", answer.text);
    let results = answer.json()["results"].as_array().unwrap().clone();
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
    assert!(!answer.text.contains("nobody"), "what was wrong is not shown back");
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
        let Some(link) = page.headers.get("link") else { break };
        path = link.strip_prefix("</api").unwrap().split('>').next().unwrap().to_owned();
    }
    assert_eq!(count, 51, "beside the demo's");
}

#[tokio::test]
async fn what_goes_wrong_for_all_is_told_once() {
    let mut app = app().await;
    app.time_limit = std::time::Duration::from_millis(900);
    // Access and the earlier invitations are read; then the table is busy.
    app.proxy.inject(vec![padron_testkit::Fault::Delay(std::time::Duration::ZERO); 2]);
    app.proxy.always(Some(padron_testkit::Fault::Throttle));
    let answer = invite(&app, &json!([{ "email": "a@b.example", "role": "member" }])).await;
    assert_eq!(answer.problem(), "503 service_unavailable");
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
        let answer = invite(&app, &invitations).await;
        assert_eq!(answer.problem(), "400 invalid_request", "{invitations}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{invitations}");
    }
}
