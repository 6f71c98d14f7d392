//! The endpoint `GET /organizations/{organizationId}/export`, which returns all data of an organization to its owner.
//!
//! The response has one line of JSON for each record.

use std::time::Duration;

use padron_domain::{Customer, CustomerNumber, Direction, Error, Failure, Id, Scope};
use padron_dto::{
    ApiKeyResponse, EventResponse, InvitationResponse, MemberResponse, OrganizationResponse, WebhookResponse,
};
use padron_http::{
    Context, Endpoint, Input, LineFormat, Lines, Ndjson, Owner, Query, Request, Route, describe_cursor,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, CustomersPage, EventRange, NumberRange, Page, Store, StoredApiKey};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The endpoint that exports an organization.
#[derive(Debug)]
pub struct ExportOrganization;

/// The query parameters of the export.
#[derive(Debug)]
pub struct ExportQuery {
    cursor: Option<String>,
}

impl Input for ExportQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["cursor"])?;
        Ok(Self { cursor: query.get("cursor").map(ToOwned::to_owned) })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        describe_cursor(operation);
    }
}

/// The exported fields of a customer: all fields of the record except the organization and the version. The list is explicit, so that a
/// field that is added to the record is not exported by accident.
const CUSTOMER_FIELDS: [&str; 25] = [
    "number",
    "id",
    "name",
    "kind",
    "taxId",
    "taxSystem",
    "defaultInvoiceUse",
    "email",
    "phone",
    "contactName",
    "address",
    "country",
    "externalId",
    "metadata",
    "parent",
    "billing",
    "payout",
    "finance",
    "locations",
    "status",
    "categorization",
    "notifications",
    "person",
    "createdAt",
    "updatedAt",
];

/// The number of items of a section that are read at once. It is small enough to be read in the time that is left, and to waste few items
/// that do not fit into the page.
const BATCH: usize = 500;
/// The time that is kept in reserve. When less of the request's time is left, the page ends.
const RESERVE: Duration = Duration::from_secs(3);

/// A section of an export. The sections follow each other in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Organization,
    Members,
    Invitations,
    Customers,
    Events,
    ApiKeys,
    Webhooks,
}

impl Section {
    /// The sections in their order. A cursor has the position of its section, so a new one is added at the end.
    const ALL: [Self; 7] = [
        Self::Organization,
        Self::Members,
        Self::Invitations,
        Self::ApiKeys,
        Self::Customers,
        Self::Events,
        Self::Webhooks,
    ];

