//! Tests that compare the customer lists with a simple model: load all, filter, sort, slice.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use padron_domain::{Customer, CustomerId, CustomerKind, CustomerNumber, CustomerStatus, Timestamp};
use padron_local::demo;
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};

use crate::support::{Random, app, delete_customer, member, sized};

/// Names that differ in case, accents or Ñ, or not at all.
const NAMES: [&str; 24] = [
    "Núñez",
    "Nunez",
    "nuñez",
    "NÚÑEZ",
    "Ñandú",
    "ñu",
    "nz",
    "Nz",
    "Álvarez",
    "alvarez",
    "Alvaro",
    "Zúñiga",
    "Zuniga",
    "Oca",
    "oca",
    "Éclair",
    "eclair",
    "Groß",
    "Gross",
    "100% Sol",
    "a_b",
    "a*b",
    "Sol y Luna",
    "SOL",
];
const STAMPS: [&str; 8] = [
    "2024-02-29T23:59:59.999Z",
    "2024-03-01T00:00:00.000Z",
    "2025-06-15T12:00:00.000Z",
    "2025-06-15T12:00:00.001Z",
    "2025-06-15T12:00:00.002Z",
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00.000Z",
    "2026-01-10T08:30:00.500Z",
];

/// Returns a text without case and accents, with ñ replaced by `n_tilde`. Knows only the letters that these tests use.
fn fold(text: &str, n_tilde: &str) -> String {
    let mut folded = String::new();
    for letter in text.to_lowercase().chars() {
        match letter {
            'á' => folded.push('a'),
            'é' => folded.push('e'),
            'í' => folded.push('i'),
            'ó' => folded.push('o'),
            'ú' | 'ü' => folded.push('u'),
            'ñ' => folded.push_str(n_tilde),
            other => folded.push(other),
        }
    }
    folded
}

/// Returns the sort key of a name: ñ sorts after every other letter that can follow an n.
fn ordered(name: &str) -> String {
    fold(name, "n~~")
}

/// Returns the form of a text that searches compare: ñ equals n.
fn searched(text: &str) -> String {
    fold(text, "n")
}

fn stamp(random: &mut Random) -> Timestamp {
    Timestamp::parse(random.pick(&STAMPS)).unwrap()
}

/// Returns random customers in trees, with many equal values and missing fields. Parents come before their children.
fn population(random: &mut Random, size: usize) -> Vec<Customer> {
    let mut all: Vec<Customer> = Vec::new();
    while all.len() < size {
        let created_at = stamp(random);
        let number = CustomerNumber::from_timestamp(created_at, u16::try_from(all.len()).unwrap()).unwrap();
        let id = if random.one_in(6) {
            CustomerId::parse(&format!("{:012x}{:012x}", random.next() >> 16, random.next() >> 16)).unwrap()
        } else {
            CustomerId::new(number, random.next())
        };
        let parent = (!all.is_empty() && !random.one_in(3)).then(|| {
            let parent = &all[random.below(all.len())];
            parent.number
        });
        let text = |random: &mut Random, texts: &[&str]| random.pick(texts).to_owned();
        all.push(Customer {
            name: text(random, &NAMES),
            kind: random.pick(&[
                CustomerKind::Private,
                CustomerKind::Business,
                CustomerKind::Cpo,
                CustomerKind::CpoSubsidiary,
            ]),
            email: text(random, &["", "luna@example.com", "SOL@EXAMPLE.COM", "ñ@example.com"]),
            tax_id: text(random, &["", "ABC101010111", "XAXX010101000", "DK12345678"]),
            external_id: random.one_in(3).then(|| format!("Ext-{}", all.len())),
            status: random.pick(&[CustomerStatus::New, CustomerStatus::Verified]),
            country: Some("MEX".into()),
            parent,
            updated_at: stamp(random).max(created_at),
            ..Customer::new(demo::organization(demo::ACME), number, id, created_at)
        });
    }
    all
}

