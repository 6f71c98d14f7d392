//! Customers as comma-separated values (RFC 4180), and what spreadsheets make of them.

use std::{borrow::Cow, sync::Arc};

use ::csv::{Position, QuoteStyle, Reader, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use encoding_rs::{Encoding, WINDOWS_1252};
use padron_domain::{Customer, CustomerAddress, Error, Violation, search_key};
use serde_json::{Map, Value};

use super::row::{Row, read_row};

/// A column: its name in an export, and other names that are taken for it. Letter case, accents, blanks and punctuation do not count.
struct Column {
    name: &'static str,
    other_names: &'static [&'static str],
}

const fn column(name: &'static str, other_names: &'static [&'static str]) -> Column {
    Column { name, other_names }
}

/// The columns in the order of an export. The other names are those of Facturapi, and of spreadsheets in Spanish.
const COLUMNS: [Column; 23] = [
    column("id", &[]),
    column("number", &["número de cliente"]),
    column("externalId", &["external_id", "clave", "código", "id externo"]),
    column("legalName", &["legal_name", "name", "razón social", "nombre", "cliente"]),
    column("type", &["tipo"]),
    column("taxId", &["tax_id", "rfc"]),
    column("taxSystem", &["tax_system", "régimen fiscal", "régimen"]),
    column("defaultInvoiceUse", &["default_invoice_use", "uso cfdi", "uso de cfdi"]),
    column("email", &["correo", "correo electrónico", "e-mail"]),
    column("phone", &["teléfono"]),
    column("addressStreet", &["address.street", "street", "calle"]),
    column("addressExterior", &["address.exterior", "exterior", "número exterior", "no. exterior"]),
    column("addressInterior", &["address.interior", "interior", "número interior", "no. interior"]),
    column("addressNeighborhood", &["address.neighborhood", "neighborhood", "colonia"]),
    column("addressCity", &["address.city", "city", "ciudad"]),
    column("addressMunicipality", &["address.municipality", "municipality", "municipio", "delegación"]),
    column("addressZip", &["address.zip", "zip", "código postal", "c.p."]),
    column("addressState", &["address.state", "state", "estado"]),
    column("addressCountry", &["address.country", "country", "país"]),
    column("parentId", &["parent_id"]),
    column("metadata", &[]),
    column("createdAt", &["created_at"]),
    column("updatedAt", &["updated_at"]),
];

/// The column of a Mexican's population registry code, which becomes metadata with this key.
const CURP: &str = "curp";
/// The columns of exports that say nothing of a customer: what the system knows of itself.
const IGNORED: [&str; 6] =
    ["organizationId", "organization", "livemode", "sat_validated_at", "edit_link", "edit_link_expires_at"];

/// The characters with which a spreadsheet takes a cell for a formula, and the apostrophe that an export puts in front of them.
const FORMULA_PREFIXES: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// Returns the header of an export.
pub(crate) fn header() -> String {
    to_line(COLUMNS.iter().map(|column| Cow::Borrowed(column.name)))
}

/// Returns the line of a customer in an export.
pub(crate) fn line(customer: &Customer) -> Result<String, Error> {
    let Customer { address, .. } = customer;
    let CustomerAddress { street, exterior, interior, neighborhood, city, municipality, zip, state } =
        address;
    let metadata = if customer.metadata.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&customer.metadata).map_err(|_| Error::internal("metadata is not JSON"))?
    };
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = [
        customer.id.to_string(),
        customer.number.to_string(),
        optional(&customer.external_id),
        customer.name.clone(),
        customer.kind.name().to_owned(),
        customer.tax_id.clone(),
        customer.tax_system.clone(),
        customer.default_invoice_use.clone(),
        customer.email.clone(),
        optional(&customer.phone),
        street.clone(),
        exterior.clone(),
        optional(interior),
        neighborhood.clone(),
        city.clone(),
        municipality.clone(),
        zip.clone(),
        state.clone(),
        optional(&customer.country),
        customer.parent.map(|parent| parent.to_string()).unwrap_or_default(),
        metadata,
        customer.created_at.to_string(),
        customer.updated_at.to_string(),
    ];
    Ok(to_line(cells.iter().map(|cell| neutralize(cell))))
}

/// Puts an apostrophe in front of a cell that a spreadsheet would take for a formula. [`restore`] is the inverse.
fn neutralize(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(FORMULA_PREFIXES) { format!("'{cell}").into() } else { cell.into() }
}

/// Removes the apostrophe of [`neutralize`].
fn restore(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA_PREFIXES)).unwrap_or(cell)
}

/// Returns a line of cells, quoted where necessary, without a line break at its end.
fn to_line<'a>(cells: impl Iterator<Item = Cow<'a, str>>) -> String {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Necessary)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing to memory does not fail.
    _ = writer.write_record(cells.map(|cell| cell.into_owned().into_bytes()));
    let line = writer.into_inner().unwrap_or_default();
    let line = String::from_utf8(line).unwrap_or_default();
    line.trim_end_matches("\r\n").to_owned()
}