    fn next(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|section| *section == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

/// A position in an export: the section, and the id after which it continues. For a customer, the id is made from its number.
#[derive(Clone, Copy, Debug)]
struct ExportCursor {
    section: Section,
    after: Option<Uuid>,
}

impl ExportCursor {
    fn seal(self, cx: &Context<'_>, context: &[u8]) -> Result<String, Error> {
        let section = Section::ALL.iter().position(|section| *section == self.section).unwrap_or_default();
        let mut bytes = section.to_be_bytes().to_vec();
        bytes.extend(self.after.iter().flat_map(|id| *id.as_bytes()));
        cx.secrets().seal_cursor(context, &bytes)
    }

    fn open(cx: &Context<'_>, context: &[u8], cursor: &str) -> Option<Self> {
        let bytes = cx.secrets().open_cursor(context, cursor)?;
        let (section, id) = bytes.split_first_chunk()?;
        let after = if id.is_empty() { None } else { Some(Uuid::from_slice(id).ok()?) };
        Some(Self { section: *Section::ALL.get(usize::from_be_bytes(*section))?, after })
    }
}

/// Returns the number of a customer in the form of an id.
fn number_as_id(number: CustomerNumber) -> Uuid {
    Uuid::from_u128(number.get().into())
}

fn id_as_number(id: Uuid) -> Option<CustomerNumber> {
    CustomerNumber::new(u64::try_from(id.as_u128()).ok()?)
}

/// The lines that were read from a section, each with the id after which the export continues, and whether the section has more lines.
type Part = (Vec<(String, Uuid)>, bool);

impl Endpoint for ExportOrganization {
    const ROUTE: Route = Route::get("export-organization", "/organizations/{organizationId}/export");
    const SUMMARY: &'static str =
        "Exports an organization with its members, invitations, API keys, customers, events and webhooks";
    const SCOPE: Option<Scope> = Some(Scope::AdminOrganization);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::MEMBERS,
        Store::INVITATIONS,
        Store::API_KEYS,
        Store::CUSTOMERS,
        Store::EVENTS,
        Store::WEBHOOKS,
    ];
    type Access = Owner;
    type Input = ExportQuery;
    type Output = Ndjson;

    async fn handle(cx: &Context<'_>, owner: Owner, query: ExportQuery) -> Result<Ndjson, Error> {
        let organization = owner.organization().id;
        let context = [Self::ROUTE.function.as_bytes(), organization.uuid().as_bytes()].concat();
        let start = ExportCursor { section: Section::Organization, after: None };
        let mut place = match &query.cursor {
            None => start,
            Some(cursor) => ExportCursor::open(cx, &context, cursor).ok_or_else(|| {
                Error::invalid(
                    "/query/cursor",
                    "invalid_cursor",
                    "Take the cursor from a Link header of this export.",
                )
            })?,
        };
        let mut lines = Lines::new(LineFormat::Ndjson);
        loop {
            let (found, more) = read(cx, &owner, place).await?;
            let mut is_full = false;
            for (line, id) in found {
                if !lines.push(&line) {
                    is_full = true;
                    break;
                }
                place.after = Some(id);
            }
            if !is_full && !more {
                match place.section.next() {
                    Some(section) => place = ExportCursor { section, after: None },
                    None => return Ok(Ndjson(lines)),
                }
            }
            if is_full || !cx.has_time(RESERVE) {
                return Ok(Ndjson(lines.next(format!("cursor={}", place.seal(cx, &context)?))));
            }
        }
    }
}

/// Reads the next lines of a section.
async fn read(cx: &Context<'_>, owner: &Owner, place: ExportCursor) -> Result<Part, Error> {
    let (organization, store) = (owner.organization().id, cx.store());
    match place.section {
        Section::Organization => {
            let body = OrganizationResponse::new(owner.organization().clone(), cx.issuer(), cx.now());
            Ok((vec![(line("organization", body)?, organization.uuid())], false))
        }
        Section::Members => {
            let page = store.members(organization, place.after.map(Id::new), BATCH, None).await?;
            lines("member", page, |member| (member.user.uuid(), MemberResponse::from(member)))
        }
        Section::Invitations => {
            let page = store.invitations(organization, place.after.map(Id::new), BATCH, None).await?;
            lines("invitation", page, |invitation| {
                (invitation.id.uuid(), InvitationResponse::new(invitation, cx.now()))
            })
        }
        Section::ApiKeys => {
            let page = store.api_keys(organization, place.after.map(Id::new), BATCH, None).await?;
            lines("apiKey", page, |StoredApiKey { key, last_used_at, .. }| {
                (key.id.uuid(), ApiKeyResponse::new(key, last_used_at, cx.now()))
            })
        }
        Section::Webhooks => {
            let webhooks = store.webhooks(organization).await?.into_iter().map(|stored| {
                let id = stored.webhook.id.uuid();
                Ok((line("webhook", WebhookResponse::new(stored.webhook, &stored.health))?, id))
            });
            let after = place.after;
            let lines: Vec<_> = webhooks.collect::<Result<_, Error>>()?;
            let lines = lines.into_iter().filter(|(_, id)| after.is_none_or(|after| after < *id));
            Ok((lines.collect(), false))
        }
        Section::Customers => {
            let after = place.after.and_then(id_as_number);
            let bounds = (CustomerNumber::MIN, CustomerNumber::MAX);
            let span = NumberRange { direction: Direction::Ascending, bounds, after, skip: 0, limit: BATCH };
            let CustomersPage { customers, next } = store.customers(organization, span).await?;
            let page = customers.iter().map(|customer| {
                Ok((line("customer", whitelisted(customer)?)?, number_as_id(customer.number)))
            });
            Ok((page.collect::<Result<_, Error>>()?, next.is_some()))
        }
        Section::Events => {
            let after = place.after.map(Id::new);
            let page = store
                .events(organization, EventRange { after, ..EventRange::default() }, BATCH, None)
                .await?;
            lines("event", page, |event| (event.id.uuid(), EventResponse::from(event)))
        }
    }
}

fn lines<T, B: Serialize>(kind: &str, page: Page<T>, body: impl Fn(T) -> (Uuid, B)) -> Result<Part, Error> {
    let more = page.next.is_some();
    let lines = page.items.into_iter().map(|item| {
        let (id, body) = body(item);
        Ok((line(kind, body)?, id))
    });
    Ok((lines.collect::<Result<_, Error>>()?, more))
}

/// A line of an export.
#[derive(Serialize)]
struct Line<'k, B> {
    r#type: &'k str,
    data: B,
}

fn line(kind: &str, body: impl Serialize) -> Result<String, Error> {
    let line = Line { r#type: kind, data: body };
    serde_json::to_string(&line).map_err(|_| Error::internal("a line is not JSON"))
}

fn whitelisted(customer: &Customer) -> Result<Map<String, Value>, Error> {
    let whole = serde_json::to_value(customer).map_err(|_| Error::internal("a customer is not JSON"))?;
    let Value::Object(mut fields) = whole else {
        return Err(Error::internal("a customer is not an object"));
    };
    fields.retain(|name, _| CUSTOMER_FIELDS.contains(&name.as_str()));
    Ok(fields)
}