/// The customers that exist, as the model knows them.
struct Model {
    all: Vec<Customer>,
    by_number: HashMap<u64, usize>,
}

/// The filters and the order of a list.
#[derive(Clone, Debug, Default)]
struct Query {
    search: Option<String>,
    customers: Option<Vec<String>>,
    types: Vec<&'static str>,
    parent: Option<String>,
    owner: Option<String>,
    cpo: Option<String>,
    /// The values of the parameters in [`TIMES`], in that order.
    times: [Option<&'static str>; 6],
    sort: Option<&'static str>,
    direction: Option<&'static str>,
}

const TIMES: [&str; 6] =
    ["createdAt", "createdAtFrom", "createdAtTo", "updatedAt", "updatedAtFrom", "updatedAtTo"];
/// The position of the first parameter about the creation in [`TIMES`].
const CREATED_AT: usize = 0;
/// The position of the first parameter about the last change in [`TIMES`].
const UPDATED_AT: usize = 3;
/// The position of the beginning of a range after the first parameter.
const FROM: usize = 1;
/// The position of the end of a range after the first parameter.
const TO: usize = 2;

impl Model {
    fn new(all: Vec<Customer>) -> Self {
        let by_number = all.iter().enumerate().map(|(at, one)| (one.number.get(), at)).collect();
        Self { all, by_number }
    }

    fn parent(&self, one: &Customer) -> Option<&Customer> {
        self.by_number.get(&one.parent?.get()).map(|at| &self.all[*at])
    }

    fn ancestors(&self, one: &Customer) -> Vec<&Customer> {
        let mut ancestors = Vec::new();
        let mut next = self.parent(one);
        while let Some(ancestor) = next {
            ancestors.push(ancestor);
            next = self.parent(ancestor);
        }
        ancestors
    }

    fn cpo(&self, one: &Customer) -> Option<&Customer> {
        self.ancestors(one).into_iter().find(|ancestor| ancestor.kind == CustomerKind::Cpo)
    }

    fn find(&self, reference: &str) -> Option<&Customer> {
        self.all.iter().find(|one| one.id.to_string() == reference || one.number.to_string() == reference)
    }

    /// Returns the whole list; `None` if the query names an unknown customer.
    fn list(&self, query: &Query) -> Option<Vec<&Customer>> {
        let named = |reference: &Option<String>| match reference {
            None => Some(None),
            Some(reference) => self.find(reference).map(|one| Some(one.number)),
        };
        let (parent, owner, cpo) = (named(&query.parent)?, named(&query.owner)?, named(&query.cpo)?);
        let at = |index: usize| query.times[index].map(|text| Timestamp::parse(text).unwrap());
        let in_time = |one: Timestamp, first: usize| {
            at(first).is_none_or(|at| one == at)
                && at(first + FROM).is_none_or(|from| one >= from)
                && at(first + TO).is_none_or(|to| one <= to)
        };
        let mut list: Vec<&Customer> = self
            .all
            .iter()
            .filter(|one| {
                query.customers.as_ref().is_none_or(|names| {
                    names.iter().any(|name| *name == one.id.to_string() || *name == one.number.to_string())
                })
            })
            .filter(|one| query.types.is_empty() || query.types.contains(&one.kind.name()))
            .filter(|one| in_time(one.created_at, CREATED_AT) && in_time(one.updated_at, UPDATED_AT))
            .filter(|one| parent.is_none_or(|number| self.parent(one).is_some_and(|it| it.number == number)))
            .filter(|one| owner.is_none_or(|number| self.ancestors(one).iter().any(|it| it.number == number)))
            .filter(|one| cpo.is_none_or(|number| self.cpo(one).is_some_and(|it| it.number == number)))
            .filter(|one| {
                query.search.as_ref().is_none_or(|text| {
                    let external = one.external_id.clone().unwrap_or_default();
                    let (id, number) = (one.id.to_string(), one.number.to_string());
                    [&one.name, &one.email, &one.tax_id, &external, &id, &number]
                        .into_iter()
                        .any(|field| searched(field).contains(&searched(text)))
                })
            })
            .collect();
        let has = |first: usize| query.times[first..=first + TO].iter().any(Option::is_some);
        let sort = query.sort.unwrap_or(if has(UPDATED_AT) {
            "updatedAt"
        } else if has(CREATED_AT) {
            "createdAt"
        } else {
            "id"
        });
        list.sort_by_key(|one| {
            let name = |of: Option<&Customer>| of.map(|of| ordered(&of.name));
            let key = match sort {
                "name" => name(Some(one)),
                "type" => Some(one.kind.name().to_owned()),
                "ownerName" => name(self.parent(one)),
                "cpoName" => name(self.cpo(one)),
                "updatedAt" => Some(one.updated_at.to_string()),
                "createdAt" => Some(one.created_at.to_string()),
                _ => None,
            };
            (key, one.number)
        });
        let from = query.times[CREATED_AT + FROM].is_some() || query.times[UPDATED_AT + FROM].is_some();
        let direction = query.direction.unwrap_or(if from { "asc" } else { "desc" });
        if direction == "desc" {
            list.reverse();
        }
        Some(list)
    }
}

/// A parameter of a list, or several that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    Search,
    Customers,
    Types,
    Parent,
    Owner,
    Cpo,
    /// Any of the parameters in [`TIMES`].
    Times,
    /// The beginning of a range of times, and maybe its end.
    TimeRange,
    Sort,
    Direction,
}

