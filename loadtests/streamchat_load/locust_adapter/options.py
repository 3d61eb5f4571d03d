"""Options that the load tests add to locust's own."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from streamchat_conformance.core.secrets import secret_parameters
from streamchat_conformance.dialects.registry import DEFAULT, SUFFIX, dialect_named
from streamchat_conformance.recorder.errors import TargetUrlError
from streamchat_conformance.suite.config.deploying import key_in_environment
from streamchat_conformance.suite.config.typed import SettingsError

from streamchat_load.dialects.registry import NAMES, TALKS, load_dialect
from streamchat_load.errors import LoadUsageError
from streamchat_load.metrics.goodput import read_limits
from streamchat_load.profiles.catalogue import describe_profiles, find_profile
from streamchat_load.profiles.parameters import read_settings
from streamchat_load.runner.settings import LoadSettings
from streamchat_load.verdict.thresholds import read_thresholds
from streamchat_load.verdict.verdict import GENERATOR_LAG_LIMIT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.dialects.dialect import LoadDialect

DEFAULT_PROFILE = "smoke"

_TALKS = " and ".join(TALKS)

PREFLIGHT_LIMIT_S = 15.0
"""How long the preflight reads the streams of one shape."""


_OWN_FIELDS = {
    **dict.fromkeys(
        ("host", "content-type", "content-length", "transfer-encoding"),
        "this field is written by the load tests themselves",
    ),
    "accept-encoding": "streams are read as they are; no coding is requested",
}
"""Fields that a user cannot add, and why."""


class _ListProfiles(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        del namespace, values, option_string
        sys.stdout.write(describe_profiles() + "\n")
        parser.exit(0)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to locust's parser."""
    group = parser.add_argument_group("streaming chat load tests")
    # Newer versions of locust have an option of this name, a label for the run: it serves.
    with contextlib.suppress(argparse.ArgumentError):
        group.add_argument("--profile", help="profile to run; see --list-profiles")
    group.add_argument(
        "--list-profiles",
        action=_ListProfiles,
        nargs=0,
        default=argparse.SUPPRESS,
        help="list the profiles with their parameters, and exit",
    )
    group.add_argument(
        "--dialect",
        metavar="NAME",
        help=f"what requests and events say: {', '.join(NAMES)}, or a declared FILE{SUFFIX} "
        "(default: the user class's own)",
    )
    group.add_argument("--model", metavar="NAME", help=f"{_TALKS}: the model (default: the first)")
    group.add_argument(
        "--api-key-env",
        metavar="VARIABLE",
        help="environment variable that has the key which the server wants",
    )
    group.add_argument(
        "--prompt",
        metavar="TEXT",
        help=f"{_TALKS}: what requests say, with {{nonce}} where each is to differ",
    )
    group.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter of the profile; may be given several times",
    )
    group.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="threshold, such as first_event_p95_ms=500; may be given several times",
    )
    group.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="limit of a stream's time, such as first_text_ms=500, for the threshold goodput_ratio;"
        " may be given several times",
    )
    group.add_argument("--thresholds", metavar="FILE", help="TOML file with [thresholds]")
    group.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME:VALUE",
        help="field line for each request; may be given several times",
    )
    group.add_argument("--insecure", action="store_true", help="do not verify certificates")
    group.add_argument("--ca-file", metavar="FILE", help="CA certificates to trust (PEM)")
    for name, default, meaning in _NUMBERS:
        group.add_argument(f"--{name}", type=float, default=default, metavar="N", help=meaning)
    group.add_argument(
        "--texts-vary",
        action="store_true",
        help="answers to one request may differ: expect no particular texts",
    )
    group.add_argument("--load-json", metavar="FILE", help="write the report as JSON")
    group.add_argument("--load-html", metavar="FILE", help="write the report as one HTML page")
    group.add_argument("--load-junit", metavar="FILE", help="write the verdict as JUnit XML")


