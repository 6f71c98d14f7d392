//! The demo data: the records of the documentation of Timbrix, Spirii and Cyrexa, so that its examples work as printed.

pub mod app;
pub mod certificate;
pub mod customers;
pub mod generate;

use std::collections::BTreeMap;

use padron_domain::{
    Actor, Address, Certificate, Customization, DeliveryId, Email, Error, Event, EventData, Invitation,
    InvitationId, InvitationState, Legal, Membership, Organization, OrganizationId, PdfExtra, Periodicity,
    Plan, Receipts, Role, Seats, SelfInvoice, SubscriptionStatus, Timestamp, UserId,
};
use padron_emulator::LoginUser;
use padron_store::{Store, TransactionError};

/// The id of Acme Corp, the organization of Timbrix's documentation.
pub const ACME: &str = "550e8400-e29b-41d4-a716-446655440000";
/// The id of Globex, another organization.
pub const GLOBEX: &str = "660e8400-e29b-41d4-a716-446655440000";
/// The id of the owner of Acme Corp.
pub const OWNER: &str = "123e4567-e89b-12d3-a456-426614174000";
/// The id of an admin of Acme Corp.
pub const ADMIN: &str = "22222222-2222-4222-8222-222222222222";
/// The id of a member of Acme Corp.
pub const MEMBER: &str = "33333333-3333-4333-8333-333333333333";
/// The id of the owner of Globex.
pub const GLOBEX_OWNER: &str = "44444444-4444-4444-8444-444444444444";
/// The id of a user who belongs to no organization.
pub const STRANGER: &str = "99999999-9999-4999-8999-999999999999";

/// The id of an API key in the sample requests. The demo data has no such key: a key that everyone knows is none.
pub const API_KEY: &str = "0195b2f0-8a6e-7c3e-9f1d-5f0c2f3a4b5c";
/// The id of the webhook in the sample requests. The demo has no such webhook.
pub const WEBHOOK: &str = "0195b2f2-4d6e-7a8b-8c9d-0e1f2a3b4c5d";

/// The id of the delivery in the sample requests: that of [`event`] to [`WEBHOOK`]. The demo has no such delivery.
pub const DELIVERY: &str = "019bc186-de00-7a3c-8f21-5d6e7f8a9b0c.0";

/// The id of the OAuth app in the sample requests. The demo has no such app.
pub const OAUTH_APP: &str = "app_0195b2f35e7f7b8c9d0e1f2a3b4c5d6e";

/// The id of the token in the sample requests, of [`OAUTH_APP`]. The demo has no such token.
pub const OAUTH_GRANT: &str = "tok_0195b2f35e7f7b8c9d0e1f2a3b4c5d6e0195b2f46f807c9d8e1f2a3b4c5d6e7f";

/// Returns the event in the sample requests. The demo has no such event.
pub fn event() -> Event {
    let id: DeliveryId = DELIVERY.parse().expect("the demo's ids are ids");
    Event {
        id: id.event,
        organization: organization(ACME),
        actor: Actor::User(user(OWNER)),
        via: None,
        at: id.event.timestamp().expect("an id that sorts by time"),
        data: EventData::OrganizationUpdated { fields: vec!["name".into()] },
    }
}

/// The e-mail address of a person who is invited to Acme Corp as a member.
pub const INVITED: &str = "nadia@example.com";

/// Parses the id of a demo organization. Panics if it is not a UUID.
pub fn organization(id: &str) -> OrganizationId {
    OrganizationId::parse(id).expect("the demo's ids are UUIDs")
}

/// Parses the id of a demo user. Panics if it is not a UUID.
pub fn user(id: &str) -> UserId {
    UserId::parse(id).expect("the demo's ids are UUIDs")
}

/// Parses an instant of the demo data. Panics if it is not in RFC 3339 format.
fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("the demo's instants are RFC 3339")
}

/// The number of customers in one transaction.
const MAX_CHUNK: usize = 24;

/// Writes the demo records that do not exist yet. Records that were changed meanwhile stay as they are.
pub async fn load(store: &Store) -> Result<(), String> {
    for (organization, members) in [acme(), globex()] {
        let seats = Seats::default().of(organization.plan);
        match store.install_organization(&organization, &members, seats).await {
            Ok(()) | Err(TransactionError::Refused(_) | TransactionError::Outdated) => {}
            Err(TransactionError::Failed(error)) => return Err(explain(&error)),
        }
    }
    match store.install_invitation(&invitation()).await {
        Ok(()) | Err(TransactionError::Refused(_) | TransactionError::Outdated) => {}
        Err(TransactionError::Failed(error)) => return Err(explain(&error)),
    }
    // Customers are only written if there are none. Otherwise a customer that the user deleted would come back.
    if store.customer_count(organization(ACME)).await.map_err(|error| explain(&error))? > 0 {
        return Ok(());
    }
    for customers in customers::customers().chunks(MAX_CHUNK) {
        match store.create_customers(customers).await {
            Ok(()) => {}
            Err(TransactionError::Refused(_) | TransactionError::Outdated) => {}
            Err(TransactionError::Failed(error)) => return Err(explain(&error)),
        }
    }
    Ok(())
}

/// Returns the message of a failure to write the demo data.
fn explain(error: &Error) -> String {
    format!("the demo data could not be written: {}", error.cause().unwrap_or("for no known reason"))
}

fn membership(organization: &str, who: &str, role: Role, email: &str, name: &str) -> Membership {
    Membership {
        organization: self::organization(organization),
        user: user(who),
        version: 1,
        role,
        email: Some(email.into()),
        name: Some(name.into()),
        joined_at: at("2025-01-26T10:00:00Z"),
        changed_at: None,
    }
}

