//! Files with customers, cut into parts that one request can carry.

use std::path::Path;

use padron_customers::{LineCounter, UNCLOSED_QUOTE, count_lines, csv_reader, decode_text, is_unclosed};
use serde_json::Value;

use super::map::Map;

/// The maximum size of a part, in bytes. As a JSON string in an event it stays below Lambda's 6 MB.
const MAX_PART_SIZE: usize = 1024 * 1024;
/// The maximum number of rows of a part.
const MAX_PART_ROWS: usize = 500;

/// A row of a file.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The number of its line in the file, from 1 on.
    pub(super) line: u64,
    /// The text of the row, with its line break.
    pub(super) text: String,
}

/// A file with customers.
#[derive(Debug)]
pub(super) struct File {
    /// The media type of the requests.
    pub(super) media_type: &'static str,
    /// What each part begins with: the header of a CSV file.
    header: String,
    /// The rows.
    pub(super) rows: Vec<Row>,
}

impl File {
    /// Reads a file. Its extension tells what it is.
    pub(super) fn read(path: &Path, map: Map) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = decode_text(&bytes);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" if map.is_for_json() => {
                Err("MAP=spirii is for JSON. A CSV file needs no MAP: its columns are known by their names."
                    .into())
            }
            "csv" | "tsv" | "txt" => Self::csv(&text),
            "json" | "ndjson" | "jsonl" => Self::json(&text, map),
            "xlsx" | "xls" | "ods" | "numbers" => {
                Err("A spreadsheet cannot be read. Save it as CSV, with the encoding UTF-8.".into())
            }
            _ => Err("FILE ends in .csv, .ndjson, .jsonl or .json.".into()),
        }
    }

    fn csv(text: &str) -> Result<Self, String> {
        let mut reader = csv_reader(text);
        let mut lines = LineCounter::new(text);
        // The records by their positions: a line break inside quotes does not end one.
        let mut starts = Vec::new();
        for record in reader.byte_records() {
            let record = record.map_err(|error| format!("The file cannot be read as CSV: {error}"))?;
            starts.push(lines.record(record.position()));
        }
        if let Some((line, _)) = starts.last().filter(|(_, start)| is_unclosed(&text[*start..])) {
            return Err(format!("Line {line}: {UNCLOSED_QUOTE}"));
        }
        let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([text.len()]);
        let record = |((line, start), end): ((u64, usize), usize)| {
            let text = text[start..end].trim_end_matches(['\r', '\n']);
            Row { line, text: format!("{text}\r\n") }
        };
        let mut records: Vec<Row> = starts.iter().copied().zip(ends).map(record).collect();
        if records.is_empty() {
            return Err("The file is empty. Its first line has the names of the columns.".into());
        }
        let header = records.remove(0).text;
        Ok(Self { media_type: "text/csv; charset=utf-8", header, rows: records })
    }

    fn json(text: &str, map: Map) -> Result<Self, String> {
        let row = |line: u64, value: Value| Row { line, text: format!("{}\n", map.apply(value)) };
        let mut rows = Vec::new();
        if let Some(customers) = page(text)? {
            rows.extend((1..).zip(customers).map(|(line, value)| row(line, value)));
        } else {
            for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
                match serde_json::from_str(text) {
                    Ok(value) => rows.push(row(line, value)),
                    // The API reports it, and takes the others.
                    Err(_) => rows.push(Row { line, text: format!("{text}\n") }),
                }
            }
        }
        Ok(Self { media_type: "application/x-ndjson", header: String::new(), rows })
    }

    /// Cuts rows into parts.
    pub(super) fn parts<'a>(&self, rows: &'a [Row]) -> Vec<&'a [Row]> {
        let mut parts = Vec::new();
        let mut rest = rows;
        while !rest.is_empty() {
            let mut size = self.header.len();
            let fits = rest.iter().enumerate().take_while(|(index, row)| {
                size += row.text.len();
                let gap = rest
                    .get(index.saturating_sub(1))
                    .map_or(0, |before| row.line.saturating_sub(before.line));
                size += usize::try_from(gap).unwrap_or(usize::MAX / 2);
                *index == 0 || (size <= MAX_PART_SIZE && *index < MAX_PART_ROWS)
            });
            let (part, left) = rest.split_at(fits.count());
            parts.push(part);
            rest = left;
        }
        parts
    }

    /// Returns the body of the request that carries these rows. Blank lines stand for the lines between them, so that each has its number.
    pub(super) fn body(&self, rows: &[Row]) -> String {
        let mut body = self.header.clone();
        let mut line = rows.first().map_or(1, |row| row.line);
        for row in rows {
            while line < row.line {
                body.push('\n');
                line += 1;
            }
            body.push_str(&row.text);
            line += count_lines(&row.text);
        }
        body
    }

    /// Returns what the requests begin with: the header of a CSV file.
    pub(super) fn header(&self) -> &str {
        &self.header
    }
}

/// Returns the customers of a JSON document: an array, or an object with an array `data`, as lists of other systems are; `None` if the text is no
/// such document. Fails if it begins like an array and is none.
fn page(text: &str) -> Result<Option<Vec<Value>>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Array(customers)) => Ok(Some(customers)),
        Ok(Value::Object(mut page)) => match page.remove("data") {
            Some(Value::Array(customers)) => Ok(Some(customers)),
            _ => Ok(None),
        },
        Err(error) if text.trim_start().starts_with('[') => {
            Err(format!("The file cannot be read as JSON: {error}"))
        }
        _ => Ok(None),
    }
}