_NUMBERS: tuple[tuple[str, float | None, str], ...] = (
    ("first-event-limit-s", 10.0, "silence before the first event that counts as a stall"),
    ("stall-limit-s", 15.0, "silence within a stream that counts as a stall"),
    ("stream-limit-s", 600.0, "longest time for a whole stream"),
    (
        "drain-s",
        None,
        "time for open streams to end when the run is over (default: as long as streams take)",
    ),
    ("preflight-limit-s", PREFLIGHT_LIMIT_S, "time for the preflight to read streams of one shape"),
    ("read-events", None, "close each stream after N events (default: read to the end)"),
    ("cap", None, f"{_TALKS}: the most tokens of an answer (default: 128)"),
    ("seed", None, "seed of all random numbers (default: random, and printed)"),
    ("server-pid", None, "process whose memory is recorded too, with its children"),
    ("generator-lag-limit-ms", GENERATOR_LAG_LIMIT_MS, "greatest p95 of the generator's own lag"),
)


@dataclass(frozen=True, slots=True)
class LoadChoices:
    """What the user chose, checked."""

    settings: LoadSettings
    dialect: LoadDialect
    thresholds: dict[str, float]
    preflight_limit_s: float
    lag_limit_ms: float
    json_file: str | None
    html_file: str | None
    junit_file: str | None


def read_choices(
    options: Namespace, host: str | None, dialect: LoadDialect, *, by_page: bool = False
) -> LoadChoices:
    """Check all options before any load. Raises LoadUsageError.

    `by_page`: the form of locust's page has set them. It sends texts, empty ones too, and always
    says how many users there are to be, whether or not the profile has users.
    """
    if by_page:
        options = _from_form(options)
    if not host:
        raise LoadUsageError("no target: give --host URL, such as --host http://127.0.0.1:5000")
    name, form = _read_dialect(options)
    if name:
        dialect = load_dialect(name, form)
    key_fields, key_parameters = _key(options)
    settings = LoadSettings(
        url=host,
        dialect=name,
        form=form,
        profile=options.profile or DEFAULT_PROFILE,
        parameters=_read_parameters(options, strict=not by_page),
        insecure=bool(options.insecure),
        ca_file=options.ca_file or None,
        fields=[*key_fields, *(_read_field(text) for text in options.header)],
        query=key_parameters,
        first_event_limit_s=_above_zero(options, "first_event_limit_s"),
        stall_limit_s=_above_zero(options, "stall_limit_s"),
        stream_limit_s=_above_zero(options, "stream_limit_s"),
        drain_s=None if options.drain_s is None else _from_zero(options, "drain_s"),
        read_events=_whole(options, "read_events"),
        texts_vary=bool(options.texts_vary),
        limits_ms=read_limits(read_settings(options.limit, "limit")),
        seed=_seed(options),
        server_pid=_process(options),
    )
    settings.plan()
    dialect.check_fields([*settings.fields, *settings.query, *secret_parameters(host)])
    try:
        settings.endpoint(dialect)
    except TargetUrlError as error:
        raise LoadUsageError(str(error)) from None
    return LoadChoices(
        settings=settings,
        dialect=dialect,
        thresholds=read_thresholds(options.thresholds or None, options.threshold),
        preflight_limit_s=_above_zero(options, "preflight_limit_s"),
        lag_limit_ms=_above_zero(options, "generator_lag_limit_ms"),
        json_file=_check_writable(options.load_json),
        html_file=_check_writable(options.load_html),
        junit_file=_check_writable(options.load_junit),
    )


def _read_dialect(options: Namespace) -> tuple[str, dict[str, Any]]:
    """Return the name of the dialect that is asked for, or nothing, and what it is to know."""
    name = options.dialect or ""
    cap = _whole(options, "cap")
    given = {"model": options.model, "prompt": options.prompt, "cap": cap}
    form = {key: value for key, value in given.items() if value is not None}
    if name in TALKS:
        return name, {"form": form}
    if name.endswith(SUFFIX) and "cap" not in form:
        return name, {"form": form}
    if form:
        raise LoadUsageError(f"--{next(iter(form))} is an option of --dialect {_TALKS}")
    return name, {}


