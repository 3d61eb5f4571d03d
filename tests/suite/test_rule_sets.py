"""Frozen rule sets: the levels of a release hold, and nothing newer weighs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamchat_conformance.catalogue import MAY, MUST, SHARED, SHOULD, Level
from streamchat_conformance.commands import compare, explain, matrix
from streamchat_conformance.commands import list as listing
from streamchat_conformance.commands import rules as command
from streamchat_conformance.dialects.registry import DEFAULT, own_names
from streamchat_conformance.gate.known_failures import parse_known_failures
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.badge import badge
from streamchat_conformance.report.json_report import build_report
from streamchat_conformance.report.model import report_from_json
from streamchat_conformance.rule_sets import choosing, frozen, history
from streamchat_conformance.rule_sets.choosing import missing, with_rule_set
from streamchat_conformance.rule_sets.frozen import (
    CURRENT,
    RuleSet,
    UnknownRuleSetError,
    as_toml,
    names,
    rule_set,
)
from streamchat_conformance.suite.config.levels import with_levels
from streamchat_conformance.suite.config.settings import load_settings
from streamchat_conformance.suite.config.typed import SettingsError, unknown_id
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Results, Verdict

NAME = "2000.1"
NEWER, RAISED, GONE = "sse.fields", "sse.data", "sse.withdrawn"


@pytest.fixture
def old_set(monkeypatch: pytest.MonkeyPatch) -> RuleSet:
    """Make a set of today's rules without one, with one of a lower level, and with one more."""
    by_dialect = {
        name: {
            **{id_: entry.level for id_, entry in rules_of(name).catalogue.items() if id_ != NEWER},
            RAISED: SHOULD,
            GONE: MUST,
        }
        for name in own_names()
    }
    shared = {id_: entry.level for id_, entry in SHARED.by_id.items() if id_ != NEWER}
    old = RuleSet(NAME, shared, by_dialect)
    monkeypatch.setattr(choosing, "rule_set", lambda _name: old)
    return old


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("dialect", own_names())
def test_what_was_frozen_is_judged_or_withdrawn(name: str, dialect: str) -> None:
    rules = with_rule_set(rules_of(dialect), name)
    assert rules.rule_set == name
    levels = rule_set(name).by_dialect.get(dialect, {})
    assert levels
    assert [id_ for id_ in missing(rules) if history.withdrawn(id_) is None] == []
    for id_, entry in rules.catalogue.items():
        if id_ in levels:
            assert entry.level is levels[id_], id_
        else:
            assert entry.level is MAY, id_
            assert entry.change is None or entry.change.newer, id_


@pytest.mark.parametrize("dialect", own_names())
@pytest.mark.usefixtures("old_set")
def test_what_is_newer_weighs_nothing_and_keeps_its_own_level_in_sight(dialect: str) -> None:
    rules = with_rule_set(rules_of(dialect), NAME)
    newer, raised = rules.catalogue[NEWER], rules.catalogue[RAISED]
    assert newer.level is MAY
    assert newer.level_text == f"MUST, not gating: newer than rule set {NAME}"
    assert (raised.level, raised.level_text) == (
        SHOULD,
        f"SHOULD by rule set {NAME}, MUST by default",
    )
    assert rules.judges[NEWER].requirement is newer
    assert missing(rules) == [GONE]
    results = Results(rules)
    for id_, result in results.by_id.items():
        result.outcome = Outcome.FAIL if id_ in (NEWER, RAISED) else Outcome.PASS
    assert results.verdict() is Verdict.CONFORMANT
    assert results.exit_code() == 0
    assert results.exit_code(fail_on="should") == 1


@pytest.mark.usefixtures("old_set")
def test_a_dialect_from_elsewhere_is_held_to_the_shared_part_and_to_its_own() -> None:
    elsewhere = rules_of(DEFAULT)
    elsewhere = replace(elsewhere, dialect=replace(elsewhere.dialect, name="elsewhere"))
    rules = with_rule_set(elsewhere, NAME)
    own = [id_ for id_ in rules.catalogue if id_ not in SHARED.by_id]
    assert own
    assert {rules.catalogue[id_].change for id_ in own} == {None}
    assert rules.catalogue[NEWER].level is MAY


