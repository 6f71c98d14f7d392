//! Writes the rows of a file: up to 24 new customers in one transaction.

use std::{collections::HashMap, sync::Arc, time::Duration};

use padron_domain::{
    Customer, CustomerId, CustomerNumber, CustomerReference, Error, EventData, Failure, Patch, Timestamp,
};
use padron_dto::{
    New,
    customer::{
        CustomerBody,
        record::{CustomerRecord, CustomerRow},
    },
};
use padron_http::{Caller, Context, SizeLimited, to_sent_back_json};
use padron_store::{AncestorLink, CustomerConflict, CustomerIdentity, Store, TransactionError};

use super::{
    ImportFile, Mode,
    csv::Columns,
    report::{ImportReport, RowResult, RowStatus},
    row::{ParsedRow, Row},
};
use crate::write::{NewCustomer, PreparedWrite, check_new, update};

/// The time that is kept in reserve for the last transaction and the response. When less of the request's time is left, the import ends.
const RESERVE: Duration = Duration::from_secs(5);
/// The maximum number of writes of a transaction of DynamoDB.
const MAX_WRITES: usize = 100;
/// The number of writes of a new customer: the customer, and the items of its imported and its external id.
const WRITES_OF_CUSTOMER: usize = 3;
/// The number of attempts to find an unused number in a millisecond, before the next one is taken.
const MAX_ATTEMPTS_PER_MILLISECOND: u64 = 3;

/// A row that can be written, with the position of its result.
struct Pending {
    position: usize,
    line: u64,
    identity: CustomerIdentity,
    /// Whether the row is identified by its line alone. Such a row never updates a customer, because lines move.
    is_identified_by_line: bool,
    row: ParsedRow,
    columns: Option<Arc<Columns>>,
    /// How often the number that was made for the customer was taken.
    taken_numbers: u64,
}

impl Pending {
    /// Returns the result of an invalid row.
    fn error(&self, error: &Error) -> RowResult {
        RowResult::error(self.line, error, self.columns.as_deref())
    }
}

/// A new customer, with the index of its row among those of a batch.
struct Creation {
    index: usize,
    customer: Customer,
    ancestors: Vec<AncestorLink>,
}

/// Writes the rows of a file. An invalid row is reported, and does not stop the import.
pub(crate) async fn run<P>(
    cx: &Context<'_>,
    caller: &Caller<P>,
    mut file: ImportFile,
) -> Result<ImportReport, Error> {
    let rows = std::mem::take(&mut file.rows);
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    let mut results: Vec<Option<RowResult>> = lines.iter().map(|_| None).collect();
    let mut pending = Vec::new();
    for (position, Row { line, row, columns }) in rows.into_iter().enumerate() {
        let identified = row.and_then(|row| Ok((identify(&row.value.0, cx)?, row)));
        let identified = identified.and_then(|(own, row)| {
            let is_identified_by_line = own.is_none();
            let identity = own.or_else(|| file.identity_of_line(line)).ok_or_else(unidentified)?;
            Ok((identity, is_identified_by_line, row))
        });
        match identified {
            Ok((identity, is_identified_by_line, row)) => pending.push(Pending {
                position,
                line,
                identity,
                is_identified_by_line,
                row,
                columns,
                taken_numbers: 0,
            }),
            Err(error) => results[position] = Some(RowResult::error(line, &error, columns.as_deref())),
        }
    }
    'import: for level in dependency_levels(pending) {
        let positions: Vec<usize> = level.iter().map(|row| row.position).collect();
        let mut rest = level;
        while !rest.is_empty() {
            if !cx.has_time(RESERVE) {
                break 'import;
            }
            let left = rest.split_off(rest.len().min(Store::MAX_IMPORTED));
            let mut import = Import { cx, caller, mode: file.mode, results: &mut results };
            match import.write(rest).await {
                Ok(()) => rest = left,
                // What was written stays. The rows without a result are sent again.
                Err(error)
                    if error.failure() == Failure::UNAVAILABLE && results.iter().any(Option::is_some) =>
                {
                    cx.note_cause(format!("an import ended early: {}", error.cause().unwrap_or("no reason")));
                    break 'import;
                }
                Err(error) => return Err(error),
            }
        }
        // The rows of the next level need the customers of this one.
        if positions.iter().any(|position| results[*position].is_none()) {
            break;
        }
    }
    let next = results.iter().position(Option::is_none).map(|position| lines[position]);
    let results: Vec<RowResult> = results.into_iter().flatten().collect();
    Ok(ImportReport { processed: results.len(), results, next })
}

