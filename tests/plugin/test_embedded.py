"""`pytest` alone: the embedded reference server meets every requirement."""

from __future__ import annotations

from sampling import ALL

from .conftest import Judge
from .test_report import check_form


def test_the_reference_server_is_conformant(run: Judge) -> None:
    # By default in part: the main job judges it whole (`tox -e conformance`).
    parts = () if ALL else ("--requirement=payload.*", "--requirement=sse.*")
    done = run("--fail-on=should", "-n", "2", *parts)
    assert done.code == 0, done.out
    report = check_form(done)
    assert done.with_outcome("pass") == set(done.outcomes) - done.with_outcome("not-run")
    assert set(report["target"]["capabilities"].values()) == {"declared"}
    assert report["target"]["url"].startswith("http://127.0.0.1:")
    assert report["generated_requests"] > 0


def test_the_reference_server_is_conformant_in_chat_completions_too(run: Judge) -> None:
    done = run("--dialect=openai", "--fail-on=should", "--large-prompts")
    assert done.code == 0, done.out
    report = check_form(done)
    # A client that does not read is no burden where the answers are short.
    assert set(done.outcomes) - done.with_outcome("pass") == {"resilience.slow-reader"}
    assert report["generated_requests"] > 0


def test_the_reference_server_is_conformant_in_messages_too(run: Judge) -> None:
    done = run("--dialect=anthropic", "--fail-on=should")
    assert done.code == 0, done.out
    report = check_form(done)
    # There is no key to try, and the typewriter does not think; a client that does not read is no
    # burden where the answers are short.
    assert set(done.outcomes) - done.with_outcome("pass") == {
        "anthropic.auth-forms",
        "anthropic.thinking-signature",
        "resilience.slow-reader",
    }
    assert report["generated_requests"] > 0