impl Parameter {
    const ALL: [Self; 10] = [
        Self::Search,
        Self::Customers,
        Self::Types,
        Self::Parent,
        Self::Owner,
        Self::Cpo,
        Self::Times,
        Self::TimeRange,
        Self::Sort,
        Self::Direction,
    ];
}

impl Query {
    /// Returns a random query that uses only these parameters.
    fn random(random: &mut Random, model: &Model, parameters: &[Parameter]) -> Self {
        let reference = |random: &mut Random| {
            let one = &model.all[random.below(model.all.len())];
            match random.below(12) {
                0 => "123456".into(),
                1 => "ffffffffffffffffffffffff".into(),
                2..=6 => one.id.to_string(),
                _ => one.number.to_string(),
            }
        };
        // A customer that has children.
        let parent = |random: &mut Random| {
            let one = &model.all[random.below(model.all.len())];
            match model.parent(one) {
                Some(parent) if random.one_in(2) => parent.id.to_string(),
                Some(parent) => parent.number.to_string(),
                None => reference(random),
            }
        };
        let mut query = Self::default();
        for parameter in parameters {
            match parameter {
                Parameter::Search => {
                    let texts = [
                        "n", "Ñ", "nunez", "sol", "%", "_", "*", "EXAMPLE", "ext-1", "xaxx", "9", "a", "é",
                        "zz",
                    ];
                    let one = &model.all[random.below(model.all.len())];
                    query.search = Some(match random.below(8) {
                        0 => one.id.as_str()[3..9].to_uppercase(),
                        1 => one.number.to_string()[2..8].to_owned(),
                        _ => random.pick(&texts).to_owned(),
                    });
                }
                Parameter::Customers => {
                    query.customers = Some((0..=random.below(40)).map(|_| reference(random)).collect());
                }
                Parameter::Types => {
                    let kinds = ["Private", "Business", "CPO", "CPOSubsidiary"];
                    query.types = kinds.into_iter().filter(|_| random.one_in(2)).collect();
                }
                Parameter::Parent => query.parent = Some(parent(random)),
                Parameter::Owner => query.owner = Some(parent(random)),
                Parameter::Cpo => query.cpo = Some(parent(random)),
                Parameter::Times => {
                    for time in &mut query.times {
                        *time = random.one_in(4).then(|| random.pick(&STAMPS));
                    }
                }
                Parameter::TimeRange => {
                    let from = if random.one_in(2) { CREATED_AT + FROM } else { UPDATED_AT + FROM };
                    query.times[from] = Some(random.pick(&STAMPS));
                    query.times[from + TO - FROM] = random.one_in(2).then(|| random.pick(&STAMPS));
                }
                Parameter::Sort => {
                    let sorts = ["id", "name", "type", "ownerName", "cpoName", "createdAt", "updatedAt"];
                    query.sort = Some(random.pick(&sorts));
                }
                Parameter::Direction => query.direction = Some(random.pick(&["asc", "desc"])),
            }
        }
        query
    }