/// Returns what identifies the customer of a row; `None` if nothing in the row does. Fails if an id is invalid, or a time is in the future.
fn identify(body: &CustomerRow, cx: &Context<'_>) -> Result<Option<CustomerIdentity>, Error> {
    let id = body.id().map_err(|violation| Error::from_violations(vec![violation]))?;
    let imported = &body.imported;
    for (name, instant) in [
        ("createdAt", imported.created_at),
        ("updatedAt", imported.updated_at),
        ("number", imported.number.map(CustomerNumber::created_at)),
    ] {
        if instant.is_some_and(|instant| instant > cx.now()) {
            let detail = "The time, or the one that the number contains, is in the future.";
            return Err(Error::invalid(format!("/{name}"), "in_future", detail));
        }
    }
    if let Some(number) = imported.number {
        return Ok(Some(CustomerIdentity::Number(number)));
    }
    let external_id = || body.external_id().map(|id| CustomerIdentity::ExternalId(id.to_owned()));
    Ok(id.map(CustomerIdentity::Id).or_else(external_id))
}

/// Returns the error of a row that nothing identifies.
fn unidentified() -> Error {
    let detail = "Give each row an `id`, a `number` or an `externalId`, or name the file in `source`.";
    Error::invalid("/externalId", "required", detail)
}

/// Orders rows so that a row comes after the row of its parent, and after an earlier one with the same identity. The rows of one level do not
/// depend on each other.
fn dependency_levels(pending: Vec<Pending>) -> Vec<Vec<Pending>> {
    let positions: HashMap<CustomerIdentity, usize> =
        pending.iter().enumerate().rev().map(|(index, one)| (one.identity.clone(), index)).collect();
    let mut by_id: HashMap<CustomerId, usize> = HashMap::new();
    for (index, one) in pending.iter().enumerate() {
        if let Some(id) = one.row.value.0.id().ok().flatten() {
            by_id.entry(id).or_insert(index);
        }
    }
    let parent = |one: &Pending| -> Option<usize> {
        match one.row.value.0.parent() {
            Patch::Set(CustomerReference::Number(number)) => {
                positions.get(&CustomerIdentity::Number(*number)).copied()
            }
            Patch::Set(CustomerReference::Id(id)) => by_id.get(id).copied(),
            _ => None,
        }
    };
    let parents: Vec<Option<usize>> = pending.iter().map(parent).collect();
    let mut depths: Vec<usize> = Vec::with_capacity(pending.len());
    let mut repeats: HashMap<&CustomerIdentity, usize> = HashMap::new();
    for (index, one) in pending.iter().enumerate() {
        // A chain that is longer than a hierarchy may be is refused when it is written.
        let chain = std::iter::successors(parents[index], |parent| parents[*parent]);
        let depth = chain.take(Customer::MAX_DEPTH).count();
        let repeat = repeats.entry(&one.identity).or_default();
        depths.push(depth.max(*repeat));
        *repeat = depths[index] + 1;
    }
    let mut levels: Vec<Vec<Pending>> = Vec::new();
    for (one, depth) in pending.into_iter().zip(depths) {
        while levels.len() <= depth {
            levels.push(Vec::new());
        }
        levels[depth].push(one);
    }
    levels
}

/// A batch of an import that is being written.
struct Import<'a, 'c, P> {
    cx: &'a Context<'c>,
    caller: &'a Caller<P>,
    mode: Mode,
    results: &'a mut [Option<RowResult>],
}

impl<P> Import<'_, '_, P> {
    /// Writes up to 24 rows, and sets their results. Rows that lose a race are read and written again.
    async fn write(&mut self, mut rows: Vec<Pending>) -> Result<(), Error> {
        let mut retries = self.cx.retries();
        self.cx.renew_now();
        loop {
            self.write_once(&mut rows).await?;
            rows.retain(|row| self.results[row.position].is_none());
            if rows.is_empty() || !self.cx.has_time(RESERVE) || !retries.wait().await {
                return Ok(());
            }
        }
    }

