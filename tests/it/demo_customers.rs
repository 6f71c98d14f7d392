//! Tests of the customers that `make demo-customers` generates.

use std::collections::BTreeMap;

use padron_domain::{Ancestor, Ancestors, Customer, CustomerKind, CustomerNumber};
use padron_local::demo::{self, generate};

use crate::support::{ACME, app, member};

#[test]
fn made_up_customers_break_no_rule() {
    let organization = demo::organization(demo::ACME);
    let now = padron_domain::Timestamp::parse("2026-01-15T12:00:00Z").unwrap();
    let creator = generate::CustomerGenerator::new(organization, 3000, now, 1);
    let all: BTreeMap<CustomerNumber, Customer> =
        (0..3000).filter_map(|index| creator.customer(index)).map(|one| (one.number, one)).collect();
    assert!(all.len() > 2990, "hardly two of one number");
    let ancestor =
        |one: &Customer| Ancestor { name: one.name.clone().into(), kind: one.kind, parent: one.parent };
    let ancestors = Ancestors::new(all.values().map(|one| (one.number, ancestor(one))));
    for one in all.values() {
        let blank = Customer::new(organization, one.number, one.id.clone(), one.created_at);
        assert_eq!(one.broken_rules(&blank), [], "{one:?}");
        assert_eq!(one.broken_invoice_rules(&blank), [], "{one:?}");
        assert_eq!(one.warnings(), [], "{one:?}");
        assert!(one.created_at <= one.updated_at && one.updated_at <= now);
        assert_eq!(one.number.created_at(), one.created_at);
        assert!(ancestors.chain_from(one.parent).count() < Customer::MAX_DEPTH);
        if let Some((_, parent)) =
            ancestors.parent(one.parent).filter(|_| one.kind == CustomerKind::CpoSubsidiary)
        {
            assert!(parent.kind.may_have_subsidiaries());
        }
    }
    let of = |kind: CustomerKind| all.values().filter(|one| one.kind == kind).count();
    let kinds =
        [CustomerKind::Private, CustomerKind::Business, CustomerKind::Cpo, CustomerKind::CpoSubsidiary];
    assert!(kinds.into_iter().all(|kind| of(kind) >= 10), "of every kind");
    assert!(all.values().any(|one| one.name.contains('ñ')) && all.values().any(|one| !one.is_mexican()));
}

#[tokio::test]
async fn they_are_written_and_counted_once_and_again() {
    let app = app().await;
    let organization = demo::organization(demo::ACME);
    let there = demo::customers::customers().len() as u64;
    for run in 1..=2 {
        let creator =
            generate::CustomerGenerator::new(organization, 60, app.clock.now(), u32::try_from(run).unwrap());
        let told = std::sync::Mutex::new(Vec::new());
        generate::write(&app.store(), &creator, |written| told.lock().unwrap().push(written)).await.unwrap();
        let told = told.into_inner().unwrap();
        assert!(told.is_sorted() && told.len() == 3, "{told:?}");
        assert_eq!(told.last(), Some(&60));
        assert_eq!(app.store().customer_count(organization).await.unwrap(), there + 60 * run);
    }
    let list =
        app.get(&format!("{ACME}/customers?search=ERP-00000002&limit=1000")).user(member()).send().await;
    assert!(list.json().as_array().unwrap().len() > 20);
}