/// Reads the rows of a file. `first_line` is the number of the first line after the header in the whole file.
///
/// Fails if there is no header, or if it has an unknown column or one twice.
pub(super) fn read(body: &[u8], first_line: Option<u64>, ignores_unknown: bool) -> Result<Vec<Row>, Error> {
    let text = decode_text(body);
    let mut reader = reader(&text);
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        _ => {
            return Err(Error::invalid("", "missing_header", "The first line has the names of the columns."));
        }
    };
    let columns = Arc::new(Columns::read(&header, ignores_unknown)?);
    let mut rows = Vec::new();
    let mut offset = None;
    let mut lines = LineCounter::new(&text);
    let mut last = 0;
    for record in records {
        let record =
            record.map_err(|_| Error::invalid("", "malformed_csv", "The file cannot be read as CSV."))?;
        let (line, start) = lines.record(record.position());
        last = start;
        let offset = *offset.get_or_insert_with(|| first_line.unwrap_or(line).saturating_sub(line));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let row = columns.fields(&record).and_then(read_row);
        rows.push(Row { line: line + offset, row, columns: Some(columns.clone()) });
    }
    if let Some(row) = rows.last_mut().filter(|_| is_unclosed(&text[last..])) {
        row.row = Err(Error::invalid("", "unclosed_quote", UNCLOSED_QUOTE));
    }
    Ok(rows)
}

/// Returns a reader of the records of a text, the header among them.
pub fn reader(text: &str) -> Reader<&[u8]> {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter(text)).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// What to do about a record that ends the file inside quotation marks.
pub const UNCLOSED_QUOTE: &str = "A quotation mark of this line is not closed, so that all lines after it belong to one cell. Close or double it.";

/// Returns whether the last record of a text ends inside quotation marks. Those of a cell are doubled, so that their number tells.
pub fn is_unclosed(record: &str) -> bool {
    let record = record.trim_end_matches(['\r', '\n']);
    record.contains(['\r', '\n']) && record.matches('"').count() % 2 == 1
}

/// The numbers of the lines at which the records of a text begin. Those of the reader itself are one too small where lines end with CR and LF.
#[derive(Debug)]
pub struct LineCounter<'a> {
    text: &'a str,
    line: u64,
    /// The position up to which the lines are counted.
    counted: usize,
}

impl<'a> LineCounter<'a> {
    /// Creates the counter of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, line: 1, counted: 0 }
    }

    /// Returns the number of the line at which the next record begins, and its position in the text.
    pub fn record(&mut self, position: Option<&Position>) -> (u64, usize) {
        let start = position.map_or(0, Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.text.len());
        // Blank lines before a record belong to it.
        let start = self.text.len() - self.text[start..].trim_start_matches(['\r', '\n']).len();
        self.line += count_lines(&self.text[self.counted..start]);
        self.counted = start;
        (self.line, start)
    }
}

/// Returns the number of line ends in a text: CR and LF, or one of the two.
pub fn count_lines(text: &str) -> u64 {
    let ends = text.matches(['\r', '\n']).count() - text.matches("\r\n").count();
    u64::try_from(ends).unwrap_or(u64::MAX)
}

/// Decodes a file: UTF-8 or UTF-16 where it says so, UTF-8 where it is, and otherwise Windows-1252, in which Excel writes in Western languages.
pub fn decode_text(body: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[length..]).0;
    }
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(body).0,
    }
}

