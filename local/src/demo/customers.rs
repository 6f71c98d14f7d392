//! The demo customers of Acme Corp: the one of Timbrix's documentation, and some forty of every kind in three levels.

use std::time::Duration;

use padron_domain::{
    Customer, CustomerAddress, CustomerId, CustomerKind, CustomerNumber, CustomerStatus, MEXICO, NamePart,
    Notification, Payout, Person, Timestamp,
};

use super::{ACME, at, organization};

/// The id of Dunder Mifflin, the customer of Timbrix's documentation.
pub const DUNDER_MIFFLIN: &str = "590ce6c56d04f840aa8438af";

/// One day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The names of charge point operators and of their subsidiaries.
const OPERATORS: [(&str, [&str; 3]); 2] = [
    ("Electro Cargas Ñandú", ["Cargas del Bajío", "Cargas Península", "Cargas Sierra Tarahumara"]),
    ("Voltaje Móvil", ["Voltaje Norte", "Voltaje Centro Histórico", "Voltaje Île-de-France"]),
];
/// The names of business customers.
const COMPANIES: [&str; 12] = [
    "Panadería La Cigüeña",
    "Muebles Ibáñez",
    "Ñoquis y Más",
    "Autotransportes Quetzalcóatl",
    "Café Über",
    "Ferretería El Águila",
    "Viñedos Peñafiel",
    "Hotel Posada del Ángel",
    "Óptica Zúñiga",
    "Nuez y Compañía",
    "Consultoría Ámbar",
    "Imprenta Gutiérrez",
];
/// The names of private customers and contacts.
const PEOPLE: [&str; 18] = [
    "Sofía Núñez",
    "Ángel Muñoz",
    "José Ibarra",
    "Zoë Castañeda",
    "Íñigo Arriaga",
    "María de los Ángeles Peña",
    "Óscar Yáñez",
    "Ñusta Quispe",
    "Renée Dubois",
    "Andrés Ordóñez",
    "Lucía Güemes",
    "Jürgen Groß",
    "Beatriz Avendaño",
    "Raúl Ocaña",
    "Nadia Nunez",
    "Émile Laforêt",
    "Inés Treviño",
    "Tomás Ureña",
];

/// Returns the demo customers, the oldest first.
pub fn customers() -> Vec<Customer> {
    let mut customers = vec![dunder_mifflin()];
    let mut names = COMPANIES
        .iter()
        .zip(&PEOPLE)
        .flat_map(|(company, person)| [(*company, CustomerKind::Business), (*person, CustomerKind::Private)]);
    let mut people = PEOPLE[COMPANIES.len()..].iter().map(|person| (*person, CustomerKind::Private));
    let mut add = |name: &str, kind: CustomerKind, parent: Option<CustomerNumber>| {
        let customer = customer(customers.len(), name, kind, parent);
        let number = customer.number;
        customers.push(customer);
        number
    };
    for (operator, parts) in OPERATORS {
        let operator = add(operator, CustomerKind::Cpo, None);
        for part in parts {
            let part = add(part, CustomerKind::CpoSubsidiary, Some(operator));
            for (name, kind) in names.by_ref().take(4).chain(people.by_ref().take(1)) {
                add(name, kind, Some(part));
            }
        }
    }
    for (name, kind) in [
        ("Globex Corporation", CustomerKind::Business),
        ("Zoológico de Chapultepec", CustomerKind::Business),
        ("Michael Scott", CustomerKind::Private),
        ("Ángela Martín", CustomerKind::Private),
    ] {
        add(name, kind, None);
    }
    customers
}

/// Returns Dunder Mifflin, as Timbrix's documentation shows it.
fn dunder_mifflin() -> Customer {
    let created_at = at("2025-01-26T10:00:00Z");
    Customer {
        id: CustomerId::parse(DUNDER_MIFFLIN).expect("24 hex digits"),
        tax_id: "DUM901231AB3".into(),
        tax_system: "601".into(),
        default_invoice_use: "G01".into(),
        email: "billing@dundermifflin.com".into(),
        phone: Some("6474010101".into()),
        address: CustomerAddress {
            street: "Blvd. Atardecer".into(),
            exterior: "142".into(),
            interior: None,
            neighborhood: "Centro".into(),
            city: "Huatabampo".into(),
            municipality: "Huatabampo".into(),
            zip: "86500".into(),
            state: "Sonora".into(),
        },
        ..plain("Dunder Mifflin", CustomerKind::Business, number(created_at), created_at)
    }
}

