"""Leaks of a server's inside in errors: tracebacks, places in source files, exceptions.

A table of the forms in which languages and runtimes print them. Ordinary words such as "Error:",
positions in the request ("line 1 column 2") and addresses of documents are none of these.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache

SEARCHED_BYTES = 65536
"""How much of a body is searched."""
RECENT_BODIES = 32
"""How many bodies are remembered with what was found."""


@dataclass(frozen=True, slots=True)
class Leak:
    """What was found, and its kind."""

    kind: str
    text: str


_SOURCE = (
    "pyx?|[cm]?[jt]sx?|vue|go|rs|java|kts?|scala|clj[cs]?|groovy|rb|php|phtml|cs|vb|fsx?|razor|"
    "c|cc|cpp|cxx|h|hh|hpp|hxx|inl|cuh?|mm?|swift|exs?|eex|erl|hrl|lua|luau|zig|hs|mli?|dart|nim|"
    "cr|p[lm]|jl|d|ad[bs]|f90|pas"
)
_SOURCE_NOT_HOST = (
    "pyx|[cm]?[jt]sx?|go|java|kts?|scala|clj[cs]?|groovy|rb|php|cs|vb|fsx?|razor|cpp|cxx|h|hpp|hxx|"
    "cuh?|swift|exs?|erl|hrl|lua|zig|hs|dart|nim|jl"
)
"""Suffixes of source files that are no top-level domains: `chat.rs:80` may be a host."""
_LINE = r"(?:[\"'\u2019]?(?::| on line |:line |, ?line | line |\()|</b> on line <b>)[1-9]\d{0,6}\b"
_EXCEPTION = r"[A-Z]\w{0,80}(?:Error|Exception)"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.MULTILINE))
    for kind, patterns in (
        (
            "a traceback",
            (
                # Python, Lua, Ruby, PHP, .NET, OCaml and others name it before they print it.
                r"Traceback \(most recent call last\)",
                r"\b(?:[Ss]tack ?[Tt]race(?:back)?|STACK TRACE|[Bb]acktrace|[Cc]all ?[Ss]tack):\s",
                r"\bCallStack \(from HasCallStack\)",
                r"\bRaised (?:at|by) [^\n]{1,200}\bline \d+, characters? \d+",
                r"\bin function [<'\u2018`][^\n]{1,200}:\d+[>'\u2019`]",
                # Go, Rust, Zig, C and C++ say how they died.
                r"\bgoroutine \d+ \[",
                r"^panic: \S|\bruntime error: (?:index|slice|integer|invalid|hash|makes?lice)",
                r"\bpanicked at ['\u2018`]?\S|\bRUST_BACKTRACE=|\bthread '[^'\n]{1,100}' panicked",
                r"\bcalled `(?:Result|Option)::\w+\(\)` on an?\b",
                r"\bterminate called (?:after throwing|without an active)",
                r"\bSegmentation fault\b|\bcore dumped\b|\bAddressSanitizer:",
                r"\b\w*ASSERT\w*\([^\n]{1,300}\) failed",
                r"\bAssertion [`'\u2018\"(][^\n]{1,300} failed",
                r"\bthread \d+ panic: ",
                r"\b0x[0-9a-fA-F]{4,16} in \w",
                # Frames: Node and Java, .NET, PHP, Ruby, Erlang and Elixir, Haskell.
                r"\bat [\w.$<>]{1,200} ?\([^()\n./]{0,300}[./][^()\n]{0,300}:\d+(?::\d+)?\)",
                r"\bat [\w.$<>\[\] ]{1,200} ?\((?:<anonymous>|native|Native Method|Unknown Source)",
                r"\bat (?:async )?(?:file|node|webpack|app|internal)[:/]\S{1,300}:\d+",
                (
                    r"(?:^|[\"'>])\s*at (?:[\w$<>`+]{1,80}[.:/]){1,12}[\w$<>`+]{1,80}"
                    r"(?:\[[^\]\n]{0,80}\])?\("
                ),
                r"^#\d+ +(?:\{main\}|\S{1,300}\(\d+\): )",
                r"#0 \{main\}|--- End of (?:inner exception )?stack trace",
                r"\.rb:\d+:in [`'\u2018]",
                r"\{file,\s?\"[^\"\n]{1,300}\"\},\s?\{line,\s?\d+\}",
                r"\{(?:badmatch|function_clause|case_clause|badarg|badkey|undef|noproc),",
                r"=(?:CRASH|ERROR|SUPERVISOR) REPORT=|\bGenServer #PID<",
                r"\bCaused by: [\w.$]{1,200}|\bException in thread \"",
            ),
        ),
        (
            "a place in a source file",
            (
                r"File \"[^\"\n]{1,300}\", line \d+",
                (
                    rf"(?:(?<![\w.@-])(?:/[\w.@+-]{{1,100}}){{2,30}}|(?<![\w.@:/-])(?:[\w.@+-]{{1,100}}/)"
                    rf"{{1,30}}[\w.@+-]{{1,100}})\.(?:{_SOURCE}){_LINE}"
                ),
                rf"[A-Za-z]:[\\/](?:[\w.@ +-]{{1,100}}[\\/]){{1,30}}[\w.@+-]{{1,100}}{_LINE}",
                (
                    rf"(?<![\w.@:/-])[A-Za-z_][\w-]{{0,100}}(?:\.[\w-]{{1,50}}){{0,3}}"
                    rf"\.(?:{_SOURCE_NOT_HOST}){_LINE}"
                ),
                r"(?<![\w.@:/-])[A-Za-z_][\w-]{0,100}\.[a-z]{1,4}:[1-9]\d{0,5}:[1-9]\d{0,4}\b",
                r"\b(?:node:)?internal/[\w/]{1,100}(?:\.js)?:\d+|\bnode:[a-z_/]{2,60}:\d+:\d+",
            ),
        ),
        (
            "an exception's class",
            (
                # As it is printed before a message; `repr()` of it; with its module or namespace.
                rf"\b(?:\w{{1,80}}(?:\.|::|\\{{1,2}})){{0,12}}{_EXCEPTION}(?:: |(?=:$))",
                rf"\b{_EXCEPTION}\((?:[^()\n]{{0,300}}\)|['\"\d]|[bru]['\"])",
                rf"\b(?:\w{{1,80}}(?:\.|::|\\{{1,2}})){{1,12}}{_EXCEPTION}\b(?![\w/.-])",
                rf"[#<%&*(]{{1,4}}(?:\w{{1,80}}(?:\.|::)){{0,12}}{_EXCEPTION}[>){{:]",
                r"<class '[\w.]{1,200}'>|<[\w.]{1,200} object at 0x[0-9a-f]{4,16}>",
                r"\*\* \([A-Za-z][\w.]{0,100}\) ",
                r"\[json\.exception\.\w{1,60}\.\d+\]|\bstd::(?:\w{1,40}_)?(?:error|exception)\b",
                r"\bstd::(?:bad_\w{1,40}|invalid_argument|out_of_range|length_error)\b",
                r"\bError\(\"[^\"\n]{0,300}\", line: \d+, column: \d+\)",
                r"\bundefined method [`'\u2018][^\n]{1,100}['\u2019] for (?:nil|an instance|#<)",
            ),
        ),
    )
    for pattern in patterns
)

_URL = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>]{1,2000}")


def find_leak(body: bytes) -> Leak | None:
    """Return the first thing in an error's body that shows the server's inside, or None."""
    return _leak_in(body[:SEARCHED_BYTES])


@lru_cache(RECENT_BODIES)
def _leak_in(body: bytes) -> Leak | None:
    # Most refusals of a server are equal, and there are many patterns.
    text = plain_text(body)
    for kind, pattern in _PATTERNS:
        if match := pattern.search(text):
            return Leak(kind, match[0].strip())
    return None


def plain_text(body: bytes) -> str:
    """Return the text of an error, without the escapes of JSON and of HTML, and without URLs."""
    text = body.decode("utf-8", "replace")
    plain = {"n": "\n", "r": "\r", "t": "\t"}
    text = re.sub(r'\\(["\\/nrt])', lambda escape: plain.get(escape[1], escape[1]), text)
    text = re.sub(
        r"\\u00([0-7][0-9A-Fa-f])", lambda escape: chr(int(escape[1], 16)), text, flags=re.ASCII
    )
    if "&" in text:
        text = html.unescape(text).replace("\xa0", " ")
    return _URL.sub("URL", text)