    /// Returns the query string to send.
    fn text(&self, random: &mut Random) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            let encoded: String = value.bytes().fold(String::new(), |mut encoded, byte| {
                if byte.is_ascii_alphanumeric() || b"-._,:".contains(&byte) {
                    encoded.push(char::from(byte));
                } else {
                    write!(encoded, "%{byte:02X}").unwrap();
                }
                encoded
            });
            write!(text, "&{name}={encoded}").unwrap();
        };
        if let Some(search) = &self.search {
            add("search", search);
        }
        let is_joined = random.one_in(2);
        let mut list = |name: &str, values: &[&str]| {
            if is_joined && !values.is_empty() {
                add(name, &values.join(","));
            } else {
                values.iter().for_each(|value| add(name, value));
            }
        };
        if let Some(customers) = &self.customers {
            list("customerIds", &customers.iter().map(String::as_str).collect::<Vec<_>>());
        }
        list("types", &self.types);
        let cpo = if random.one_in(2) { "cpoId" } else { "operatorId" };
        for (name, value) in [("parentId", &self.parent), ("ownerId", &self.owner), (cpo, &self.cpo)] {
            if let Some(value) = value {
                add(name, value);
            }
        }
        for (name, value) in TIMES.into_iter().zip(self.times) {
            if let Some(value) = value {
                add(name, value);
            }
        }
        for (name, value) in [("sortBy", self.sort), ("sortDirection", self.direction)] {
            if let Some(value) = value {
                add(name, value);
            }
        }
        text.trim_start_matches('&').to_owned()
    }
}

/// A dialect's list of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Timbrix,
    Spirii,
    Cyrexa,
}

const DIALECTS: [Dialect; 3] = [Dialect::Timbrix, Dialect::Spirii, Dialect::Cyrexa];

impl Dialect {
    fn path(self) -> String {
        match self {
            Self::Timbrix => format!("/organizations/{}/customers", demo::ACME),
            Self::Spirii => "/v2/customers".into(),
            Self::Cyrexa => format!("/organization/getCustomers/{}", demo::ACME),
        }
    }

    async fn ask(self, app: &TestApp, path: &str) -> TestResponse {
        let token = app.token(member());
        let call = app.get(path).bearer(&token);
        match self {
            Self::Timbrix => call.send().await,
            Self::Spirii => call.header("x-organization-id", demo::ACME).send().await,
            Self::Cyrexa => call.header("tenantid", demo::ACME).header("token", &token).send().await,
        }
    }

    /// Returns what identifies each customer of a response in this dialect.
    fn shown(self, response: &TestResponse) -> Vec<String> {
        let body = response.json();
        let (list, id): (&Value, fn(&Value) -> String) = match self {
            Self::Timbrix => (&body, |one| one["id"].as_str().unwrap().into()),
            Self::Spirii => (&body["data"], |one| one["id"].to_string()),
            Self::Cyrexa => (&body, |one| one["customer"]["id"].as_str().unwrap().into()),
        };
        list.as_array().unwrap_or_else(|| panic!("{response:?}")).iter().map(id).collect()
    }

