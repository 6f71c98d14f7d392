//! Files with customers, cut into parts that one request can carry.

use std::path::Path;

use csv::ReaderBuilder;
use padron_customers::decode_text;
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
        let header_end = text.find('\n').map_or(text.len(), |end| end + 1);
        let count = |delimiter: char| text[..header_end].matches(delimiter).count();
        let delimiter = ['\t', ';', ','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(',');
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        // The records by their positions: a line break inside quotes does not end one.
        let mut starts = Vec::new();
        for record in reader.byte_records() {
            let record = record.map_err(|error| format!("The file cannot be read as CSV: {error}"))?;
            let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
            starts.push(text.len() - text[start..].trim_start_matches(['\r', '\n']).len());
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let (mut line, mut counted, mut records) = (1, 0, Vec::new());
        for (start, end) in starts.iter().copied().zip(ends) {
            line += text[counted..start].bytes().filter(|byte| *byte == b'\n').count() as u64;
            counted = start;
            let text = text[start..end].trim_end_matches(['\r', '\n']);
            records.push(Row { line, text: format!("{text}\r\n") });
        }
        if records.is_empty() {
            return Err("The file is empty. Its first line has the names of the columns.".into());
        }
        let header = records.remove(0).text;
        Ok(Self { media_type: "text/csv; charset=utf-8", header, rows: records })
    }

    fn json(text: &str, map: Map) -> Result<Self, String> {
        let mut rows = Vec::new();
        let mut add = |line: u64, value: Value| {
            let text = format!("{}\n", map.apply(value));
            rows.push(Row { line, text });
        };
        if text.trim_start().starts_with('[') {
            let values: Vec<Value> = serde_json::from_str(text)
                .map_err(|error| format!("The file cannot be read as JSON: {error}"))?;
            (1..).zip(values).for_each(|(line, value)| add(line, value));
        } else {
            for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
                let value = serde_json::from_str(text)
                    .map_err(|error| format!("Line {line} cannot be read as JSON: {error}"))?;
                add(line, value);
            }
        }
        Ok(Self { media_type: "application/x-ndjson", header: String::new(), rows })
    }

    /// Cuts rows into parts, each of consecutive lines.
    pub(super) fn parts<'a>(&self, rows: &'a [Row]) -> Vec<&'a [Row]> {
        let mut parts = Vec::new();
        let mut rest = rows;
        while !rest.is_empty() {
            let mut size = self.header.len();
            let fits = rest.iter().enumerate().take_while(|(index, row)| {
                size += row.text.len();
                let follows = *index == 0 || row.line == rest[index - 1].line + lines_of(&rest[index - 1]);
                *index == 0 || (size <= MAX_PART_SIZE && *index < MAX_PART_ROWS && follows)
            });
            let (part, left) = rest.split_at(fits.count());
            parts.push(part);
            rest = left;
        }
        parts
    }

    /// Returns the body of the request that carries these rows.
    pub(super) fn body(&self, rows: &[Row]) -> String {
        let rows: String = rows.iter().map(|row| row.text.as_str()).collect();
        format!("{}{rows}", self.header)
    }
}

/// Returns the number of lines of a row.
fn lines_of(row: &Row) -> u64 {
    row.text.matches('\n').count() as u64
}
