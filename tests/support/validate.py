"""Judges JSON documents by a JSON Schema, with a validator of other people.

On stdin: {"schema": ..., "documents": [...]}. On stdout: for each document, what is wrong with it, or null."""

import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

asked = json.load(sys.stdin)
Draft202012Validator.check_schema(asked["schema"])
validator = Draft202012Validator(asked["schema"])


def wrong(document):
    error = best_match(validator.iter_errors(document))
    return error and "/".join(str(step) for step in error.absolute_path) + ": " + error.message


json.dump([wrong(document) for document in asked["documents"]], sys.stdout)
