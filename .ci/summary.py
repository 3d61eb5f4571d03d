"""Sums up the JUnit files of a tox run in one line, as pytest closes its own runs."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

WIDTH = 100


def main(folder: str, code: str) -> None:
    """Print the line. `folder` holds a file for each environment; `code` is tox's exit code."""
    passed = failed = skipped = 0
    duration_s = 0.0
    for file in sorted(Path(folder).glob("*.xml")):
        suites = list(ET.parse(file).getroot().iter("testsuite"))
        tests, bad, left_out = (
            sum(int(suite.get(name, "0")) for suite in suites for name in names)
            for names in (("tests",), ("failures", "errors"), ("skipped",))
        )
        passed += tests - bad - left_out
        failed += bad
        skipped += left_out
        duration_s += sum(float(suite.get("time", "0")) for suite in suites)
        print(f"{file.stem:<14} {tests - bad - left_out} passed, {bad} failed")
    counts = [f"{passed} passed"]
    counts += [f"{failed} failed"] if failed else []
    counts += [f"{skipped} skipped"] if skipped else []
    if code != "0" and not failed:
        counts.append("1 error")
    print(f" {', '.join(counts)} in {duration_s:.2f}s ".center(WIDTH, "="))


if __name__ == "__main__":
    main(*sys.argv[1:])
