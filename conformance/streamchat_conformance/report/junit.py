"""Properties of a requirement in pytest's JUnit report: id, level, layer and source."""

from __future__ import annotations

from streamchat_conformance.catalogue import Requirement


def junit_properties(requirement: Requirement | None) -> list[tuple[str, object]]:
    """Return the properties of a case, for `item.user_properties`; none for other tests.

    They are set on the item, because JUnit's writer reads them from the report of the teardown.
    """
    if requirement is None:
        return []
    properties: list[tuple[str, object]] = [
        ("requirement", requirement.id),
        ("level", requirement.level.value),
        ("layer", requirement.layer.value),
        ("source", requirement.source),
    ]
    if requirement.change is not None:
        properties.append(("level-change", requirement.level_text))
    return properties
