//! Tests of the store's reads and transactions, with the errors that DynamoDB may return.

use std::{sync::Arc, time::Duration};

use padron_domain::{Failure, Membership, Organization, OrganizationId, Role, UserId};
use padron_local::demo;
use padron_store::{CustomerConflict, Store, TransactionError};
use padron_testkit::{Fault, TestApp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::{app, member, owner};

/// Returns a store whose requests go through the proxy.
fn through_proxy(app: &TestApp, limit: Duration) -> Store {
    Store::new(&app.proxied_connection()).until(Instant::now() + limit)
}

const AMPLE: Duration = Duration::from_secs(30);

/// Returns an organization like Acme Corp with another id and this slug, and its owner's membership.
async fn organization(app: &TestApp, slug: &str) -> (Organization, Vec<Membership>) {
    let acme = app.store().organization_access(demo::organization(demo::ACME), owner(), []).await.unwrap();
    let id = OrganizationId::new(Uuid::new_v4());
    let organization = Organization { id, slug: slug.into(), ..acme.organization.unwrap() };
    let owner = Membership { organization: id, ..acme.membership.unwrap() };
    (organization, vec![owner])
}

async fn exists(app: &TestApp, id: OrganizationId) -> bool {
    app.store().organization_access(id, owner(), []).await.unwrap().organization.is_some()
}

#[tokio::test]
async fn what_is_written_is_read_back_whole() {
    let app = app().await;
    let (new, members) = organization(&app, "round-trip").await;
    app.store().install_organization(&new, &members, None).await.unwrap();
    let read = app.store().organization_access(new.id, owner(), []).await.unwrap();
    assert_eq!(read.organization.as_ref(), Some(&new));
    assert_eq!(read.membership.as_ref(), Some(&members[0]));
    let stranger = app.store().organization_access(new.id, member(), []).await.unwrap();
    assert_eq!((stranger.organization, stranger.membership), (Some(new), None));
}

#[tokio::test]
async fn a_deleted_organization_reads_as_unknown() {
    let app = app().await;
    let (mut gone, members) = organization(&app, "gone").await;
    gone.deleted_at = Some(app.clock.now());
    app.store().install_organization(&gone, &members, None).await.unwrap();
    let response = app.get(&format!("/organizations/{}", gone.id)).user(owner()).send().await;
    assert_eq!(response.problem(), "404 organization_not_found", "to its owner too");
}

#[tokio::test]
async fn a_refused_transaction_names_the_write_that_refused_and_writes_nothing() {
    let app = app().await;
    let (taken_slug, members) = organization(&app, "acme-corp").await;
    let refused = app.store().install_organization(&taken_slug, &members, None).await;
    assert!(matches!(refused, Err(TransactionError::Refused(Failure::SLUG_TAKEN))), "{refused:?}");
    assert!(!exists(&app, taken_slug.id).await, "nothing of it was written");

    let (mut taken_id, members) = organization(&app, "another").await;
    taken_id.id = demo::organization(demo::ACME);
    let refused = app.store().install_organization(&taken_id, &members, None).await;
    assert!(matches!(refused, Err(TransactionError::Refused(Failure::CONCURRENT_CHANGE))), "{refused:?}");
}

#[tokio::test]
async fn equal_external_ids_in_one_batch_are_told_and_not_sent() {
    let app = app().await;
    let mut customers = demo::customers::customers();
    customers.truncate(3);
    for (customer, external_id) in customers.iter_mut().zip(["same", "other", "same"]) {
        customer.external_id = Some(external_id.into());
    }
    app.recorded();
    let refused = through_proxy(&app, AMPLE).create_customers(&customers).await;
    let expected = matches!(refused, Err(TransactionError::Refused((2, CustomerConflict::ExternalId))));
    assert!(expected, "{refused:?}");
    assert!(app.recorded().is_empty(), "DynamoDB would not say which");
}

#[tokio::test]
async fn conflicts_are_tried_again_each_time_under_a_new_token() {
    let app = app().await;
    let store = through_proxy(&app, AMPLE);
    let (new, members) = organization(&app, "contended").await;
    app.recorded();
    app.proxy.inject([Fault::Conflict(0), Fault::Conflict(2)]);
    store.install_organization(&new, &members, None).await.unwrap();
    let tokens: Vec<String> =
        app.recorded().iter().map(|request| request.body["ClientRequestToken"].to_string()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
    assert!(exists(&app, new.id).await);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_token_and_the_effect_is_one() {
    let app = app().await;
    let (new, members) = organization(&app, "lost").await;
    for fault in [Fault::LostResponse, Fault::Reset, Fault::ServerError, Fault::Throttle] {
        let store = through_proxy(&app, AMPLE);
        let new = Organization {
            id: OrganizationId::new(Uuid::new_v4()),
            slug: format!("lost-{}", Uuid::new_v4()),
            ..new.clone()
        };
        let members = vec![Membership { organization: new.id, ..members[0].clone() }];
        app.recorded();
        app.proxy.inject([fault.clone()]);
        store
            .install_organization(&new, &members, None)
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        let recorded = app.recorded();
        assert_eq!(recorded.len(), 2, "{fault:?}");
        assert_eq!(
            recorded[0].body["ClientRequestToken"], recorded[1].body["ClientRequestToken"],
            "{fault:?}"
        );
        assert!(exists(&app, new.id).await);
    }
}

#[tokio::test]
async fn trouble_without_end_is_unavailable_at_the_deadline() {
    let app = app().await;
    let (new, members) = organization(&app, "never").await;
    for fault in [Fault::Conflict(0), Fault::Throttle, Fault::Hang, Fault::Reset] {
        app.proxy.always(Some(fault.clone()));
        let store = through_proxy(&app, Duration::from_millis(700));
        let Err(TransactionError::Failed(error)) = store.install_organization(&new, &members, None).await
        else {
            panic!("{fault:?}")
        };
        assert_eq!(error.failure(), Failure::UNAVAILABLE, "{fault:?}");
    }
    app.proxy.always(None);
    assert!(!exists(&app, new.id).await);
}

#[tokio::test]
async fn thirty_two_at_once_have_one_winner_for_a_slug() {
    let app = Arc::new(app().await);
    let mut tasks = Vec::new();
    for _ in 0..32 {
        let (new, members) = organization(&app, "coveted").await;
        let store = app.store();
        tasks.push(tokio::spawn(async move { store.install_organization(&new, &members, None).await }));
    }
    let mut winners = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => winners += 1,
            Err(TransactionError::Refused(Failure::SLUG_TAKEN)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_store_counts_what_it_spends() {
    let app = app().await;
    let store = through_proxy(&app, AMPLE);
    store.organization_access(demo::organization(demo::ACME), member(), []).await.unwrap();
    store.organization_access(demo::organization(demo::ACME), UserId::new(Uuid::nil()), []).await.unwrap();
    assert_eq!(
        (store.spent().calls, store.spent().units),
        (2, 4.0),
        "an item that is not there costs a unit too"
    );
    assert_eq!(through_proxy(&app, AMPLE).spent().calls, 0, "each request counts for itself");
}

#[tokio::test]
async fn every_table_write_says_what_it_holds() {
    let app = app().await;
    let (new, members) = organization(&app, "described").await;
    let admin = Membership {
        user: UserId::random(),
        role: Role::Admin,
        email: None,
        name: None,
        ..members[0].clone()
    };
    app.recorded();
    through_proxy(&app, AMPLE).install_organization(&new, &[members[0].clone(), admin], None).await.unwrap();
    let recorded = app.recorded();
    let writes = recorded[0].body["TransactItems"].as_array().unwrap().clone();
    let entity = |write: &serde_json::Value| {
        let entity = &write["Put"]["Item"]["entity"]["S"];
        let updated = &write["Update"]["ExpressionAttributeValues"][":entity"]["S"];
        entity.as_str().or(updated.as_str()).unwrap().to_owned()
    };
    let entities: Vec<_> = writes.iter().map(entity).collect();
    let expected =
        ["organization", "slug", "roster", "membership", "email", "profile", "membership", "profile"];
    assert_eq!(entities, expected);
    for write in &writes {
        if write.get("Put").is_some() {
            assert_eq!(write["Put"]["ConditionExpression"], "attribute_not_exists(PK)");
        }
        assert!(!write.to_string().contains("NULL"), "absent values take no space: {write}");
    }
    assert_eq!(writes[2]["Put"]["Item"]["members"]["N"], "2");
    assert_eq!(writes[2]["Put"]["Item"]["admins"]["N"], "1");
    assert_eq!(writes[3]["Put"]["Item"]["GSI1PK"]["S"], format!("USER#{}", demo::OWNER));
}