/// Returns the delimiter: the one that occurs most often in the header.
fn delimiter(text: &str) -> u8 {
    let header = text.split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // The last of several maxima counts, so that a single column is separated by commas.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The field of each column, with the column's name in the file; `None` for a column that is ignored.
    fields: Vec<Option<(&'static str, String)>>,
}

impl Columns {
    fn read(header: &StringRecord, ignores_unknown: bool) -> Result<Self, Error> {
        let mut fields: Vec<Option<(&'static str, String)>> = Vec::new();
        let mut violations = Vec::new();
        let mut refuse = |code, detail: String| {
            violations.push(Violation { pointer: "/columns".into(), code, detail });
        };
        for (index, name) in header.iter().enumerate() {
            let found = find(name);
            match found {
                Some(found) if fields.iter().flatten().any(|(known, _)| *known == found) => {
                    refuse(
                        "duplicate_column",
                        format!("Column {} is {found}, which occurs before.", index + 1),
                    );
                }
                None if is_ignored(name) => {}
                None if !ignores_unknown && !name.trim().is_empty() => refuse(
                    "unknown_column",
                    format!(
                        "Column {} is unknown. Rename it, remove it, or send `unknownColumns=ignore`. Known are: {}.",
                        index + 1,
                        COLUMNS.map(|column| column.name).join(", ")
                    ),
                ),
                _ => {}
            }
            fields.push(found.map(|field| (field, name.trim().to_owned())));
        }
        if fields.iter().all(Option::is_none) {
            refuse("missing_header", "The first line has the names of the columns.".into());
        }
        if violations.is_empty() { Ok(Self { fields }) } else { Err(Error::from_violations(violations)) }
    }

    /// Returns the name of the column of a field in the file; `None` if there is none.
    pub(crate) fn name(&self, field: &str) -> Option<&str> {
        let mut fields = self.fields.iter().flatten();
        fields.find(|(known, _)| *known == field).map(|(_, name)| &**name)
    }

    /// Returns the fields of a record. An empty cell is no value.
    fn fields(&self, record: &StringRecord) -> Result<Map<String, Value>, Error> {
        if record.iter().skip(self.fields.len()).any(|cell| !cell.trim().is_empty()) {
            let detail = "This line has more cells than the header. Is a delimiter not quoted?";
            return Err(Error::invalid("", "too_many_cells", detail));
        }
        let mut fields = Map::new();
        for (column, cell) in self.fields.iter().zip(record.iter()) {
            let Some((name, _)) = column else { continue };
            let cell = restore(cell);
            if cell.contains('\u{fffd}') {
                let detail = "This cell has the replacement character U+FFFD. Save the file as UTF-8.";
                return Err(Error::invalid(format!("/{name}"), "invalid_encoding", detail));
            }
            if !cell.trim().is_empty() {
                fields.insert((*name).to_owned(), value(name, cell)?);
            }
        }
        if let Some(curp) = fields.remove(CURP) {
            let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert(CURP.into(), curp);
            }
        }
        Ok(fields)
    }
}

/// Returns the field with this name, as it stands in a header.
fn find(name: &str) -> Option<&'static str> {
    let wanted = name_key(name);
    let is_it = |column: &&Column| {
        name_key(column.name) == wanted || column.other_names.iter().any(|other| name_key(other) == wanted)
    };
    let column = COLUMNS.iter().find(is_it).map(|column| column.name);
    column.or_else(|| (wanted == CURP).then_some(CURP))
}

/// Returns whether a column says nothing of a customer.
fn is_ignored(name: &str) -> bool {
    let wanted = name_key(name);
    IGNORED.iter().any(|ignored| name_key(ignored) == wanted)
}

/// Returns the letters and digits of a column's name, by which names are compared: letter case, accents, blanks and punctuation do not count.
fn name_key(name: &str) -> String {
    search_key(name).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Returns the value of a cell: a number where the field is one, an object where it is one, otherwise a text.
fn value(field: &'static str, cell: &str) -> Result<Value, Error> {
    let invalid = |detail: &str| Error::invalid(format!("/{field}"), "invalid_format", detail);
    match field {
        "number" => {
            let number: u64 = cell.trim().parse().map_err(|_| {
                invalid("A whole number. If it has a point or an E, a spreadsheet has rounded it.")
            })?;
            Ok(number.into())
        }
        "metadata" => {
            serde_json::from_str(cell).map_err(|_| invalid("An object in JSON, as an export has it."))
        }
        _ => Ok(cell.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_is_restored() {
        for cell in ["", "a", "=1+1", "+52 55", "-1", "@x", "\tx", "\rx", "'", "''", "'=1", "'a", "a'=1", "é"]
        {
            let written = neutralize(cell);
            assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            assert_eq!(restore(&written), cell);
        }
    }

    #[test]
    fn columns_are_found_by_any_of_their_names() {
        for (name, field) in [
            ("legalName", Some("legalName")),
            ("LEGALNAME", Some("legalName")),
            ("legal_name", Some("legalName")),
            ("  Razón Social ", Some("legalName")),
            ("Código Postal", Some("addressZip")),
            ("address.zip", Some("addressZip")),
            ("RFC", Some("taxId")),
            ("Uso de CFDI", Some("defaultInvoiceUse")),
            ("CURP", Some("curp")),
            ("notes", None),
            ("", None),
        ] {
            assert_eq!(find(name), field, "{name}");
        }
        for (index, column) in COLUMNS.iter().enumerate() {
            assert_eq!(find(column.name), Some(column.name));
            for name in column.other_names {
                assert_eq!(find(name), Some(COLUMNS[index].name), "{name}");
            }
        }
    }

    #[test]
    fn encodings_and_delimiters_are_recognized() {
        let expected = "Razón;Año";
        let utf_16: Vec<u8> = "\u{feff}Razón;Año".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            expected.as_bytes().to_vec(),
            "\u{feff}Razón;Año".as_bytes().to_vec(),
            b"Raz\xf3n;A\xf1o".to_vec(),
            utf_16,
        ] {
            assert_eq!(decode_text(&bytes), expected);
        }
        for (header, expected) in
            [("a;b,c;d", b';'), ("a\tb", b'\t'), ("a", b','), ("a,b", b','), ("\n\na;b", b';')]
        {
            assert_eq!(delimiter(header), expected, "{header}");
        }
    }
}