    fn expected(self, list: &[&Customer]) -> Vec<String> {
        let show = |one: &&Customer| match self {
            Self::Spirii => one.number.to_string(),
            Self::Timbrix | Self::Cyrexa => one.id.to_string(),
        };
        list.iter().map(show).collect()
    }
}

async fn populated(customers: &[Customer]) -> TestApp {
    let app = app().await;
    for customer in demo::customers::customers() {
        delete_customer(&app.store(), &customer).await;
    }
    for some in customers.chunks(20) {
        app.store().create_customers(some).await.unwrap();
    }
    app
}

/// Returns an app and a model with random customers, some of whose parents were deleted.
async fn random_app_and_model(seed: u64, size: usize) -> (TestApp, Model, Random) {
    let mut random = Random::new(seed);
    let all = population(&mut random, size);
    let app = populated(&all).await;
    let (gone, there): (Vec<Customer>, Vec<Customer>) = all.into_iter().partition(|_| random.one_in(15));
    for customer in gone {
        delete_customer(&app.store(), &customer).await;
    }
    (app, Model::new(there), random)
}

/// Compares a list in one dialect with the model: one page, and all pages if `walk` is set.
async fn compare(
    app: &TestApp,
    model: &Model,
    query: &Query,
    dialect: Dialect,
    random: &mut Random,
    walk: bool,
) {
    let sent = query.text(random);
    let path = dialect.path();
    let is_bare = sent.is_empty();
    let Some(list) = model.list(query) else {
        let response = dialect.ask(app, &format!("{path}?{sent}")).await;
        assert_eq!(response.problem(), "403 customer_not_accessible", "{dialect:?} {sent}");
        return;
    };
    let expected = dialect.expected(&list);
    let limit = if walk { 5 + random.below(40) } else { 1 + random.below(60) };
    let offset = random.below(expected.len() + 3);
    let response = dialect.ask(app, &format!("{path}?{sent}&limit={limit}&offset={offset}")).await;
    let page: Vec<String> = expected.iter().skip(offset).take(limit).cloned().collect();
    assert_eq!(dialect.shown(&response), page, "{dialect:?} {sent}&limit={limit}&offset={offset}");
    if dialect == Dialect::Spirii {
        assert_eq!(response.json()["count"], expected.len(), "{sent}");
    } else if is_bare {
        assert_eq!(response.header("x-total-count"), expected.len().to_string());
    }
    if !walk {
        return;
    }
    let (mut by_offset, mut by_cursor) = (Vec::new(), Vec::new());
    loop {
        let offset = by_offset.len();
        let response = dialect.ask(app, &format!("{path}?{sent}&limit={limit}&offset={offset}")).await;
        let page = dialect.shown(&response);
        if page.is_empty() {
            break;
        }
        by_offset.extend(page);
    }
    assert_eq!(by_offset, expected, "{dialect:?} {sent} by offset, {limit} at a time");
    let mut path = Some(format!("{path}?{sent}&limit={limit}"));
    while let Some(asked) = path {
        let response = dialect.ask(app, &asked).await;
        by_cursor.extend(dialect.shown(&response));
        path = response.next_page();
        assert!(by_cursor.len() <= expected.len(), "{dialect:?} {sent} by cursor goes on and on");
    }
    assert_eq!(by_cursor, expected, "{dialect:?} {sent} by cursor, {limit} at a time");
}