    /// Tries to write the rows once. A row without a result afterwards has lost a race.
    async fn write_once(&mut self, rows: &mut [Pending]) -> Result<(), Error> {
        let organization = self.caller.organization().id;
        let own = rows.iter().map(|row| row.identity.clone());
        // The id of a row with a number may be that of another customer.
        let with_both: Vec<(usize, CustomerIdentity)> = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| matches!(row.identity, CustomerIdentity::Number(_)))
            .filter_map(|(index, row)| Some((index, CustomerIdentity::Id(row.row.value.0.id().ok()??))))
            .collect();
        let identities: Vec<CustomerIdentity> =
            own.chain(with_both.iter().map(|(_, id)| id.clone())).collect();
        let mut found = self.cx.store().identified_customers(organization, &identities).await?;
        let owners = found.split_off(rows.len());
        let owned = with_both.iter().zip(owners).filter(|(_, owner)| owner.is_some());
        let with_taken_ids: Vec<usize> = owned.map(|((index, _), _)| *index).collect();
        let mut creations: Vec<Creation> = Vec::new();
        for (index, (row, found)) in rows.iter().zip(found).enumerate() {
            if !self.cx.has_time(RESERVE) {
                break;
            }
            let result = match found {
                None if with_taken_ids.contains(&index) && row.row.violations.is_empty() => {
                    Ok(RowResult::conflict(row.line, "id_taken", "Another customer has this id."))
                }
                Some(customer) => self.compare(row, customer).await,
                None => match self.check(row, &creations).await {
                    Ok((customer, ancestors)) => {
                        creations.push(Creation { index, customer, ancestors });
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match result {
                Ok(result) => self.results[row.position] = Some(result),
                Err(error) if error.is_retryable() => {}
                Err(error) if matches!(error.failure(), Failure::UNAVAILABLE | Failure::INTERNAL) => {
                    return Err(error);
                }
                Err(error) => self.results[row.position] = Some(row.error(&error)),
            }
        }
        self.create(rows, creations).await
    }

    /// Compares a row with the customer that it identifies, and updates the customer if that is asked for.
    async fn compare(&self, row: &Pending, stored: Customer) -> Result<RowResult, Error> {
        let line = row.line;
        let SizeLimited { value: New(body), violations } = &row.row;
        if body.id().ok().flatten().is_some_and(|id| id != stored.id) {
            let detail = "Another customer has this number. Leave the number out to get a new one.";
            return Ok(RowResult::conflict(line, "number_taken", detail));
        }
        let body = SizeLimited { value: body.clone(), violations: violations.clone() };
        let shown = async |customer: &Customer| to_sent_back_json(&CustomerRecord::from(customer.clone()));
        let before = stored.clone();
        let PreparedWrite { customer, transaction, .. } =
            update(self.cx, self.caller, stored, body, shown).await?;
        let Some(transaction) = transaction else {
            return Ok(RowResult::done(line, RowStatus::Unchanged, &customer));
        };
        if self.mode == Mode::Insert || row.is_identified_by_line {
            let mut fields: Vec<&'static str> =
                customer.changes_since(&before).into_iter().map(|field| field.name()).collect();
            fields.dedup();
            return Ok(RowResult::differs(line, &before, fields));
        }
        transaction.commit().await?;
        Ok(RowResult::done(line, RowStatus::Updated, &customer))
    }

    /// Makes the new customer of a row, with its ancestors, and checks it.
    async fn check(
        &self,
        row: &Pending,
        others: &[Creation],
    ) -> Result<(Customer, Vec<AncestorLink>), Error> {
        let SizeLimited { value: New(body), violations } = &row.row;
        let imported = &body.imported;
        let chosen = imported.number;
        let (number, created_at) = match (chosen, imported.created_at) {
            (Some(number), created_at) => {
                // Lists find the customers of a time by their numbers.
                if created_at.is_some_and(|created_at| created_at != number.created_at()) {
                    let detail = "The number contains another time of creation. Leave one of the two out.";
                    return Err(Error::invalid("/createdAt", "contradiction", detail));
                }
                (number, number.created_at())
            }
            (None, created_at) => {
                let created_at = created_at.unwrap_or_else(|| self.time_of_row(row.position));
                // A millisecond has numbers for 2,048 customers. Where it is crowded, the next ones have room.
                let created_at = created_at.plus(Duration::from_millis(
                    row.taken_numbers.saturating_sub(MAX_ATTEMPTS_PER_MILLISECOND),
                ));
                let number = unused_number(created_at, others).ok_or_else(|| {
                    Error::invalid("/createdAt", "invalid_value", "An instant from 1970 to 2109.")
                })?;
                (number, created_at)
            }
        };
        let id = match (&row.identity, body.id().ok().flatten()) {
            (_, Some(id)) => id,
            (CustomerIdentity::Id(id), None) => id.clone(),
            _ => CustomerId::random(number),
        };
        let mut blank = Customer::new(self.caller.organization().id, number, id, created_at);
        blank.updated_at = imported.updated_at.unwrap_or(self.cx.now()).max(created_at);
        let body = SizeLimited { value: New(body.clone()), violations: violations.clone() };
        let NewCustomer { customer, ancestors, .. } =
            check_new(self.cx, &blank, body, chosen.is_some()).await?;
        if chosen.is_none() {
            return Ok((customer, Vec::new()));
        }
        // The transaction checks the ancestors of a customer that can have descendants already.
        Ok((customer, ancestors))
    }

    /// Returns the time at which a row without one was created: now, and a millisecond earlier for each row that follows, so that numbers
    /// have the order of the file.
    fn time_of_row(&self, position: usize) -> Timestamp {
        let rows_after = u64::try_from(self.results.len() - position).unwrap_or_default();
        self.cx.now().minus(Duration::from_millis(rows_after))
    }

    /// Creates customers, as many in one transaction as fit.
    async fn create(&mut self, rows: &mut [Pending], creations: Vec<Creation>) -> Result<(), Error> {
        let mut creations = independent(creations);
        while !creations.is_empty() {
            let mut writes = 2;
            let fitting = creations.iter().take_while(|creation| {
                // Beside each ancestor, a missing one at the end of the chain is checked.
                let checks = creation.ancestors.len() + usize::from(!creation.ancestors.is_empty());
                writes += WRITES_OF_CUSTOMER + checks;
                writes <= MAX_WRITES
            });
            let rest = creations.split_off(fitting.count().max(1));
            self.create_batch(rows, creations).await?;
            creations = rest;
        }
        Ok(())
    }

    /// Creates customers in one transaction. A customer whose id is taken by then is left out, and the others are tried again.
    async fn create_batch(
        &mut self,
        rows: &mut [Pending],
        mut creations: Vec<Creation>,
    ) -> Result<(), Error> {
        let cx = self.cx;
        while !creations.is_empty() {
            let customers: Vec<Customer> =
                creations.iter().map(|creation| creation.customer.clone()).collect();
            let ancestors: Vec<AncestorLink> =
                creations.iter().flat_map(|creation| creation.ancestors.iter().copied()).collect();
            let ids = customers.iter().map(|customer| customer.id.clone()).collect();
            let organization = self.caller.organization().id;
            let data = EventData::CustomersImported { customer_ids: ids };
            let event = cx.event(self.caller.principal(), organization, data);
            let committed = match cx.store().import_customers(&customers, &ancestors, &event) {
                Ok(transaction) => transaction.commit().await,
                Err(error) => Err(error),
            };
            match committed {
                Ok(()) => {
                    for Creation { index, customer, .. } in &creations {
                        let Pending { position, line, .. } = &rows[*index];
                        self.results[*position] = Some(RowResult::done(*line, RowStatus::Created, customer));
                    }
                    return Ok(());
                }
                Err(TransactionError::Refused((at, conflict))) => {
                    let Creation { index, .. } = creations.remove(at);
                    let Pending { position, line, identity, taken_numbers, .. } = &mut rows[index];
                    // A conflict about what identifies the row is with a customer that the next attempt finds.
                    let taken = match (conflict, &identity) {
                        (CustomerConflict::ExternalId, CustomerIdentity::ExternalId(_))
                        | (CustomerConflict::Id, CustomerIdentity::Id(_)) => None,
                        (CustomerConflict::ExternalId, _) => Some((
                            Failure::EXTERNAL_ID_TAKEN.code(),
                            "Another customer has this external id.",
                        )),
                        (CustomerConflict::Id, _) => Some(("id_taken", "Another customer has this id.")),
                        (CustomerConflict::Number, _) => {
                            *taken_numbers += 1;
                            None
                        }
                    };
                    if let Some((code, detail)) = taken {
                        self.results[*position] = Some(RowResult::conflict(*line, code, detail));
                    }
                }
                Err(TransactionError::Outdated) => return Ok(()),
                Err(TransactionError::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns a number of an instant that no other new customer has; `None` if no number can have the instant.
fn unused_number(created_at: Timestamp, others: &[Creation]) -> Option<CustomerNumber> {
    loop {
        let number = CustomerNumber::random_from_timestamp(created_at)?;
        // They are at most 24, and an instant has 2,048 numbers.
        if others.iter().all(|other| other.customer.number != number) {
            return Some(number);
        }
    }
}

/// Returns the customers that can be created at once. The ancestors of the others end at one of them, so that the next attempt reads them again.
fn independent(creations: Vec<Creation>) -> Vec<Creation> {
    let end = |creation: &Creation| creation.ancestors.last().and_then(|ancestor| ancestor.parent);
    let mut accepted: Vec<Creation> = Vec::with_capacity(creations.len());
    for creation in creations {
        let depends = |other: &Creation| {
            end(&creation) == Some(other.customer.number) || end(other) == Some(creation.customer.number)
        };
        if !accepted.iter().any(depends) {
            accepted.push(creation);
        }
    }
    accepted
}
