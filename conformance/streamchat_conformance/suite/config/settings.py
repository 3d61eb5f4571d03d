"""Settings of a run: the target, its limits and capabilities, and how hard to try.

Everything can be written into a TOML file (`--target-file`) or given as options; options win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from streamchat_conformance.catalogue import FAULT, SLOW, Level
from streamchat_conformance.core.http_request import Body
from streamchat_conformance.core.nearest import nearest
from streamchat_conformance.core.secrets import secret_parameters
from streamchat_conformance.core.toml_text import NotTomlError, read_toml
from streamchat_conformance.dialects.interface import Deployment, Dialect, Requests
from streamchat_conformance.dialects.registry import (
    DEFAULT,
    UnknownDialectError,
    default_dialect,
    dialect_named,
)
from streamchat_conformance.judges.rules import rules_of
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.rule_sets.frozen import CURRENT
from streamchat_conformance.suite.budget.limits import LEAST_REQUESTS, CostLimits, Thoroughness
from streamchat_conformance.suite.budget.rate import Rate
from streamchat_conformance.suite.config.deploying import (
    DEPLOYMENT_KEYS,
    deployment_of,
    key_in_environment,
    known_of,
    variable_referred_to,
    with_field,
)
from streamchat_conformance.suite.config.headers import parse_header
from streamchat_conformance.suite.config.levels import parse_levels
from streamchat_conformance.suite.config.typed import (
    LONGEST_LIMIT_S,
    SettingsError,
    check_names,
    typed,
)


@dataclass(frozen=True, slots=True)
class DeclaredRequest:
    """A request whose effect only the user knows (for the capabilities slow and fault)."""

    request: Body
    silent_s: float = 0.0
    """How long the server is silent before the first event (slow only; seconds)."""
    remake: Callable[[Requests], Body] | None = None
    """Makes the same request of a dialect's requests, once more is known of the deployment."""

    def of(self, requests: Requests) -> DeclaredRequest:
        """Return the same request, made of other requests of the dialect."""
        return self if self.remake is None else replace(self, request=self.remake(requests))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set for a run."""

    url: str | None = None
    """None: the embedded reference server is started and judged."""
    command: str | None = None
    """Shell command that starts the server to judge; its `{port}` becomes a free port."""
    start_s: float = 30.0
    """How long the command may take until the server accepts connections (seconds)."""
    dialect: Dialect = field(default_factory=default_dialect)
    path: str | None = None
    """None: the dialect's default."""
    headers: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    """Query parameters that each request has in addition to those of the URL: a key."""
    insecure: bool = False
    ca_file: str | None = None
    limits: Limits = field(default_factory=Limits)
    observation_s: float = 20.0
    """How long one stream is observed at most (seconds)."""
    gap_limit_s: float = 15.0
    """The longest silence that a stream may have (seconds)."""
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    """Declared (True) or denied (False); the rest is detected."""
    deployment: Deployment = field(default_factory=Deployment)
    """What is known of the server beyond its dialect; the rest is found out."""
    slow: DeclaredRequest | None = None
    fault: DeclaredRequest | None = None
    thoroughness: Thoroughness = Thoroughness.DEFAULT
    thoroughness_given: bool = False
    """Whether the user has chosen it; otherwise the target's address may."""
    max_requests: int | None = None
    """All requests of the run; None: as many as the thoroughness allows."""
    rate: Rate | None = None
    """How fast requests may follow each other; None: at once."""
    seed: int | None = None
    fuzz_seconds: float = 0.0
    levels: Mapping[str, Level] = field(default_factory=dict)
    """Levels that the user sets, by requirement id."""
    rules: str = CURRENT
    """The rule set that the server is held to."""
    file: str = ""
    """The target file's name, if there is one."""
    serial: bool = False
    """Whether cases run one after the other, even where they could overlap."""

    def deployed(self, deployment: Deployment) -> Settings:
        """Return the settings with requests for a deployment."""
        dialect = self.dialect.for_deployment(deployment)
        return replace(
            self,
            dialect=dialect,
            deployment=deployment,
            slow=self.slow.of(dialect.requests) if self.slow is not None else None,
            fault=self.fault.of(dialect.requests) if self.fault is not None else None,
        )

    @property
    def confidential(self) -> tuple[tuple[str, str], ...]:
        """What requests carry of the user's that may be secret, as names and values."""
        target = f"{self.url or ''}&{self.path or self.dialect.path}"
        return (*self.headers, *self.parameters, *secret_parameters(target))

    @property
    def longest_wait_s(self) -> float:
        """The longest that one answer is waited for (seconds)."""
        return self.limits.first_event_s + max(self.observation_s, self.gap_limit_s)

    def skips_large(self, id_: str) -> bool:
        """Return whether a requirement on large prompts is left out."""
        given = self.deployment.skip_large
        return id_ in self.dialect.costly if given is None else given

    @property
    def cost_limits(self) -> CostLimits:
        """What bounds the requests of the run. A number that is given wins over the level's."""
        level = self.thoroughness
        return CostLimits(
            max_requests=level.max_requests if self.max_requests is None else self.max_requests,
            rate=self.rate,
            short=level is Thoroughness.SMOKE,
            generated=level.examples,
        )