def _key(options: Namespace) -> tuple[list[list[str]], list[list[str]]]:
    """Return the field lines and query parameters with the key that a variable has, if any."""
    if not options.api_key_env:
        return [], []
    try:
        key = key_in_environment(options.api_key_env, "--api-key-env")
    except SettingsError as error:
        raise LoadUsageError(str(error)) from None
    fields, parameters = dialect_named(options.dialect or DEFAULT).key_in_request(key)
    return [list(each) for each in fields], [list(each) for each in parameters]


def _read_parameters(options: Namespace, *, strict: bool) -> dict[str, str]:
    """Return the profile's parameters; locust's own -u and -t set two of them."""
    given = read_settings(options.parameter, "parameter")
    found = find_profile(options.profile or DEFAULT_PROFILE)
    known = {parameter.name for parameter in found.parameters}
    for option, value, name in (
        ("-u/--users", options.num_users, "users"),
        ("-t/--run-time", options.run_time, "duration_s"),
    ):
        if value is None or (not strict and (name not in known or name in given)):
            continue
        if name not in known:
            raise LoadUsageError(
                f"profile {found.name!r} has no {name}, so {option} has no effect; "
                f"set its own parameters: {', '.join(sorted(known))}"
            )
        if name in given:
            raise LoadUsageError(f"{name} is given twice: as {option} and as --parameter")
        given[name] = str(value)
    return given


def _from_form(options: Namespace) -> Namespace:
    """Return options as the command line would have given them."""
    read: dict[str, Any] = {}
    for name, value in vars(options).items():
        if isinstance(value, list):
            read[name] = [item for item in value if item != ""]
        else:
            read[name] = None if value == "" else value
    for name, default, _ in _NUMBERS:
        key = name.replace("-", "_")
        value = read.get(key)
        try:
            read[key] = default if value is None else float(value)
        except ValueError:
            raise LoadUsageError(f"--{name} {value!r} is not a number") from None
    return Namespace(**read)


def _read_field(text: str) -> list[str]:
    name, colon, value = text.partition(":")
    token = name.replace("-", "").replace("_", "")
    printable = value.isprintable() and value.isascii()
    if name.lower() in _OWN_FIELDS:
        raise LoadUsageError(f"--header {name}: {_OWN_FIELDS[name.lower()]}")
    if not colon or not token.isascii() or not token.isalnum() or not printable:
        raise LoadUsageError(f"--header {text!r} is not of the form Name: value, in ASCII")
    return [name, value.strip()]


def _check_writable(file: str | None) -> str | None:
    """Return the name of a report's file, after checking that it can be written.

    A run may take hours: an unwritable file must be known before.
    """
    if not file:
        return None
    path = Path(file)
    try:
        known = path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not known:
            path.unlink()
    except OSError as error:
        raise LoadUsageError(f"the report {file!r} cannot be written: {error.strerror}") from None
    return file


def _process(options: Namespace) -> int | None:
    pid = _whole(options, "server_pid")
    if pid is not None and not psutil.pid_exists(pid):
        raise LoadUsageError(f"--server-pid {pid}: there is no such process on this machine")
    return pid


def _above_zero(options: Namespace, name: str) -> float:
    value = _from_zero(options, name)
    if value == 0:
        raise LoadUsageError(f"--{name.replace('_', '-')} must be more than 0")
    return value


def _from_zero(options: Namespace, name: str) -> float:
    value = float(getattr(options, name))
    if not 0 <= value <= 604_800:
        raise LoadUsageError(f"--{name.replace('_', '-')} {value:g} is not from 0 to 604800")
    return value


def _whole(options: Namespace, name: str) -> int | None:
    value = getattr(options, name)
    if value is None:
        return None
    if not (1 <= value < 2**53 and value == int(value)):
        raise LoadUsageError(
            f"--{name.replace('_', '-')} {value:g} is not a whole number from 1 up"
        )
    return int(value)


def _seed(options: Namespace) -> int:
    if options.seed is None:
        return secrets.randbelow(1_000_000)
    if not 0 <= options.seed < 2**53 or options.seed != int(options.seed):
        raise LoadUsageError(f"--seed {options.seed:g} is not a whole number from 0 up")
    return int(options.seed)
