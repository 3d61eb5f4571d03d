"""`python -m dev`: what writes into a checkout, and therefore is not installed with the suite."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from dev.checkout import ScaffoldError, use_sources

if TYPE_CHECKING:
    from collections.abc import Sequence


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev", description="Write stubs and generated pages into this checkout."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new", help="write stubs for a requirement")
    new.add_argument("id", metavar="ID", help="area.some-name, such as headers.age")
    new.add_argument("--level", required=True, choices=["must", "should", "may"])
    new.add_argument(
        "--source", required=True, help='where it comes from, such as "RFC 9111 section 5.1"'
    )
    new.add_argument("--title", default="", help="the requirement, as one sentence")
    new.add_argument("--layer", default="application", choices=["application", "server"])
    new.add_argument(
        "--judge", metavar="MODULE", help="the module of judges; one that is missing is created"
    )
    new.add_argument(
        "--case",
        metavar="MODULE",
        help="several exchanges decide it: the module of cases, without test_, in place of a judge",
    )
    new.add_argument("--fault", metavar="MODULE", help="the module of faulty servers")
    dialect = commands.add_parser("new-dialect", help="write a small dialect that works")
    dialect.add_argument("name", metavar="NAME", help="small letters: ids begin with it")
    generate = commands.add_parser("generate", help="write all generated pages and counts")
    generate.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when something is out of date"
    )
    freeze = commands.add_parser("freeze", help="freeze all ids and levels as a rule set")
    freeze.add_argument("name", metavar="SET", help="year.number, such as 2026.1")
    freeze.add_argument(
        "--again", action="store_true", help="write a set again that no release has yet"
    )
    notes = commands.add_parser("release-notes", help="print a version's changes, if all agrees")
    notes.add_argument("version", metavar="VERSION", help="such as 0.1.0")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (1: out of date, 2: wrong usage)."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "release-notes":
            from dev.release import release_notes

            print(release_notes(arguments.version), end="")
            return 0
        use_sources()
        if arguments.command == "generate":
            from dev.generate import generate

            return generate(check=arguments.check)
        if arguments.command == "new-dialect":
            from dev.dialect import write_dialect

            write_dialect(arguments.name)
            return 0
        if arguments.command == "freeze":
            from dev.freeze import freeze

            freeze(arguments.name, again=arguments.again)
            return 0
        from dev.requirement import NewRequirement, write_stubs

        write_stubs(
            NewRequirement(
                id=arguments.id,
                level=arguments.level.upper(),
                source=arguments.source,
                title=arguments.title,
                layer=arguments.layer.upper(),
                judge=arguments.judge,
                case=arguments.case,
                fault=arguments.fault,
            )
        )
    except ScaffoldError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
