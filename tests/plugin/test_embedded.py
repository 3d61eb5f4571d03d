"""`pytest` alone: the embedded reference server meets every requirement."""

from __future__ import annotations

from sampling import ALL

from .conftest import Judge
from .harness import Run
from .test_report import check_form

# By default in part: what is special about a dialect. What it has in common with the others is
# judged by the main job (`tox -e conformance`), and all of it by the matrix of the dialect.
PARTS = tuple(f"--requirement={area}.*" for area in ("payload", "sse", "error", "request"))


def parts(*own: str) -> tuple[str, ...]:
    """Return the options that choose what is judged."""
    return () if ALL else (*PARTS, *own)


def unpassed(done: Run) -> set[str]:
    """Return what was judged and did not pass."""
    left_out = set() if ALL else done.with_outcome("not-run")
    return set(done.outcomes) - done.with_outcome("pass") - left_out


def test_the_reference_server_is_conformant(run: Judge) -> None:
    chosen = () if ALL else ("--requirement=payload.*", "--requirement=sse.*")
    done = run("--fail-on=should", "-n", "2", *chosen)
    assert done.code == 0, done.out
    report = check_form(done)
    assert done.with_outcome("pass") == set(done.outcomes) - done.with_outcome("not-run")
    assert set(report["target"]["capabilities"].values()) == {"declared"}
    assert report["target"]["url"].startswith("http://127.0.0.1:")
    assert report["generated_requests"] > 0


def test_the_reference_server_is_conformant_in_chat_completions_too(run: Judge) -> None:
    chosen = parts("--requirement=openai.*")
    done = run("--dialect=openai", "--fail-on=should", "--large-prompts", *chosen)
    assert done.code == 0, done.out
    report = check_form(done)
    # A client that does not read is no burden where the answers are short.
    assert unpassed(done) == ({"resilience.slow-reader"} if ALL else set())
    assert report["generated_requests"] > 0


def test_the_reference_server_is_conformant_in_messages_too(run: Judge) -> None:
    chosen = parts("--requirement=anthropic.*")
    done = run("--dialect=anthropic", "--fail-on=should", *chosen)
    assert done.code == 0, done.out
    report = check_form(done)
    # There is no key to try, and the typewriter does not think; a client that does not read is no
    # burden where the answers are short.
    assert unpassed(done) == {
        *("anthropic.auth-forms", "anthropic.thinking-signature"),
        *({"resilience.slow-reader"} if ALL else ()),
    }
    assert report["generated_requests"] > 0
