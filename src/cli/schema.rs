//! `pubsub-lab schema`: JSON Schemas, for editors and for programs that read reports.

use clap::{Args, ValueEnum};

use super::failure::{ENVIRONMENT, Failure};
use super::output::deliver;
use ::{report, scenario};

const AFTER_HELP: &str = "\
An editor that has the schema completes a scenario and explains each key. Save the schema beside the scenario's TOML \
file, and make this the first line of that file:

  #:schema ./scenario.schema.json

Taplo reads this line: in VS Code through the extension Even Better TOML, elsewhere through its language server.

Examples:
  pubsub-lab schema scenario > scenario.schema.json
  pubsub-lab schema report > report.schema.json";

/// Arguments of `pubsub-lab schema`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct SchemaArgs {
    /// The file that the schema describes
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The scenario file that `bench --scenario FILE` reads
    Scenario,
    /// The report.json that `bench` writes
    Report,
    /// The policy file that `node --policy FILE` obeys
    Policy,
}

/// Prints the schema and gives the exit code.
pub fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.what {
        What::Scenario => scenario::json_schema(),
        What::Report => report::json_schema(),
        What::Policy => ::policy::json_schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| {
        Failure::new(ENVIRONMENT, format!("cannot write the schema: {error}"), "free some memory")
    })?;
    deliver(&(text + "\n"))?;
    Ok(0)
}
