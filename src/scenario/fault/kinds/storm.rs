//! Storm: all clients of a node drop their connections and reconnect at once.

use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::target;
use crate::section::FileValue;

/// All clients of a node drop their connections and reconnect at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storm;

impl FaultKind for Storm {
    const FORM: Form = Form {
        key: "storm",
        help: "All clients of a node drop their connections and reconnect at once.",
        example: "\"node 1\"",
        value: target::nodes,
        own: &[],
        lasts: Lasts::AtOnce {
            why: "who drops comes back at once",
            hint: "use `cut` for clients that stay away",
        },
    };

    fn read<'a>(reader: &Reader<'a>, value: FileValue<'a>) -> Read<Self> {
        match reader.process(Self::FORM.key)? {
            Target::Broker | Target::History => {
                let error = value.error("`storm` is about the clients of a node");
                Err(error.with_hint("storm = \"node 1\", or \"node *\""))
            }
            node => Ok((Self, node)),
        }
    }
}

impl FaultWords for Storm {
    fn meanwhile(&self, _: &Target) -> Option<String> {
        None
    }

    fn onset(&self, target: &Target) -> String {
        format!("{} dropped and came back at once", place::clients_of(target))
    }

    fn end(&self, target: &Target) -> String {
        format!("{} had dropped", place::clients_of(target))
    }

    fn is_of_clients(&self) -> bool {
        true
    }
}
