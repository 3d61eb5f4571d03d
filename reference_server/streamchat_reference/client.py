"""The article's client as a command: `python -m streamchat_reference.client URL PROMPT`.

It reads lines, as the article does, and so shows what a line reader sees: the lines that begin
with `data:`, each one JSON object. Comments and other fields are passed over, but the name of an
error event is checked.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENDPOINT_PATH = "/api/stream-chat"

CONNECT_S = 5.0
SILENCE_S = 60.0
"""The server may be silent this long; a good one sends a comment now and then."""

REFUSAL_BYTES = 64 * 1024

# What a server sends is text to be shown, never an order to the terminal.
_UNTYPEABLE = (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))
_TYPEABLE = dict.fromkeys(_UNTYPEABLE, "\N{REPLACEMENT CHARACTER}") | {10: "\n", 9: "\t"}

EXIT_OK = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_BROKEN_OFF = 4


class ClientError(Exception):
    """The talk failed: one sentence, and the exit code that says how."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class _ClientArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, type the answer as it arrives, and give the exit code (see `--help`)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        url = endpoint(options.url)
        _type(ask(url, options.prompt, read_history(options.history)))
    except ClientError as error:
        sentence = " ".join(str(error).split()).translate(_TYPEABLE)
        print(f"{parser.prog}: error: {sentence}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_OK  # whoever asked has read enough
    except BrokenPipeError:
        # So has whatever read the output. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_OK


def _type(pieces: Iterator[str]) -> None:
    """Type each piece when it arrives; the line is ended, however the answer ends."""
    typed = False
    try:
        for piece in pieces:
            print(piece.translate(_TYPEABLE), end="", flush=True)
            typed = True
    finally:
        if typed:
            print()


def ask(url: str, prompt: str, history: list[Any]) -> Iterator[str]:
    """Yield the answer's pieces as they arrive. Raises `ClientError`."""
    try:
        with requests.post(
            url,
            json={"prompt": prompt, "history": history},
            stream=True,
            timeout=(CONNECT_S, SILENCE_S),
        ) as response:
            if response.status_code != 200:
                raise ClientError(_refusal(response), EXIT_REFUSED)
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if media_type != "text/event-stream":
                raise ClientError(
                    f"{url} answered with {media_type or 'no media type'}, not an event stream",
                    EXIT_REFUSED,
                )
            yield from _pieces(response)
    except requests.exceptions.ConnectTimeout:
        raise ClientError(f"{url} does not answer", EXIT_UNREACHABLE) from None
    except requests.exceptions.ReadTimeout:
        raise ClientError(f"{url} has been silent for too long", EXIT_BROKEN_OFF) from None
    except requests.exceptions.ChunkedEncodingError:
        raise ClientError("the answer broke off", EXIT_BROKEN_OFF) from None
    except requests.exceptions.ConnectionError as error:
        if "Read timed out" in str(error):
            raise ClientError(f"{url} has been silent for too long", EXIT_BROKEN_OFF) from None
        raise ClientError(f"{url} cannot be reached", EXIT_UNREACHABLE) from None
    except requests.exceptions.RequestException as error:
        raise ClientError(f"{url} cannot be asked: {type(error).__name__}", EXIT_USAGE) from None


def endpoint(url: str) -> str:
    """Return the endpoint's URL for a server's; a path of its own is kept. Raises `ClientError`."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ClientError(f"{url!r} is no URL; it looks like http://127.0.0.1:5000", EXIT_USAGE)
    return parts._replace(path=ENDPOINT_PATH).geturl() if parts.path in {"", "/"} else url


def read_history(path: str | None) -> list[Any]:
    """Read the talk so far, a JSON array, from a file. Raises `ClientError`."""
    if path is None:
        return []
    try:
        history = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ClientError(f"cannot read {path}: {error.strerror}", EXIT_USAGE) from None
    except (ValueError, RecursionError):
        raise ClientError(f"{path} is not JSON in UTF-8", EXIT_USAGE) from None
    if not isinstance(history, list):
        raise ClientError(f"{path} must hold a JSON array", EXIT_USAGE)
    return history


def _pieces(response: requests.Response) -> Iterator[str]:
    event = b""
    for line in response.iter_lines():
        if line.startswith(b"event:"):
            event = line.partition(b":")[2].strip()
        elif line.startswith(b"data:"):
            content = _content(line)
            if event == b"error":
                raise ClientError(f"the answer failed: {content.get('error')}", EXIT_BROKEN_OFF)
            yield str(content.get("response", ""))
        elif not line:
            event = b""


def _content(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line.partition(b":")[2])
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ClientError("the server sent an event that is no JSON object", EXIT_BROKEN_OFF)
    return content


def _refusal(response: requests.Response) -> str:
    """Return the status, and the error text if the server gave one."""
    body = next(response.iter_content(REFUSAL_BYTES), b"")
    try:
        text = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        text = response.reason or "no reason given"
    return f"refused with status {response.status_code}: {text}"


def _parser() -> argparse.ArgumentParser:
    parser = _ClientArgumentParser(
        prog="streamchat_reference.client",
        description="Ask a streaming chat server, and type the answer as it arrives.",
        epilog="Exit codes: 0 answered, 1 refused, 2 bad usage, 3 not reachable, 4 broken off.",
    )
    parser.add_argument("url", metavar="URL", help="server, such as http://127.0.0.1:5000")
    parser.add_argument("prompt", metavar="PROMPT", help="what to ask")
    parser.add_argument("--history", metavar="FILE", help="the talk so far: a JSON array")
    return parser


if __name__ == "__main__":
    sys.exit(main())