def parse_capability(name: str, dialect: Dialect) -> str:
    """Return the name of a capability of a dialect. Raises SettingsError for another one."""
    known = dialect.known_capabilities
    if name not in known:
        raise unknown("capability", name, known)
    return name


_TABLES = {"target", "request", "limits", "capabilities", "slow", "fault", "run", "levels"}
_TARGET = {"url", "command", "dialect", "path", "headers", "insecure", "ca_file", *DEPLOYMENT_KEYS}
_LIMITS = {"start_s", "connect_s", "first_event_s", "observation_s", "gap_s"}
_RUN = {"rules", "thoroughness", "max_requests", "rate", "seed", "fuzz_seconds"}
_KEYS = {"target": _TARGET, "limits": _LIMITS, "run": _RUN}


def load_settings(file: Path, dialect: Dialect | None = None) -> Settings:
    """Read a target file. `dialect` wins over the file's own.

    Raises SettingsError, naming the file and what is wrong in it.
    """
    try:
        text = file.read_text("utf-8")
        document = read_toml(text)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror})") from None
    except (NotTomlError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    try:
        return replace(_from_document(document, dialect), file=file.name)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None


def _from_document(document: dict[str, Any], dialect: Dialect | None) -> Settings:
    check_names(document, _TABLES, "", _KEYS)
    for name, value in document.items():
        if not isinstance(value, dict):
            raise SettingsError(f"{name!r} must be a table, written [{name}]")
    target, run = document.get("target", {}), document.get("run", {})
    check_names(target, _TARGET, "target", _KEYS)
    check_names(run, _RUN, "run", _KEYS)
    headers = target.get("headers", {})
    if not isinstance(headers, dict):
        raise SettingsError("'target.headers' must be a table of names and values")
    named = parse_dialect(typed(target, "dialect", str, DEFAULT, "target"))
    dialect = dialect or named
    path = typed(target, "path", str, None, "target")
    settings = Settings(
        url=typed(target, "url", str, None, "target"),
        command=typed(target, "command", str, None, "target"),
        dialect=dialect,
        path=check_path(path) if path is not None else None,
        headers=tuple(parse_header(f"{name}: {value}") for name, value in headers.items()),
        insecure=typed(target, "insecure", bool, False, "target"),
        ca_file=typed(target, "ca_file", str, None, "target"),
        capabilities=_capabilities(document.get("capabilities", {}), dialect),
        deployment=deployment_of(
            target, document.get("request", {}), dialect.prompts, dialect.answers
        ),
        slow=_declared(document.get("slow"), "slow", dialect),
        fault=_declared(document.get("fault"), "fault", dialect),
        thoroughness=parse_thoroughness(typed(run, "thoroughness", str, "default", "run")),
        thoroughness_given="thoroughness" in run,
        max_requests=check_max_requests(
            typed(run, "max_requests", int, None, "run"), "'run.max_requests'"
        ),
        rate=parse_rate(typed(run, "rate", str, None, "run"), "'run.rate'"),
        seed=typed(run, "seed", int, None, "run"),
        fuzz_seconds=float(typed(run, "fuzz_seconds", (int, float), 0.0, "run")),
        rules=typed(run, "rules", str, CURRENT, "run"),
        levels=parse_levels(document.get("levels", {})),
    )
    key = typed(target, "api_key", str, None, "target")
    if key is not None:
        settings = with_key(settings, variable_referred_to(key), "'target.api_key'")
    limits = document.get("limits", {})
    check_names(limits, _LIMITS, "limits", _KEYS)
    return with_limits(settings, {name: limits[name] for name in limits})


def with_limits(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return the settings with limits set: start_s, connect_s, first_event_s and so on."""
    limits = settings.limits
    for name, value in values.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < LONGEST_LIMIT_S:
            raise SettingsError(
                f"limit {name!r} must be a number of seconds above 0, not {value!r}"
            )
        seconds = float(value)
        if name == "start_s":
            settings = replace(settings, start_s=seconds)
        elif name == "observation_s":
            settings = replace(settings, observation_s=seconds)
        elif name == "gap_s":
            settings = replace(settings, gap_limit_s=seconds)
        elif name == "first_event_s":
            limits = replace(limits, first_event_s=seconds, head_s=seconds)
        else:
            limits = replace(limits, connect_s=seconds)
    return replace(settings, limits=limits)


def with_capabilities(settings: Settings, *, yes: list[str], no: list[str]) -> Settings:
    """Return the settings with capabilities declared and denied by name."""
    both = set(yes) & set(no)
    if both:
        raise SettingsError(f"capability {min(both)!r} is both declared and denied; pick one")
    chosen = dict(settings.capabilities)
    chosen.update({parse_capability(name, settings.dialect): True for name in yes})
    chosen.update({parse_capability(name, settings.dialect): False for name in no})
    return replace(settings, capabilities=chosen)


def check(settings: Settings) -> Settings:
    """Return the settings if they agree with each other. Raises SettingsError if not."""
    embedded = settings.url is None and settings.command is None
    for capability, request in (
        (SLOW, settings.slow),
        (FAULT, settings.fault),
    ):
        if settings.capabilities.get(capability.name) and request is None and not embedded:
            raise SettingsError(
                f"capability '{capability}' needs the request that shows it: "
                f"give [{capability}] with a prompt in --target-file"
            )
    return settings


def unknown(kind: str, name: str, known: Iterable[str]) -> SettingsError:
    """Return the error about a value that is none of those known, naming the nearest."""
    hint = nearest(name, [str(value) for value in known], list_all=True)
    return SettingsError(f"{kind} {name!r} is unknown; {hint}")


def parse_thoroughness(name: str) -> Thoroughness:
    """Return the thoroughness of this name. Raises SettingsError."""
    try:
        return Thoroughness(name)
    except ValueError:
        raise unknown("thoroughness", name, Thoroughness) from None


def check_max_requests(number: int | None, where: str) -> int | None:
    """Return a limit on all requests if a run is possible with it. Raises SettingsError."""
    if number is not None and number < LEAST_REQUESTS:
        raise SettingsError(
            f"{where} must be at least {LEAST_REQUESTS}, not {number}: "
            "the first requests only find out what the target does"
        )
    return number


def parse_rate(text: str | None, where: str) -> Rate | None:
    """Read a rate. Raises SettingsError."""
    try:
        return None if text is None else Rate.parse(text)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def check_path(path: str) -> str:
    """Return an endpoint path if it can stand in a request line. Raises SettingsError."""
    if not re.fullmatch(r"/[!-~]*", path):
        raise SettingsError(f"endpoint path {path!r} must begin with / and have no spaces")
    return path


def _capabilities(table: dict[str, Any], dialect: Dialect) -> dict[str, bool]:
    chosen = {}
    for name, value in table.items():
        if not isinstance(value, bool):
            raise SettingsError(f"'capabilities.{name}' must be true or false, not {value!r}")
        chosen[parse_capability(name, dialect)] = value
    return chosen


def _declared(
    table: Mapping[str, Any] | None, name: str, dialect: Dialect
) -> DeclaredRequest | None:
    if table is None:
        return None
    silent_s = typed(table, "silent_s", (int, float), 0.0, name)
    if name == "slow" and silent_s <= 0:
        raise SettingsError(
            "[slow] needs 'silent_s', the seconds of silence before the first event"
        )
    members = {key: value for key, value in table.items() if key != "silent_s"}
    check_names(members, {*dialect.requests.declarable, "silent_s"}, name)
    try:
        request = dialect.requests.declared(members)
    except ValueError as error:
        message = str(error)
        if " must be " in message:
            raise SettingsError(message.replace("'", f"'{name}.", 1)) from None
        raise SettingsError(f"[{name}] {message}") from None
    return DeclaredRequest(
        request, float(silent_s), remake=lambda requests: requests.declared(members)
    )


def with_key(settings: Settings, variable: str, where: str) -> Settings:
    """Return the settings with the key that a variable of the environment has.

    It stands in place of another one. Raises SettingsError, with `where` that is, if there is none.
    """
    key = key_in_environment(variable, where)
    fields, parameters = settings.dialect.key_in_request(key)
    headers = settings.headers
    for name, value in fields:
        headers = with_field(headers, name, value)
    return replace(settings, headers=headers, parameters=parameters or settings.parameters)


def parse_dialect(name: str) -> Dialect:
    """Return the dialect of this name. Raises SettingsError."""
    try:
        dialect = dialect_named(name)
        if dialect.declaration is not None:
            rules_of(name)  # what a file changes is checked where it is read
    except UnknownDialectError as error:
        raise SettingsError(str(error)) from None
    return dialect


def with_dialect_known(settings: Settings) -> Settings:
    """Return the settings with what the dialect itself says of its servers; the user's win.

    Raises SettingsError where the key that the dialect names is not set.
    """
    dialect = settings.dialect
    name = dialect.key_name.lower()
    if dialect.key_variable and all(known.lower() != name for known, _ in settings.confidential):
        settings = with_key(settings, dialect.key_variable, f"{dialect.name}: [auth]")
    slow = settings.slow or _declared(dialect.triggers.get("slow"), "slow", dialect)
    fault = settings.fault or _declared(dialect.triggers.get("fault"), "fault", dialect)
    return replace(
        settings,
        capabilities={**known_of(dialect, settings.deployment), **settings.capabilities},
        slow=slow,
        fault=fault,
    )
