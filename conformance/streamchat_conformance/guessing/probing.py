"""Probing a server: which paths answer, and what a plain request gets there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.interface import Deployment, bearer
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import Signature, certain, matches, signatures
from streamchat_conformance.guessing.endpoint_guess import EndpointGuess, guess
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import ConnectError, Connection, Endpoint, Limits
from streamchat_conformance.suite.target.recognising import answer_seen
from streamchat_conformance.suite.target.stop_conditions import Answered

REQUESTS = 32
"""How many requests are sent at most."""
WITHIN_S = 8.0
"""How long one answer is waited for (seconds)."""
ALL_WITHIN_S = 60.0
"""How long all of them may take (seconds)."""
EVENTS_READ = 4
"""How many events of a stream are read."""
UNKNOWN_ANSWERS = 3
"""After this many answers at one path that no family is known by, no other form is tried."""
MODEL = "default"
"""The name for a server that lists no model."""


@dataclass(kw_only=True)
class Prober:
    """Sends requests to one server, few and bounded."""

    endpoint: Endpoint
    headers: tuple[tuple[str, str], ...] = ()
    key: str = ""
    model: str = ""
    limits: Limits = field(default_factory=Limits)
    requests: int = 0
    """How many were sent."""
    stopped: str = ""
    """Why no more are sent, in a few words."""
    seen: list[Sighting] = field(default_factory=list)
    """What every request has shown."""
    _deadline_s: float = field(default_factory=lambda: time.monotonic() + ALL_WITHIN_S)

    def guesses(self) -> list[EndpointGuess]:
        """Probe the server, and return what is guessed of each endpoint that answers.

        Raises ConnectError when nothing can be sent at all.
        """
        given, _, query = self.endpoint.path.partition("?")
        for paths in _paths(given):
            found = self._guesses_at(paths, f"?{query}" if query else "")
            if found:
                return found
        return []

    def _guesses_at(self, paths: Sequence[str], query: str) -> list[EndpointGuess]:
        empty: dict[str, Sighting] = {}
        for path in paths:
            answer = self._ask(path + query, _forms(path)[0], b"{}")
            if answer is not None:
                empty[path] = answer
        refuses_others = any(not answer.served for answer in empty.values())
        found = []
        for path, answer in empty.items():
            if answer.served and answer.media_type != "text/html":
                sightings = [answer, *self._plain_answers(path, query, answer)]
                found.append(
                    guess([replace(each, path_proves=refuses_others) for each in sightings])
                )
        return found

    def _plain_answers(self, path: str, query: str, empty: Sighting) -> Iterator[Sighting]:
        """Yield what plain requests of the families get, until one shows its family for sure."""
        if empty.status in (401, 403):
            return
        likely = [match.signature for match in matches(empty)]
        unknown = 0
        forms = _forms(path)
        for form in sorted(forms, key=lambda form: form not in likely):
            answer = self._ask(path + query, form, self._body(form, path))
            if answer is None:
                return
            yield answer
            if 200 <= answer.status < 300:
                unknown += 1
                if certain([answer]) is not None or unknown >= UNKNOWN_ANSWERS:
                    return

    def _body(self, form: Signature, path: str) -> bytes:
        """Return the body of a family's plain request."""
        if not self.model:
            self.model = self._discovered(path) or MODEL
        if form.judged:
            dialect = dialect_named(form.name).for_deployment(Deployment(model=self.model))
            return dialect.requests.plain[0].body()
        return json.dumps(_filled(form.probe, self.model)).encode()

    def _discovered(self, path: str) -> str:
        """Return the name of a model that the server lists, or an empty string."""
        for form in signatures():
            dialect = dialect_named(form.name) if form.judged else None
            if dialect is None or dialect.discovery is None or dialect.discovered is None:
                continue
            request = dialect.discovery(Deployment(), path)
            if request is not None:
                reading = self._send(request, form)
                accepted = reading is not None and reading.accepted
                body = reading.body if reading is not None and accepted else b""
                return dialect.discovered(Deployment(), body).model
        return ""

    def _ask(self, path: str, form: Signature, body: bytes) -> Sighting | None:
        """Return what a POST shows, or None where nothing more is sent."""
        path = path.replace("*", self.model or MODEL)
        reading = self._send(HttpRequest(body=body, path=path), form)
        if reading is None:
            return None
        sighting = replace(answer_seen(reading), path=path.partition("?")[0])
        self.seen.append(sighting)
        if reading.status == 429:
            self.stopped = "the server answers 429: there were too many requests"
        return sighting

    def _send(self, request: HttpRequest, form: Signature) -> Reading | None:
        left_s = self._deadline_s - time.monotonic()
        if self.requests >= REQUESTS or left_s <= 0:
            self.stopped = self.stopped or f"{self.requests} requests were sent"
        if self.stopped:
            return None
        users = (*self.headers, *self._key_fields(form))
        if form.judged:
            users = dialect_named(form.name).fields_with(users, request)
        endpoint = self.endpoint
        data = request.encode(authority=endpoint.authority, path=endpoint.path, extra=users)
        within_s = min(WITHIN_S, left_s)
        limits = replace(self.limits, total_s=within_s)
        self.requests += 1
        try:
            with Connection.open(endpoint, limits) as connection:
                exchange = connection.exchange(
                    data,
                    until=Answered(events=EVENTS_READ, within_s=within_s),
                    label="which dialect is it?",
                    request_method=request.method,
                )
        except ConnectError as error:
            if not self.seen:
                raise
            self.stopped = f"the server cannot be reached any more: {error}"
            return None
        return Reading(exchange)

    def _key_fields(self, form: Signature) -> list[tuple[str, str]]:
        if not self.key:
            return []
        if form.judged:
            return list(dialect_named(form.name).key_in_request(self.key)[0])
        return [(form.key_field, self.key) if form.key_field else bearer(self.key)]


def _probed() -> list[Signature]:
    """Return the families of which a plain request is known."""
    return [form for form in signatures() if form.judged or form.probe is not None]


def _forms(path: str) -> list[Signature]:
    """Return the families whose requests may be served at a path, the most likely one first."""
    forms = [form for form in _probed() if form.has_path(path)]
    return forms or _probed()


def _paths(given: str) -> Iterator[list[str]]:
    """Yield the paths to try, given that of the URL: each list where the one before shows none."""
    common = list(dict.fromkeys(path for form in _probed() for path in form.paths[:1]))
    given = given.rstrip("/")
    if not given:
        yield common
        return
    base = next((base for base in _bases() if given.endswith(base)), "")
    if base:
        prefix = given.removesuffix(base)
        yield [prefix + path for path in common if path.startswith(base + "/")]
    else:
        yield [given]
        yield [given + path for path in common]
    yield common


def _bases() -> list[str]:
    """Return how the URLs end that client libraries take."""
    bases = {dialect_named(form.name).base for form in signatures() if form.judged}
    return sorted(base for base in bases if base)


def _filled(value: Any, model: str) -> Any:
    """Return a JSON value with the model's name in its place."""
    if isinstance(value, dict):
        return {name: _filled(item, model) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, model) for item in value]
    return model if value == "$model" else value