/// Compares more than two thousand lists, with each parameter alone, with two of them, or with any of them. One in ten is read to its end,
/// by offset and by cursor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_is_that_of_the_model() {
    let (app, model, _) = random_app_and_model(7, 90).await;
    let (app, model) = (Arc::new(app), Arc::new(model));
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let (app, model) = (Arc::clone(&app), Arc::clone(&model));
            tokio::spawn(async move {
                let mut random = Random::new(1000 + task);
                for round in 0..sized(550, 40) {
                    let parameters: Vec<Parameter> = match round % 3 {
                        0 => vec![random.pick(&Parameter::ALL)],
                        1 => vec![random.pick(&Parameter::ALL), random.pick(&Parameter::ALL)],
                        _ => Parameter::ALL.into_iter().filter(|_| random.one_in(3)).collect(),
                    };
                    let query = Query::random(&mut random, &model, &parameters);
                    let dialect = random.pick(&DIALECTS);
                    compare(&app, &model, &query, dialect, &mut random, round % 10 == 0).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Customers that do not change appear on the pages of a list exactly once while others are created, changed and deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_change_is_on_a_walk_once_while_others_come_and_go() {
    let (app, model, mut random) = random_app_and_model(11, 90).await;
    let app = Arc::new(app);
    let noise = Arc::clone(&app);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // Creates, renames, moves and deletes other customers with the same names.
    let others = tokio::spawn(async move {
        let mut random = Random::new(99);
        let mut there: Vec<u64> = Vec::new();
        let path = Dialect::Timbrix.path();
        let mut turns = [0; 3];
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            noise.clock.advance(Duration::from_millis(7));
            let name = random.pick(&NAMES);
            let turn = if there.len() < 12 { 0 } else { random.below(3) };
            let response = match turn {
                0 => {
                    let body =
                        json!({ "legalName": name, "address": { "country": "USA" }, "taxId": "NOISE" });
                    noise.call("POST", &path).user(member()).json(&body).send().await
                }
                1 => {
                    let (one, parent) = (random.pick(&there), random.pick(&there));
                    let parent = if random.one_in(2) { json!(parent) } else { Value::Null };
                    let body = json!({ "legalName": name, "parentId": parent, "email": "noise@other.org" });
                    noise.call("PUT", &format!("{path}/{one}")).user(member()).json(&body).send().await
                }
                _ => {
                    let gone = there.swap_remove(random.below(there.len()));
                    noise.call("DELETE", &format!("{path}/{gone}")).user(member()).send().await
                }
            };
            match (turn, response.status) {
                (0, 201) => there.push(response.json()["number"].as_u64().unwrap()),
                (1, 200 | 409) | (2, 204) => {}
                other => panic!("{other:?} {response:?}"),
            }
            turns[turn] += 1;
        }
        assert!(turns.iter().all(|times| *times > 5), "{turns:?}");
    });
    let noisy = |shown: &str, stable: &BTreeSet<String>| !stable.contains(shown);
    for round in 0..sized(40, 6) {
        let range = (round % 2 == 0).then_some(Parameter::TimeRange);
        let parameters: Vec<Parameter> =
            [Parameter::Sort, Parameter::Direction].into_iter().chain(range).collect();
        let query = Query::random(&mut random, &model, &parameters);
        let dialect = random.pick(&DIALECTS);
        let sent = query.text(&mut random);
        let expected = dialect.expected(&model.list(&query).unwrap());
        let stable: BTreeSet<String> = expected.iter().cloned().collect();
        let mut seen = Vec::new();
        let mut path = Some(format!("{}?{sent}&limit={}", dialect.path(), 5 + random.below(20)));
        while let Some(asked) = path {
            let response = dialect.ask(&app, &asked).await;
            seen.extend(dialect.shown(&response).into_iter().filter(|one| !noisy(one, &stable)));
            path = response.next_page();
        }
        assert_eq!(seen, expected, "{dialect:?} {sent} by cursor, while others change");
        // If a filter excludes the changing customers, pages by offset are stable as well.
        let query = Query { search: Some("example".into()), ..query };
        let sent = query.text(&mut random);
        let expected = dialect.expected(&model.list(&query).unwrap());
        let mut seen: Vec<String> = Vec::new();
        loop {
            let asked = format!("{}?{sent}&limit=17&offset={}", dialect.path(), seen.len());
            let page = dialect.shown(&dialect.ask(&app, &asked).await);
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, expected, "{dialect:?} {sent} by offset, while others change");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    others.await.unwrap();
}
