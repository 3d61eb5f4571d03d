"""`streamchat-conformance schema`: the JSON Schema of the JSON report."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from streamchat_conformance.commands.parsing import EXIT_OK, Parser, Usage, fault

SCHEMA_FILE = "report.schema.json"


def schema_text() -> str:
    """Return the JSON Schema (2020-12) of the report."""
    return files("streamchat_conformance.report").joinpath(SCHEMA_FILE).read_text("utf-8")


def main(argv: Sequence[str]) -> int:
    """Print the schema; return the exit code."""
    try:
        Parser("schema", "Print the JSON Schema of the JSON report.").parse_args(argv)
    except Usage as mistake:
        return fault("schema", mistake)
    print(schema_text(), end="")
    return EXIT_OK
