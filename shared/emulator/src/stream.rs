//! The stream of the local table, as Lambda's event source reads it.

use dynoxide::{
    Database,
    actions::{
        describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
    },
};
use serde_json::{Value, json};

use crate::template::EventSource;

/// A reader of the table's stream.
pub struct StreamReader {
    database: Database,
    source: EventSource,
    iterator: String,
    /// A connection that deletes records that were handled; `None` if the table is in memory.
    file: Option<rusqlite::Connection>,
}

impl std::fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamReader").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A batch of records that match the event source's filter.
#[derive(Debug)]
pub struct Batch {
    /// The event that Lambda passes to the function; `None` if no record matches.
    pub payload: Option<Value>,
    next_iterator: String,
    /// The id of the last record.
    last: String,
}

impl StreamReader {
    /// Opens the stream of a table, at its beginning.
    pub(crate) fn open(
        database: Database,
        table: &str,
        source: EventSource,
        file: Option<rusqlite::Connection>,
    ) -> Result<Self, String> {
        let error = |error: dynoxide::errors::DynoxideError| format!("the stream cannot be read: {error}");
        let request = ListStreamsRequest { table_name: Some(table.into()), ..ListStreamsRequest::default() };
        let streams = database.list_streams(request).map_err(error)?.streams;
        let arn = streams.into_iter().next().ok_or("the table has no stream")?.stream_arn;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..DescribeStreamRequest::default() };
        let shards = database.describe_stream(request).map_err(error)?.stream_description.shards;
        let shard = shards.into_iter().next().ok_or("the stream has no shard")?.shard_id;
        let iterator = database
            .get_shard_iterator(GetShardIteratorRequest {
                stream_arn: arn,
                shard_id: shard,
                shard_iterator_type: "TRIM_HORIZON".into(),
                sequence_number: None,
            })
            .map_err(error)?
            .shard_iterator
            .ok_or("the stream has no iterator")?;
        Ok(Self { database, source, iterator, file })
    }

    /// Returns the next batch of records; `None` if there is none. It is returned again until it is marked as handled.
    pub fn next(&self) -> Result<Option<Batch>, String> {
        let request =
            GetRecordsRequest { shard_iterator: self.iterator.clone(), limit: Some(self.source.batch_size) };
        let output = self
            .database
            .get_records(request)
            .map_err(|error| format!("the stream cannot be read: {error}"))?;
        let Some(last) = output.records.last().map(|record| record.event_id.clone()) else {
            return Ok(None);
        };
        let records = serde_json::to_value(output.records).map_err(|error| error.to_string())?;
        let records = records.as_array().cloned().unwrap_or_default();
        let wanted: Vec<Value> = records.into_iter().filter(|record| self.source.accepts(record)).collect();
        Ok(Some(Batch {
            payload: (!wanted.is_empty()).then(|| json!({ "Records": wanted })),
            next_iterator: output.next_shard_iterator.ok_or("the stream has ended")?,
            last,
        }))
    }

    /// Marks a batch as handled.
    pub fn handled(&mut self, batch: Batch) {
        self.iterator = batch.next_iterator;
        // The engine keeps all records, and looks at each of them for every write.
        if let Some(file) = &self.file {
            let delete = "DELETE FROM _stream_records WHERE id <= (SELECT id FROM _stream_records WHERE event_id = ?1)";
            // If that fails now, the next batch does it.
            _ = file.execute(delete, [batch.last]);
        }
    }
}
