"""What a user says of one deployment is checked, and gets into the requests of its dialect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamchat_conformance.dialects.chat_messages.model_list import with_listed_model
from streamchat_conformance.dialects.interface import Deployment
from streamchat_conformance.dialects.openai.capabilities import with_cities, with_tool
from streamchat_conformance.dialects.openai.deployment import discovery
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.deploying import (
    deployment_of,
    key_in_environment,
    variable_referred_to,
)
from streamchat_conformance.suite.config.settings import (
    Settings,
    load_settings,
    with_dialect_known,
    with_key,
)
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.target.deploying import hint_with

OPENAI = dialect_named("openai")


def test_what_is_known_of_a_deployment_stands_in_its_requests() -> None:
    deployment = deployment_of(
        {"model": "m", "prompt": "Hi", "cap": {"name": "max_completion_tokens", "value": 16}},
        {"members": {"top_k": 1}},
    )
    requests = OPENAI.for_deployment(deployment).requests
    assert len(requests.plain) == 1
    assert json.loads(requests.plain[0].body()) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "max_completion_tokens": 16,
        "top_k": 1,
    }


def test_each_name_of_the_limit_is_tried_where_none_is_known() -> None:
    bodies = [json.loads(plain.body()) for plain in OPENAI.requests.plain]
    names = [{"max_tokens", "max_completion_tokens"} & body.keys() for body in bodies]
    assert names == [{"max_tokens"}, {"max_completion_tokens"}, set()]


def test_the_name_of_the_limit_that_is_accepted_stands_in_all_requests() -> None:
    _, second, unlimited = OPENAI.requests.plain
    assert OPENAI.accepted is not None
    found = OPENAI.for_deployment(OPENAI.accepted(Deployment(model="m"), second)).requests
    for body in (found.plain[0], found.declared({"prompt": "Hi"})):
        members = json.loads(body.body())
        assert members["max_completion_tokens"] == 64
        assert "max_tokens" not in members
    assert OPENAI.accepted(Deployment(), unlimited) == Deployment()


@pytest.mark.parametrize(
    ("target", "request_table", "message"),
    [
        ({"model": 1}, {}, "'target.model' must be a string, not 1"),
        ({"answers": "human"}, {}, "'target.answers' has no meaning in this dialect"),
        (
            {"refusal_limit_s": 0},
            {},
            "'target.refusal_limit_s' must be a number of seconds above 0, not 0",
        ),
        ({"refusal_limit_s": "30"}, {}, "'target.refusal_limit_s' must be a number, not '30'"),
        ({"cap": 0}, {}, "'target.cap' must be above 0, not 0"),
        ({"cap": {"names": "x"}}, {}, "'names' is unknown; did you mean 'name'?"),
        ({"slots": "4"}, {}, "'target.slots' must be a whole number, not '4'"),
        ({}, {"member": {}}, "'member' is unknown; did you mean 'members'?"),
        ({}, {"members": 1}, "'request.members' must be a table"),
    ],
)
def test_a_wrong_value_is_named(
    target: dict[str, object], request_table: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        deployment_of(target, request_table)
    assert message in str(caught.value)


def test_a_key_comes_from_the_environment_and_no_message_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_KEY", "sk-secret")
    assert variable_referred_to("${A_KEY}") == "A_KEY"
    given = Settings(dialect=OPENAI, headers=(("authorization", "old"), ("X", "y")))
    fields = with_key(given, "A_KEY", "--api-key-env").headers
    assert fields == (("X", "y"), ("Authorization", "Bearer sk-secret"))
    for wrong in ("sk-secret", "$A_KEY"):
        with pytest.raises(SettingsError) as caught:
            variable_referred_to(wrong)
        assert "sk-secret" not in str(caught.value)
    monkeypatch.setenv("A_KEY", "sk secret")
    with pytest.raises(SettingsError) as caught:
        key_in_environment("A_KEY", "--api-key-env")
    assert "sk secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("dialect", "headers", "shown"),
    [
        ("anthropic", (), "give its key with --api-key-env"),
        ("anthropic", (("X-Api-Key", "k"),), "rejects the key that is sent as x-api-key"),
        ("anthropic", (("authorization", "Bearer k"),), "rejects the credentials that are set"),
        ("openai", (("Authorization", "Bearer k"),), "rejects the credentials that are set"),
    ],
)
def test_a_rejected_key_is_not_asked_for_again(
    dialect: str, headers: tuple[tuple[str, str], ...], shown: str
) -> None:
    assert shown in hint_with(Settings(dialect=dialect_named(dialect), headers=headers))


def test_the_model_is_the_first_that_chats() -> None:
    listed = {"data": [{"id": "text-embedding-3"}, {"id": 1}, {"id": "llama"}, {"id": "other"}]}
    found = with_listed_model(Deployment(), json.dumps(listed).encode())
    assert found.model == "llama"
    for body in (b"", b"[]", b'{"data": null}', b'{"data": [null]}'):
        assert with_listed_model(Deployment(), body).model == "default"


@pytest.mark.parametrize(
    ("path", "models"),
    [
        ("/v1/chat/completions", "/v1/models"),
        ("/proxy/v1/chat/completions?x=1", "/proxy/v1/models"),
        ("/elsewhere", "/v1/models"),
    ],
)
def test_models_are_asked_for_next_to_the_endpoint(path: str, models: str) -> None:
    request = discovery(Deployment(), path)
    assert request is not None
    assert (request.method, request.path) == ("GET", models)
    assert discovery(Deployment(model="m"), path) is None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h", "/v1/chat/completions"),
        ("http://h/", "/v1/chat/completions"),
        ("http://h/v1", "/v1/chat/completions"),
        ("http://h/v1/", "/v1/chat/completions"),
        ("http://h/proxy/v1", "/proxy/v1/chat/completions"),
        ("http://h/v1/chat/completions", "/v1/chat/completions"),
        ("http://h/other", "/other"),
        ("http://h/v1?key=1", "/v1/chat/completions?key=1"),
    ],
)
def test_a_url_may_end_with_what_client_libraries_call_the_base(url: str, path: str) -> None:
    assert Endpoint.from_url(url, path=OPENAI.path, base=OPENAI.base).path == path


def test_large_prompts_are_left_out_where_the_dialect_or_the_user_says_so() -> None:
    largest, large = "request.very-large-prompt", "request.large-prompt"
    for declared, left_out in ((None, {largest}), (True, {largest, large}), (False, set())):
        table = {} if declared is None else {"skip_large": declared}
        settings = Settings(dialect=OPENAI, deployment=deployment_of(table, {}))
        assert {id_ for id_ in (largest, large) if settings.skips_large(id_)} == left_out
    assert not Settings().skips_large(largest)


def test_the_prompt_that_calls_a_tool_is_the_users() -> None:
    deployment = deployment_of({"prompts": {"tool": "Weather?"}}, {}, OPENAI.prompts)
    request = with_tool(CompletionRequest.of(OPENAI.for_deployment(deployment).requests.plain[0]))
    assert request.messages[-1]["content"] == "Weather?"
    assert "Paris" in with_cities(request).messages[-1]["content"]
    with pytest.raises(SettingsError, match="'tools' is unknown; did you mean 'tool'"):
        deployment_of({"prompts": {"tools": "Weather?"}}, {}, OPENAI.prompts)


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ("model", {}),
        ("echo", {"obedient": True, "deterministic": True}),
        ("canned", {"obedient": False, "deterministic": True}),
    ],
)
def test_what_answers_are_made_of_shows_what_a_server_can_do(
    answers: str, known: dict[str, bool], tmp_path: Path
) -> None:
    file = tmp_path / "target.toml"
    file.write_text(f'[target]\ndialect = "openai"\nanswers = "{answers}"\n', "utf-8")
    settings = with_dialect_known(load_settings(file))
    assert settings.capabilities == known


def test_what_is_declared_wins_over_what_answers_are_made_of(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    text = '[target]\ndialect = "openai"\nanswers = "canned"\n[capabilities]\nobedient = true\n'
    file.write_text(text, "utf-8")
    assert with_dialect_known(load_settings(file)).capabilities["obedient"] is True


def test_an_unknown_kind_of_answers_is_named_with_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text('[target]\ndialect = "openai"\nanswers = "caned"\n', "utf-8")
    with pytest.raises(SettingsError, match="'caned' is unknown; did you mean 'canned'"):
        load_settings(file)


def test_a_refusal_has_a_limit_of_its_own() -> None:
    deployment = deployment_of({"refusal_limit_s": 7}, {})
    assert deployment.refusal_s == 7.0
    assert OPENAI.refusal_s == 30.0
