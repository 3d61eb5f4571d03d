"""JUnit XML: a test case for integrity, for verification, for validity, and for each threshold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from streamchat_load.report.text_report import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_load.verdict.verdict import LoadVerdict

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(summary: Mapping[str, Any], verdict: LoadVerdict) -> bytes:
    """Return the verdict as JUnit XML, for a CI service to show."""
    suite = ET.Element(
        "testsuite",
        name=f"load {summary['profile']}",
        time=f"{summary['elapsed_s']:.3f}",
    )
    faults = [f"{count} x {fault}" for fault, count in sorted(summary["faults"].items())]
    details = "\n".join(
        f"{found['fault']}: {found['message']}: {found['excerpt']!r}"
        for found in summary["evidence"]
    )
    _case(suite, "integrity", "; ".join(faults), details)
    _case(suite, "verification", verdict.unverified, "")
    others = {*faults, verdict.unverified} | {str(check) for check in verdict.checks}
    invalid = [reason for reason in verdict.reasons if reason not in others]
    _case(suite, "validity", "; ".join(invalid), "")
    for check in verdict.checks:
        _case(suite, check.metric, "" if check.met else str(check), "")
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))


def _case(suite: ET.Element, name: str, failure: str, details: str) -> None:
    case = ET.SubElement(suite, "testcase", classname="streamchat_load", name=name)
    if failure:
        # XML 1.0 section 2.2 does not allow most control characters, even escaped.
        element = ET.SubElement(case, "failure", message=_NOT_XML.sub("?", printable(failure)))
        element.text = _NOT_XML.sub("?", details)