@pytest.mark.usefixtures("old_set")
def test_a_level_of_the_users_wins_over_the_set() -> None:
    rules = with_levels(with_rule_set(rules_of(DEFAULT), NAME), {NEWER: SHOULD}, "server.toml")
    entry = rules.catalogue[NEWER]
    assert (entry.level, entry.level_text) == (
        SHOULD,
        "SHOULD by [levels] in server.toml, MUST by default",
    )


@pytest.mark.usefixtures("old_set")
def test_every_report_names_the_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for name in (CURRENT, NAME):
        results = Results(with_rule_set(rules_of(DEFAULT), name))
        for result in results:
            result.outcome = Outcome.PASS
        value = build_report(results, started="2026-01-02T03:04:05+00:00", duration_s=1)
        assert value["rules"] == {"set": name, "withdrawn": [GONE] if name == NAME else []}
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(value), "utf-8")
        shown = json.loads(badge(report_from_json(value)))
        assert (f"rules {NAME}" in shown["message"]) == (name == NAME)
        assert shown["color"] == "brightgreen"
    assert compare.main([*map(str, files)]) == 0
    out = capsys.readouterr().out
    for part in (f"rules {CURRENT})", f"rules {NAME})", "different rule sets"):
        assert part in out
    assert matrix.main([*map(str, files)]) == 0
    assert f"| **rules** |  | {CURRENT} | {NAME} |" in capsys.readouterr().out


def test_a_set_that_does_not_exist_is_one_line_with_those_that_do() -> None:
    with pytest.raises(UnknownRuleSetError, match=r"'2026.11' is unknown; did you mean '2026\.1'"):
        rule_set("2026.11")
    with pytest.raises(UnknownRuleSetError, match=r"known are current, 2026"):
        rule_set("../history")


def test_a_set_is_written_and_read_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    levels: dict[str, Level] = {"sse.data": MUST, "error.bounded": SHOULD}
    (tmp_path / "2001.2.toml").write_text(as_toml("2001.2", levels, {"stream-chat": levels}))
    monkeypatch.setattr(frozen, "files", lambda _package: tmp_path)
    assert names() == ["2001.2"]
    assert rule_set("2001.2") == RuleSet("2001.2", levels, {"stream-chat": levels})


@pytest.fixture
def _with_withdrawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gone = history.Withdrawn(GONE, "0.9.0", "MUST", "Events were so.", "No client minded.")
    known = history.History({GONE: gone}, {}, history.history().disputed)
    monkeypatch.setattr(history, "history", lambda: known)
    for module in (command, explain):
        monkeypatch.setattr(module, "history", lambda: known)
    yield
    monkeypatch.undo()


@pytest.mark.usefixtures("_with_withdrawn")
def test_a_withdrawn_requirement_keeps_its_page_and_breaks_no_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert f"## {GONE}\n\n**Withdrawn** in 0.9.0" in explain.pages()["sse.md"]
    assert f"[`{GONE}`](requirements/sse.md#ssewithdrawn)" in command.as_markdown()
    assert explain.main([GONE]) == 0
    assert "No client minded." in capsys.readouterr().out
    ids = rules_of(DEFAULT).catalogue
    assert "was withdrawn in 0.9.0" in unknown_id(GONE, ids)
    listed = f'[[known-failure]]\nid = "{GONE}"\nreason = "r"\n'
    assert parse_known_failures(listed, ids).failures == {}
    assert with_levels(rules_of(DEFAULT), {GONE: MAY}, "server.toml") == rules_of(DEFAULT)
    with pytest.raises(SettingsError):
        parse_known_failures(listed.replace(GONE, "sse.never"), ids)


def test_what_is_disputed_exists() -> None:
    known = history.history()
    everything = {id_ for name in own_names() for id_ in rules_of(name).catalogue}
    assert [*known.changed, *known.disputed] != []
    assert {*known.changed, *known.disputed} <= everything
    assert everything.isdisjoint(known.withdrawn)


def test_the_requirements_of_a_set_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert listing.main(["--rules", names()[0], "sse.data"]) == 0
    assert "sse.data" in capsys.readouterr().out
    assert listing.main(["--rules", "1999.1"]) == 4
    assert "known are" in capsys.readouterr().err


def test_a_target_file_names_the_set(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[run]\nrules = "2026.1"\n', "utf-8")
    assert load_settings(file).rules == "2026.1"
    file.write_text("", "utf-8")
    assert load_settings(file).rules == CURRENT
