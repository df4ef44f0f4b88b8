//! `pubsub-lab schema`: JSON Schemas, for editors and for programs that read reports.

use std::io::Write as _;

use clap::{Args, ValueEnum};

use super::failure::{ENVIRONMENT, Failure};
use ::{report, scenario};

const AFTER_HELP: &str = "\
An editor completes a scenario and explains each key once it has the schema. Write, as the first line of the
scenario's TOML file beside it,

  #:schema ./scenario.schema.json

which Taplo reads: in VS Code by the extension Even Better TOML, elsewhere by its language server.

Examples:
  pubsub-lab schema scenario > scenario.schema.json
  pubsub-lab schema report > report.schema.json";

/// Arguments of `pubsub-lab schema`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct SchemaArgs {
    /// Of which file
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A scenario, as `bench --scenario FILE` reads it
    Scenario,
    /// A report.json, as `bench` writes it
    Report,
}

/// Prints the schema and gives the exit code.
pub fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.what {
        What::Scenario => scenario::json_schema(),
        What::Report => report::json_schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| {
        Failure::new(ENVIRONMENT, format!("cannot write the schema: {error}"), "free some memory")
    })?;
    // A reader that closes early (`| head -1`) is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(0)
}
