//! Generated customers of a company in Mexico, in any number, to try lists with.

use padron_domain::{
    Clock, Customer, CustomerAddress, CustomerId, CustomerKind, CustomerNumber, CustomerStatus,
    OrganizationId, Payout, Rfc, Timestamp,
};
use padron_store::{CustomerConflict, Store, TransactionError};
use tokio::{task::JoinSet, time::Instant};

use crate::error::explain;

use std::time::Duration;

const FIRST_NAMES: [&str; 40] = [
    "Sofía",
    "José",
    "María",
    "Ángel",
    "Lucía",
    "Óscar",
    "Inés",
    "Raúl",
    "Zoë",
    "Íñigo",
    "Beatriz",
    "Tomás",
    "Renata",
    "Andrés",
    "Ximena",
    "Héctor",
    "Valentina",
    "Joaquín",
    "Regina",
    "Emiliano",
    "Camila",
    "Santiago",
    "Fernanda",
    "Iván",
    "Paola",
    "Ramón",
    "Ñusta",
    "Germán",
    "Elisa",
    "Tadeo",
    "Noé",
    "Úrsula",
    "Émile",
    "Jürgen",
    "Mette",
    "Lars",
    "Aitana",
    "Brígida",
    "Damián",
    "Citlali",
];
const LAST_NAMES: [&str; 40] = [
    "Núñez",
    "Muñoz",
    "Ibarra",
    "Castañeda",
    "Arriaga",
    "Peña",
    "Yáñez",
    "Quispe",
    "Ordóñez",
    "Güemes",
    "Avendaño",
    "Ocaña",
    "Treviño",
    "Ureña",
    "Hernández",
    "García",
    "López",
    "Martínez",
    "Rodríguez",
    "Pérez",
    "Sánchez",
    "Ramírez",
    "Flores",
    "Gómez",
    "Zúñiga",
    "Ñáñez",
    "Álvarez",
    "Téllez",
    "Villaseñor",
    "Cárdenas",
    "Escandón",
    "Montaño",
    "Oñate",
    "Bolaños",
    "Carreño",
    "Dueñas",
    "Espíndola",
    "Frías",
    "Jiménez",
    "Kuri",
];
const TRADES: [&str; 24] = [
    "Panadería",
    "Ferretería",
    "Autotransportes",
    "Muebles",
    "Hotel",
    "Óptica",
    "Consultoría",
    "Imprenta",
    "Viñedos",
    "Farmacia",
    "Papelería",
    "Constructora",
    "Tortillería",
    "Refacciones",
    "Clínica",
    "Café",
    "Lácteos",
    "Textiles",
    "Viveros",
    "Mudanzas",
    "Ópalos",
    "Ñoquería",
    "Estudio",
    "Taller",
];
const BUSINESS_NAMES: [&str; 30] = [
    "La Cigüeña",
    "El Águila",
    "Quetzalcóatl",
    "del Bajío",
    "San Ángel",
    "Peñafiel",
    "Xochimilco",
    "del Norte",
    "El Ñandú",
    "Tarahumara",
    "La Moderna",
    "Los Pinos",
    "Península",
    "Tlaquepaque",
    "Ámbar",
    "Monte Albán",
    "El Ángel",
    "Teotihuacán",
    "Huasteca",
    "La Esperanza",
    "Río Bravo",
    "Sierra Madre",
    "El Rosario",
    "Cempasúchil",
    "Mazatlán",
    "Jacaranda",
    "Nevada",
    "Puerta de Alcalá",
    "Orizaba",
    "Coyoacán",
];
/// The state, the city and the first postal code of places in Mexico.
const PLACES: [(&str, &str, u32); 12] = [
    ("Ciudad de México", "Ciudad de México", 3100),
    ("Jalisco", "Guadalajara", 44100),
    ("Nuevo León", "Monterrey", 64000),
    ("Puebla", "Puebla", 72000),
    ("Guanajuato", "León", 37000),
    ("Yucatán", "Mérida", 97000),
    ("Sonora", "Hermosillo", 83000),
    ("Querétaro", "Querétaro", 76000),
    ("Michoacán", "Morelia", 58000),
    ("Quintana Roo", "Cancún", 77500),
    ("Baja California", "Tijuana", 22000),
    ("San Luis Potosí", "San Luis Potosí", 78000),
];
const STREETS: [&str; 10] = [
    "Av. Insurgentes Sur",
    "Av. Juárez",
    "Calle Hidalgo",
    "Blvd. Atardecer",
    "Av. Niños Héroes",
    "Calle Morelos",
    "Paseo de la Reforma",
    "Av. Revolución",
    "Calle 5 de Mayo",
    "Calz. Independencia",
];
/// The country, the prefix of its tax ids and a city of each place abroad.
const ABROAD: [(&str, &str, &str); 5] = [
    ("USA", "98-", "El Paso"),
    ("DNK", "DK", "Odense"),
    ("DEU", "DE", "Köln"),
    ("ESP", "ESB", "Logroño"),
    ("FRA", "FR", "Besançon"),
];