/// Returns the number of a customer that was created at an instant.
fn number(created_at: Timestamp) -> CustomerNumber {
    CustomerNumber::from_timestamp(created_at, 0).expect("an instant of this century")
}

/// Returns a customer with a name, a kind and a country only.
fn plain(name: &str, kind: CustomerKind, number: CustomerNumber, created_at: Timestamp) -> Customer {
    let id = CustomerId::new(number, number.get() % 0xfff_fff1);
    Customer {
        name: name.into(),
        kind,
        country: Some(MEXICO.into()),
        ..Customer::new(organization(ACME), number, id, created_at)
    }
}

/// Returns the customer at an index. Customers are created one week apart, so that their dates differ.
fn customer(index: usize, name: &str, kind: CustomerKind, parent: Option<CustomerNumber>) -> Customer {
    let weeks = u32::try_from(index).unwrap_or(u32::MAX);
    let created_at = at("2025-01-26T10:00:00Z").plus(DAY * 7 * weeks);
    let country = match name {
        name if name.contains("Île") || name.contains("Émile") || name.contains("Renée") => "FRA",
        name if name.contains("Jürgen") || name.contains("Über") => "DEU",
        _ => "MEX",
    };
    let word = padron_domain::name_key(name).replace(|letter: char| !letter.is_ascii_alphanumeric(), "");
    let person = match (kind, name.split_once(' ')) {
        (CustomerKind::Private, Some((first, last))) => Person {
            first_name: Some(NamePart { name: first.into(), ..NamePart::default() }),
            last_name: Some(NamePart { name: last.into(), ..NamePart::default() }),
            ..Person::default()
        },
        _ => Person::default(),
    };
    let status = match index % 4 {
        0 => CustomerStatus::New,
        1 | 2 => CustomerStatus::Verified,
        _ => CustomerStatus::UnderVerification,
    };
    Customer {
        email: format!("{word}@example.com"),
        phone: (!index.is_multiple_of(3)).then(|| format!("+52 55 5555 {index:04}")),
        contact_name: (kind != CustomerKind::Private).then(|| PEOPLE[index % PEOPLE.len()].to_owned()),
        address: CustomerAddress {
            street: "Av. Insurgentes Sur".into(),
            exterior: format!("{}", 100 + index),
            neighborhood: "Roma Norte".into(),
            city: "Ciudad de México".into(),
            municipality: "Cuauhtémoc".into(),
            zip: "06700".into(),
            state: "Ciudad de México".into(),
            interior: None,
        },
        country: Some(country.into()),
        external_id: index.is_multiple_of(2).then(|| format!("ERP-{index:04}")),
        metadata: [("source".to_owned(), "demo".to_owned())].into(),
        parent,
        payout: matches!(kind, CustomerKind::Cpo | CustomerKind::CpoSubsidiary).then(|| Payout {
            iban: Some(format!("DK50004004401162{index:02}")),
            swift_code: Some("NDEADKKK".into()),
            bank_account_holder_name: Some(name.into()),
            bank_registration_number: Some("2050".into()),
            bank_account: Some(format!("04401162{index:02}")),
        }),
        locations: (0..3)
            .filter(|place| index % 5 > *place)
            .filter_map(|place| i64::try_from(index * 10 + place).ok())
            .collect(),
        status,
        notifications: vec![Notification {
            notification_type: "Marketingemails".into(),
            is_enabled: index.is_multiple_of(2),
        }],
        person,
        updated_at: created_at.plus(DAY * (weeks % 5)),
        ..plain(name, kind, number(created_at), created_at)
    }
}
