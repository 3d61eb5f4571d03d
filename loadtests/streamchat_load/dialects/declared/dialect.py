"""An API that a file declares: its template in, its events out."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.core.secrets import declare_secret
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.declared.requests import declared_body_of, wrong_requests
from streamchat_conformance.dialects.declared.rules import declaration_of
from streamchat_conformance.dialects.declared.templates import request_of
from streamchat_conformance.dialects.interface import Deployment
from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.config.deploying import key_in_environment
from streamchat_conformance.suite.config.typed import SettingsError

from streamchat_load.dialects.declared.declared_judge import DeclaredJudge
from streamchat_load.dialects.dialect import MARK, BuiltRequest, EventViolation, LoadDialect
from streamchat_load.dialects.must_rows import must_findings
from streamchat_load.errors import LoadUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamchat_conformance.core.exchange import Exchange


class DeclaredLoadDialect(LoadDialect):
    """The dialect of one file. Raises LoadUsageError for a file that is wrong."""

    content_type: ClassVar[str] = JSON_MEDIA_TYPE

    def __init__(self, file: str, form: Mapping[str, Any]) -> None:
        try:
            dialect = dialect_named(file)
            rules_of(file)
        except UnknownDialectError as error:
            raise LoadUsageError(str(error)) from None
        self._file, self._given = file, dict(form)
        model, prompt = form.get("model") or "", form.get("prompt") or ""
        self._prompt = prompt
        self._dialect = dialect.for_deployment(Deployment(model=model))
        self._declaration = declaration_of(dialect)
        self._model = model or self._declaration.request.model or "default"
        self.path = self._dialect.path  # type: ignore[misc]  # each file has another one
        self.dataless = dialect.dataless_events  # type: ignore[misc]  # likewise
        key = os.environ.get(dialect.key_variable, "").strip() if dialect.key_variable else ""
        declare_secret(dialect.key_name)
        own, query = dialect.key_in_request(key) if key else ((), ())
        self.query = query  # type: ignore[misc]  # likewise
        self.fields = (*dialect.fields, *own)  # type: ignore[misc]  # likewise

    def check_fields(self, given: Sequence[Sequence[str]]) -> None:
        """Raise LoadUsageError where the declared key is absent, and no field stands for it."""
        dialect = self._dialect
        name = dialect.key_name.lower()
        if not dialect.key_variable or any(each[0].lower() == name for each in given):
            return
        try:
            key_in_environment(dialect.key_variable, f"{self._file}: [auth]")
        except SettingsError as error:
            raise LoadUsageError(str(error)) from None

    def dump(self) -> Mapping[str, Any]:
        """Return what was given in addition to the file."""
        return {"form": self._given}

    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> BuiltRequest:
        """Return the request that carries a nonce in its prompt and in its history."""
        form = self._declaration.request
        prompt = (
            f"{self._prompt or 'Load test'} {MARK}{nonce}: Grüße, 日本語, 🙂." + "x" * pad_bytes
        )
        turns = []
        if form.history_item is not None and form.history == "body":
            for earlier in range(turn):
                turns += [("user", f"Turn {earlier} of {MARK}{nonce}"), ("assistant", "Grüße, 🙂.")]
        id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, nonce))
        value = request_of(form, prompt, turns, self._model, id_)
        body = json.dumps(value, ensure_ascii=False).encode("utf-8")
        return BuiltRequest(nonce, body, f"turn {turn}, {pad_bytes} bytes more", value)

    def judge(self, data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
        """Return None: streams are judged as a whole, by `judge_stream`."""
        del data, sent, echo
        return None

    def judge_stream(self, sent: BuiltRequest) -> DeclaredJudge:
        """Return the state machine of one stream."""
        del sent
        return DeclaredJudge(self._dialect)

    def echoes(self, data: str, sent: BuiltRequest) -> bool:
        """Return whether a text has the request's nonce."""
        return sent.nonce in data

    def content(self, kind: str, data: str) -> str | None:
        """Return the text of an event; None for one that has none."""
        return self.text(kind, data) or None

    def text(self, kind: str, data: str) -> str:
        """Return the text of an event."""
        judge = DeclaredJudge(self._dialect)
        judge.take(kind, data)
        return judge.text

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Return the MUSTs that a stream breaks, as the conformance suite's judges find."""
        del echo
        return must_findings(exchange, self._file, self._dialect)

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return text that is no JSON, and a body for each way in which a member is wrong."""
        plain = declared_body_of(self._dialect.requests.plain[0])
        return (b"", b'{"cut', b"[]", *wrong_requests(plain))

    def refusal_violation(self, status: int, content_type: str, body: bytes) -> str | None:
        """Return what is wrong with a refusal, as far as its form is declared; or None."""
        refusal = self._declaration.refusal
        if not 400 <= status < 500:
            return f"status {status} to an invalid request"
        if refusal is None:
            return None
        if refusal.statuses and status not in refusal.statuses:
            return f"status {status} to an invalid request, which is not declared"
        essence = content_type.partition(";")[0].strip().lower()
        if refusal.media_type and essence != refusal.media_type:
            return f"a refusal of type {essence or 'none'!r} instead of {refusal.media_type}"
        problem = self._dialect.refusals.problem(read_json(body).value) if refusal.require else ""
        return f"a refusal of another shape: {problem}" if problem else None

    def refused(self, status: int, body: bytes) -> str:
        """Return what a refusal of a valid request says, and what may help."""
        text = (self._dialect.refusals.text(body) or "")[:200]
        variable = self._dialect.key_variable
        hint = f": set the environment variable {variable}" if variable else ""
        hint = hint if status in (401, 403) else ""
        return f"{f' ({text})' if text else ''}{hint}"
