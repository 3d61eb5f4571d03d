"""Sums up the JUnit files of a tox run in one line, as pytest closes its own runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

WIDTH = 100


def python_of(results: Path) -> str:
    """Return the version of the Python of the environment that wrote a file of results, or ''.

    A file is named like its environment; where that runs pytest twice, a name follows, `-name`.
    """
    places = results.parent.parent
    stems = (results.stem, results.stem.rpartition("-")[0])
    files = (places / stem / "pyvenv.cfg" for stem in stems if stem)
    text = next((file.read_text("utf-8") for file in files if file.exists()), "")
    found = re.search(r"^version(?:_info)? *= *(\d+\.\d+\.\d+)", text, re.MULTILINE)
    return found[1] if found else ""


def main(folder: str, code: str, duration_s: str) -> None:
    """Print the line.

    `folder` holds a file for each environment, and lies where the environments do; `code` is tox's
    exit code.
    """
    passed = failed = skipped = 0
    versions = set()
    for file in sorted(Path(folder).glob("*.xml")):
        suites = list(ET.parse(file).getroot().iter("testsuite"))
        tests, bad, left_out = (
            sum(int(suite.get(name, "0")) for suite in suites for name in names)
            for names in (("tests",), ("failures", "errors"), ("skipped",))
        )
        passed += tests - bad - left_out
        failed += bad
        skipped += left_out
        counted_s = sum(float(suite.get("time", "0")) for suite in suites)
        line = f"{file.stem:<20} {tests - bad - left_out} passed, {bad} failed in {counted_s:.0f}s"
        version = python_of(file)
        versions.add(version)
        print(f"{line} on Python {version}" if version else line)
    if len(versions) == 1 and "" not in versions:
        print(f"no other Python than {versions.pop()} was found: nothing ran on a newer one")
    counts = [f"{passed} passed"]
    counts += [f"{failed} failed"] if failed else []
    counts += [f"{skipped} skipped"] if skipped else []
    if code != "0" and not failed:
        counts.append("1 error")
    print(f" {', '.join(counts)} in {float(duration_s):.2f}s ".center(WIDTH, "="))


if __name__ == "__main__":
    main(*sys.argv[1:])
