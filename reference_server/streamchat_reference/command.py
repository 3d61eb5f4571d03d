"""The command line: `python -m streamchat_reference`."""

from __future__ import annotations

import argparse
import logging
import math
import os
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from streamchat_reference.answerers.echo import EchoAnswerer
from streamchat_reference.answerers.loaded import UnknownAnswererError, load_answerer
from streamchat_reference.answerers.scripted import ScriptedAnswerer
from streamchat_reference.answerers.typewriter import TypewriterAnswerer
from streamchat_reference.app import HEARTBEAT_S, MAX_STREAMS, create_app
from streamchat_reference.http.client_socket import ClientTimeLimits
from streamchat_reference.http.serving import Server, ServingError, listen, parent_descriptor
from streamchat_reference.http.stop_signal import StopSignal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from streamchat_reference.answerers.interface import Answerer

DEFAULT_PORT = 5000
API_KEY_VARIABLE = "OPENAI_API_KEY"


class _ServerArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with one line that says what is wrong."""
        self.exit(2, f"{self.prog}: error: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Serve until stopped. Ends by `SystemExit`: 0 stopped, 1 cannot serve, 2 bad options."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s", level=options.log_level.upper())
    try:
        answerer = _answerer(options)
        api_key = _api_key(options.api_key_env)
    except (UnknownAnswererError, argparse.ArgumentTypeError) as error:
        parser.error(str(error))
    try:
        with listen(options.host, options.port) as listener:
            server = _server(options, answerer, api_key, listener)
    except ServingError as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    server.run()


def _server(
    options: argparse.Namespace, answerer: Answerer, api_key: str | None, listener: socket.socket
) -> Server:
    stop = StopSignal()
    application = create_app(
        answerer,
        model=options.openai_model if options.answerer == "openai" else options.answerer,
        api_key=api_key,
        max_streams=options.max_streams,
        heartbeat_s=options.heartbeat,
        stop=stop,
    )
    return Server(
        application,
        listener,
        stop=stop,
        max_streams=options.max_streams,
        announce=lambda url: _announce(url, options.ready_fd),
        time_limits=ClientTimeLimits(
            options.head_seconds, options.request_seconds, options.stall_seconds
        ),
        parent_fd=parent_descriptor() if options.exit_with_parent else None,
        log_level=options.log_level,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _ServerArgumentParser(
        prog="streamchat_reference",
        description="Reference server for streaming chat: POST /api/stream-chat, "
        "POST /v1/chat/completions and POST /v1/messages. "
        "Prints its URL when it is ready.",
    )
    serving = parser.add_argument_group("serving")
    serving.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serving.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port, 0 for any free one (%(default)s)"
    )
    serving.add_argument(
        "--max-streams",
        type=_whole_from(1),
        default=MAX_STREAMS,
        metavar="N",
        help="how many streams may be open at once; more get 503 (%(default)s)",
    )
    serving.add_argument(
        "--heartbeat",
        type=_seconds_above_zero,
        default=HEARTBEAT_S,
        metavar="S",
        help="longest silence in a stream; then a comment is sent (%(default)s)",
    )
    for name, seconds, help_text in (
        (
            "head",
            ClientTimeLimits.head_s,
            "time limit for a request's head, from its first byte",
        ),
        (
            "request",
            ClientTimeLimits.request_s,
            "time limit for the whole request, from its first byte",
        ),
        ("stall", ClientTimeLimits.stall_s, "time limit for a client to read more of a response"),
    ):
        serving.add_argument(
            f"--{name}-seconds",
            type=_seconds_above_zero,
            default=seconds,
            metavar="S",
            help=f"{help_text} (%(default)s)",
        )
    serving.add_argument(
        "--api-key-env",
        metavar="NAME",
        help="environment variable with a key; what is below /v1 then needs it",
    )
    serving.add_argument(
        "--ready-fd",
        type=_whole_from(0),
        metavar="FD",
        help="also write the URL to this file descriptor",
    )
    serving.add_argument(
        "--exit-with-parent",
        action="store_true",
        help="stop when the process that started the server has ended",
    )
    serving.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="error",
        help="least severe messages on standard error (%(default)s)",
    )
    answering = parser.add_argument_group("answering")
    answering.add_argument(
        "--answerer",
        default="echo",
        metavar="NAME",
        help="what answers: echo, typewriter, openai, or module:callable (%(default)s)",
    )
    answering.add_argument(
        "--events",
        type=_whole_from(0),
        default=0,
        metavar="N",
        help="echo: events in each stream, 0 for an endless stream (%(default)s)",
    )
    answering.add_argument(
        "--interval",
        type=_seconds,
        metavar="S",
        help="seconds between pieces (echo: 1; typewriter: 0.05 on average)",
    )
    answering.add_argument(
        "--seed", type=int, default=0, help="typewriter: seed of the random pace (%(default)s)"
    )
    answering.add_argument(
        "--openai-url",
        metavar="URL",
        help="openai: base URL of the model server, such as http://host:8000/v1",
    )
    answering.add_argument(
        "--openai-model",
        metavar="NAME",
        default="default",
        help="openai: name of the model (%(default)s)",
    )
    scripted = parser.add_argument_group(
        "scripted answers",
        "A slow answer, a failing one and calls of tools, for testing clients and test suites. "
        "Off by default.",
    )
    scripted.add_argument(
        "--slow-prompt", metavar="TEXT", help="prompt whose answer begins after a silence"
    )
    scripted.add_argument(
        "--slow-seconds",
        type=_seconds,
        default=3.0,
        metavar="S",
        help="length of that silence (%(default)s)",
    )
    scripted.add_argument("--fault-prompt", metavar="TEXT", help="prompt whose answer fails")
    scripted.add_argument(
        "--fault-after",
        type=_whole_from(0),
        default=2,
        metavar="N",
        help="number of pieces before the failure (%(default)s)",
    )
    scripted.add_argument(
        "--call-tools",
        action="store_true",
        help="ask for a call of the first tool, where a call is required or the prompt has names",
    )
    scripted.add_argument(
        "--think", action="store_true", help="begin each answer with some reasoning"
    )
    return parser


def _answerer(options: argparse.Namespace) -> Answerer:
    answerer = _chosen_answerer(options)
    return ScriptedAnswerer(
        answerer,
        slow_prompt=options.slow_prompt,
        slow_s=options.slow_seconds,
        fault_prompt=options.fault_prompt,
        fault_after=options.fault_after,
        call_tools=options.call_tools,
        think=options.think,
    )


def _chosen_answerer(options: argparse.Namespace) -> Answerer:
    name: str = options.answerer
    pace = {} if options.interval is None else {"interval_s": options.interval}
    if name == "echo":
        return EchoAnswerer(events=options.events, **pace)
    if name == "typewriter":
        return TypewriterAnswerer(seed=options.seed, **pace)
    if name == "openai":
        if not options.openai_url:
            raise argparse.ArgumentTypeError("the openai answerer needs --openai-url")
        return _openai_answerer(options.openai_url, options.openai_model)
    if ":" in name:
        return load_answerer(name)
    raise UnknownAnswererError(
        f"unknown answerer {name!r}; there are echo, typewriter, openai and module:callable"
    )


def _openai_answerer(url: str, model: str) -> Answerer:
    try:
        from streamchat_reference.answerers.openai import ModelUrlError, OpenAIAnswerer
    except ImportError:
        raise argparse.ArgumentTypeError(
            "the openai answerer needs OpenAI's SDK: pip install streamchat-conformance[openai]"
        ) from None
    try:
        return OpenAIAnswerer(url, model, os.environ.get(API_KEY_VARIABLE))
    except ModelUrlError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise argparse.ArgumentTypeError(f"the environment variable {variable} holds no key")
    return key


def _announce(url: str, ready_fd: int | None) -> None:
    # The reader of the output may have gone: that is no reason not to serve.
    with suppress(OSError):
        print(url, flush=True)
    if ready_fd is not None:
        with suppress(OSError):
            os.write(ready_fd, f"{url}\n".encode())
            os.close(ready_fd)


def _port(text: str) -> int:
    number = _whole_from(0)(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return number


def _whole_from(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least}")
        return int(text)

    return whole


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _seconds_above_zero(text: str) -> float:
    seconds = _seconds(text)
    if seconds == 0:
        raise argparse.ArgumentTypeError("it must be more than 0 seconds")
    return seconds
