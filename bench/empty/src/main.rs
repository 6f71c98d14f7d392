//! A Lambda function that does nothing: what the others are compared with.

use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::{Value, json, value::RawValue};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let handler = service_fn(async |_: LambdaEvent<Box<RawValue>>| {
        Ok::<Value, Error>(
            json!({ "statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": false, "cookies": [] }),
        )
    });
    runtime.block_on(Runtime::new(handler).run())
}
