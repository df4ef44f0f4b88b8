"""Reads requests to a collector, as JSON on stdin, with OpenTelemetry's own types: an unknown key or a wrong type is an error."""

import json
import sys

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

for body in json.load(sys.stdin):
    request = ParseDict(body, ExportTraceServiceRequest())
    assert request.resource_spans[0].scope_spans[0].spans
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                # OTLP's JSON has ids in hexadecimal digits, where other messages have base64.
                assert len(bytes.fromhex(span["traceId"])) == 16 and len(bytes.fromhex(span["spanId"])) == 8
print("fine")