/// Returns the users of the demo, who can sign in on the local issuer's page.
pub fn logins() -> Vec<LoginUser> {
    let members = [acme(), globex()].into_iter().flat_map(|(_, members)| members);
    let login = |member: Membership| LoginUser {
        id: member.user.to_string(),
        name: member.name.unwrap_or_default(),
        email: member.email.unwrap_or_default(),
    };
    members.map(login).collect()
}

/// Returns the id of the demo's invitation.
pub fn invitation_id() -> InvitationId {
    invitation().id
}

/// Returns the demo's invitation. Nobody has its token, so that it is accepted by its id.
fn invitation() -> Invitation {
    let email = Email::parse(INVITED).expect("the demo's addresses are addresses");
    let organization = organization(ACME);
    Invitation {
        id: InvitationId::of(organization, &email),
        organization,
        version: 1,
        email,
        role: Role::Member,
        state: InvitationState::Pending,
        token_hash: String::new(),
        invited_by: Actor::User(user(ADMIN)),
        created_at: at("2025-12-26T10:00:00Z"),
        // The expiry is far in the future, so that the invitation can always be tried.
        expires_at: at("2045-05-05T20:55:33.468Z"),
        ended_at: None,
    }
}

/// Returns Acme Corp and its members.
fn acme() -> (Organization, Vec<Membership>) {
    let text = |text: &str| Some(text.to_owned());
    // The expiry is far in the future, so that the organization stays ready to invoice.
    let certificate = Certificate {
        updated_at: at("2023-05-05T20:55:33.468Z"),
        expires_at: at("2045-05-05T20:55:33.468Z"),
        serial_number: "30001000000300000101".into(),
        rfc: None,
        name: None,
    };
    let organization = Organization {
        id: organization(ACME),
        version: 1,
        name: "Acme Corp".into(),
        slug: "acme-corp".into(),
        logo: text("https://example.com/logo.png"),
        logo_file: None,
        plan: Plan::Pro,
        owner: user(OWNER),
        stripe_customer_id: text("cus_ABC123"),
        metadata: BTreeMap::new(),
        subscription_status: SubscriptionStatus::Active,
        subscription_period_end: Some(at("2026-01-26T10:00:00Z")),
        timezone: "America/Mexico_City".into(),
        created_at: at("2025-01-26T10:00:00Z"),
        updated_at: at("2025-12-26T10:00:00Z"),
        deleted_at: None,
        purging: false,
        legal: Legal {
            name: text("Mi Empresa"),
            legal_name: text("Mi Empresa SA de CV"),
            tax_system: text("601"),
            website: text("https://miempresa.com"),
            phone: text("+52 555 123 4567"),
            rfc: text("EKU9003173C9"),
            address: Address {
                street: text("Blvd. Atardecer"),
                exterior: text("142"),
                interior: text("4"),
                neighborhood: text("Centro"),
                city: text("Huatabampo"),
                municipality: text("Huatabampo"),
                zip: text("86500"),
                state: text("Sonora"),
            },
        },
        customization: Customization {
            color: text("BADA55"),
            next_folio_number: 123,
            next_folio_number_test: 123,
            pdf_extra: PdfExtra {
                codes: true,
                address_codes: true,
                product_key: true,
                round_unit_price: false,
                tax_breakdown: true,
                ieps_breakdown: true,
                render_carta_porte: false,
                repeat_signature: false,
            },
        },
        certificate: Some(certificate.clone()),
        fiel: Some(certificate),
        certificate_deleted_at: None,
        fiel_deleted_at: None,
        receipts: Receipts {
            periodicity: Periodicity::Day,
            duration_days: 7,
            next_folio_number: 123,
            next_folio_number_test: 123,
        },
        self_invoice: SelfInvoice {
            allowed_cfdi_uses: vec!["G01".into(), "G03".into()],
            apply_resico_isr: true,
            support_email: text("soporte@miempresa.com"),
            support_email_verified: true,
        },
    };
    let members = vec![
        membership(ACME, OWNER, Role::Owner, "olivia@acme.example", "Olivia Owner"),
        membership(ACME, ADMIN, Role::Admin, "adan@acme.example", "Adán Núñez"),
        membership(ACME, MEMBER, Role::Member, "maria@acme.example", "María Peña"),
    ];
    (organization, members)
}

/// Returns Globex and its owner.
fn globex() -> (Organization, Vec<Membership>) {
    let organization = Organization {
        id: organization(GLOBEX),
        version: 1,
        name: "Globex".into(),
        slug: "globex".into(),
        logo: None,
        logo_file: None,
        plan: Plan::Free,
        owner: user(GLOBEX_OWNER),
        stripe_customer_id: None,
        metadata: BTreeMap::new(),
        subscription_status: SubscriptionStatus::None,
        subscription_period_end: None,
        timezone: "America/Mexico_City".into(),
        created_at: at("2025-03-01T09:30:00Z"),
        updated_at: at("2025-03-01T09:30:00Z"),
        deleted_at: None,
        purging: false,
        legal: Legal::default(),
        customization: Customization::default(),
        certificate: None,
        fiel: None,
        certificate_deleted_at: None,
        fiel_deleted_at: None,
        receipts: Receipts::default(),
        self_invoice: SelfInvoice::default(),
    };
    let owner = membership(GLOBEX, GLOBEX_OWNER, Role::Owner, "hank@globex.example", "Hank Scorpio");
    (organization, vec![owner])
}