/// The number of customers in one transaction.
const BATCH: usize = 24;
/// The number of concurrent transactions.
const AT_ONCE: usize = 8;
/// The number of customers in a group.
///
/// The first customer of a group is a charge point operator. The next [`PARTS`] are its subsidiaries, and most of the others belong to one
/// of these.
const GROUP: u64 = 200;
/// The number of subsidiaries in a group.
const PARTS: u64 = 6;
/// The number of days over which the creation times are spread.
const DAYS: u64 = 3 * 365;
/// The maximum time of one transaction.
const BATCH_TIME: Duration = Duration::from_secs(60);

/// A generator of customers. The same index gives the same names and addresses; numbers, dates and external ids differ between runs.
#[derive(Clone, Debug)]
pub struct CustomerGenerator {
    organization: OrganizationId,
    count: u64,
    /// The time at which the last customer is created.
    now: Timestamp,
    /// A number that distinguishes the external ids of this run from those of other runs.
    run: u32,
}

impl CustomerGenerator {
    /// Creates a generator of `count` customers, the last of them created at `now`.
    pub fn new(organization: OrganizationId, count: u64, now: Timestamp, run: u32) -> Self {
        Self { organization, count, now, run }
    }

    /// Returns the number of the customer at an index; `None` if its creation time cannot be represented. Older customers come first.
    fn number(&self, index: u64) -> Option<CustomerNumber> {
        let span = DAYS * 24 * 60 * 60 * 1000;
        let ago = span - span / self.count.max(1) * index;
        let created_at = Timestamp::from_millis(self.now.millis() - i64::try_from(ago).ok()?)?;
        let distinct = fastrand::Rng::with_seed(index ^ u64::from(self.run)).u16(..);
        CustomerNumber::from_timestamp(created_at, distinct)
    }

    /// Returns the customer at an index; `None` if its creation time cannot be represented.
    pub fn customer(&self, index: u64) -> Option<Customer> {
        let number = self.number(index)?;
        let mut random = fastrand::Rng::with_seed(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (first, in_group) = (index - index % GROUP, index % GROUP);
        let (kind, parent) = match in_group {
            0 => (CustomerKind::Cpo, None),
            1..=PARTS => (CustomerKind::CpoSubsidiary, Some(first)),
            _ => {
                let kind = if random.u8(..10) < 6 { CustomerKind::Private } else { CustomerKind::Business };
                let parent = first + random.u64(1..=PARTS);
                (kind, (random.u8(..10) < 7 && parent < index).then_some(parent))
            }
        };
        let parent = match parent {
            Some(parent) => Some(self.number(parent)?),
            None => None,
        };
        let [first_name, last_name, mother] =
            [&FIRST_NAMES, &LAST_NAMES, &LAST_NAMES].map(|names| names[random.usize(..names.len())]);
        let name = if kind == CustomerKind::Private {
            format!("{first_name} {last_name} {mother}")
        } else {
            let [trade, name] =
                [&TRADES[..], &BUSINESS_NAMES[..]].map(|names| names[random.usize(..names.len())]);
            format!("{trade} {name} {}", index / 100 + 1)
        };
        let created_at = number.created_at();
        let updated_at = created_at.plus(Duration::from_secs(random.u64(..=24 * 60 * 60) * random.u64(..20)));
        let mut customer = Customer {
            email: format!(
                "{}{index}@example.com",
                ascii(if kind == CustomerKind::Private { last_name } else { "ventas" })
            ),
            phone: (random.u8(..4) > 0)
                .then(|| format!("+52 55 {:04} {:04}", random.u16(..10_000), random.u16(..10_000))),
            contact_name: (kind != CustomerKind::Private).then(|| format!("{first_name} {last_name}")),
            external_id: (random.u8(..3) > 0).then(|| format!("ERP-{:08x}-{index}", self.run)),
            status: [
                CustomerStatus::New,
                CustomerStatus::Verified,
                CustomerStatus::Verified,
                CustomerStatus::OnHold,
            ][random.usize(..4)],
            payout: (kind == CustomerKind::Cpo).then(|| Payout {
                iban: Some(format!("DK50004004401{:05}", random.u32(..100_000))),
                swift_code: Some("NDEADKKK".into()),
                bank_account_holder_name: Some(name.clone()),
                ..Payout::default()
            }),
            name,
            kind,
            parent,
            updated_at: updated_at.min(self.now),
            ..Customer::new(self.organization, number, CustomerId::new(number, random.u64(..)), created_at)
        };
        if random.u8(..12) == 0 {
            let (country, prefix, city) = ABROAD[random.usize(..ABROAD.len())];
            customer.country = Some(country.into());
            customer.tax_id = format!("{prefix}{:08}", random.u32(..100_000_000));
            customer.address.city = city.into();
        } else {
            settle_in_mexico(&mut customer, &mut random);
        }
        Some(customer)
    }
}

/// Gives a customer an address in Mexico, and tax data that match it.
fn settle_in_mexico(customer: &mut Customer, random: &mut fastrand::Rng) {
    let (state, city, zip) = PLACES[random.usize(..PLACES.len())];
    customer.country = Some(padron_domain::MEXICO.into());
    customer.address = CustomerAddress {
        street: STREETS[random.usize(..STREETS.len())].into(),
        exterior: random.u16(1..2000).to_string(),
        interior: (random.u8(..4) == 0).then(|| random.u8(1..60).to_string()),
        neighborhood: "Centro".into(),
        city: city.into(),
        municipality: city.into(),
        zip: format!("{:05}", zip + random.u32(..90)),
        state: state.into(),
    };
    let is_person = customer.kind == CustomerKind::Private;
    let letters: String = ascii(&customer.name).to_uppercase().chars().chain("XXXX".chars()).collect();
    let date = format!("{:02}{:02}{:02}", random.u8(50..99), random.u8(1..=12), random.u8(1..=28));
    let start = format!(
        "{}{date}{}{}",
        &letters[..if is_person { 4 } else { 3 }],
        random.char('A'..='Z'),
        random.u8(..10)
    );
    let candidates = "0123456789A".chars().map(|check| format!("{start}{check}"));
    let is_right = |rfc: &String| Rfc::parse(rfc).is_ok_and(Rfc::has_check_digit);
    customer.tax_id =
        candidates.clone().find(is_right).or_else(|| candidates.clone().next()).unwrap_or_default();
    let (system, invoice_use) = if is_person { ("612", "G03") } else { ("601", "G01") };
    customer.tax_system = system.into();
    customer.default_invoice_use = invoice_use.into();
}

/// Returns the ASCII letters of a name, in lower case.
fn ascii(name: &str) -> String {
    padron_domain::search_key(name).chars().filter(char::is_ascii_alphabetic).collect()
}

/// Writes all customers of a generator. Calls `progress` after each batch with the number of customers written so far.
pub async fn write(store: &Store, creator: &CustomerGenerator, progress: impl Fn(u64)) -> Result<(), String> {
    let mut batches = (0..creator.count).step_by(BATCH);
    let mut running: JoinSet<Result<usize, String>> = JoinSet::new();
    let mut written = 0;
    loop {
        while running.len() < AT_ONCE {
            let Some(start) = batches.next() else { break };
            let (store, creator) = (store.until(Instant::now() + BATCH_TIME), creator.clone());
            let end = creator.count.min(start + BATCH as u64);
            running.spawn(async move {
                let customers: Option<Vec<Customer>> =
                    (start..end).map(|index| creator.customer(index)).collect();
                let customers = customers.ok_or("The clock is wrong.")?;
                write_batch(&store, customers).await
            });
        }
        let Some(done) = running.join_next().await else { return Ok(()) };
        written += done.map_err(|error| error.to_string())?? as u64;
        progress(written);
    }
}

/// Writes customers in one transaction, and returns their number. A customer whose number or id is taken is left out.
async fn write_batch(store: &Store, mut customers: Vec<Customer>) -> Result<usize, String> {
    loop {
        match store.create_customers(&customers).await {
            Ok(()) => return Ok(customers.len()),
            Err(TransactionError::Refused((at, CustomerConflict::Number | CustomerConflict::Id))) => {
                drop(customers.remove(at));
            }
            Err(
                TransactionError::Refused((_, CustomerConflict::ExternalId)) | TransactionError::Outdated,
            ) => {
                return Err("Another run made the same customers. Try again.".into());
            }
            Err(TransactionError::Failed(error)) => return Err(explain(&error)),
        }
    }
}

/// Returns a generator of customers up to the current time, with a random run number.
pub fn creator(organization: OrganizationId, count: u64) -> CustomerGenerator {
    CustomerGenerator::new(organization, count, Clock::System.now(), fastrand::u32(..))
}
