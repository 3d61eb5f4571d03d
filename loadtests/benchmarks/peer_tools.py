"""Other load tools for Chat Completions: how each is run without downloading anything.

Both want a tokenizer. They get a small one of words, laid out as Hugging Face's cache has it, and
prompts of twelve words. Each runs with one worker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPOKEN = (
    "the a and of to in is it that was for on with as his they at be this from have or by "
    "one had not but what all were when we there can an your which their said if do will "
    "each about how"
)
WORDS = SPOKEN.split()
TOKENIZER = "streamchat/words"
PROMPTS, PROMPT_WORDS = 2000, 12
"""As many as the most requests: guidellm ends where its prompts do."""
_REVISION = "0" * 40
_SPECIAL = ("[UNK]", "</s>")


@dataclass(frozen=True, slots=True)
class PeerTool:
    """A load tool: its program, and how it is asked for some streams, 100 at once."""

    name: str
    program: Path
    options: Callable[[str, str, int, Path], list[str]]
    """The options for a URL, a model, a number of requests and a folder."""
    report: Callable[[Path], dict[str, Any]]
    """Returns what it reports, of the folder of a run."""

    def command(self, url: str, model: str, requests: int, folder: Path) -> list[str]:
        """Return the command of a run; the folder has what `write_files` wrote."""
        return [str(self.program), *self.options(url, model, requests, folder)]


def environment(folder: Path) -> Mapping[str, str]:
    """Return the variables by which a tool finds its tokenizer, and asks for nothing elsewhere."""
    return {
        "HF_HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "GUIDELLM__MAX_WORKER_PROCESSES": "1",
    }


def write_files(folder: Path) -> None:
    """Write the tokenizer and the prompts into a folder."""
    cached = folder / "hub" / f"models--{TOKENIZER.replace('/', '--')}"
    snapshot = _snapshot(folder)
    snapshot.mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(_REVISION, "utf-8")
    vocabulary = {word: number for number, word in enumerate([*_SPECIAL, *WORDS])}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {
                "id": number,
                "content": word,
                "special": True,
                **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False),
            }
            for number, word in enumerate(_SPECIAL)
        ],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": _SPECIAL[0]},
    }
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **dict(zip(("unk_token", "eos_token"), _SPECIAL, strict=True)),
        "model_max_length": 8192,
    }
    (snapshot / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    (snapshot / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    for name in ("prompt", "text"):
        lines = [json.dumps({name: _prompt(number)}) for number in range(PROMPTS)]
        (folder / f"{name}s.jsonl").write_text("\n".join(lines), "utf-8")


def _snapshot(folder: Path) -> Path:
    return folder / "hub" / f"models--{TOKENIZER.replace('/', '--')}" / "snapshots" / _REVISION


def _prompt(number: int) -> str:
    places = range(number, number + PROMPT_WORDS * (number % 7 + 1), number % 7 + 1)
    return " ".join(WORDS[place % len(WORDS)] for place in places)


def _guidellm(url: str, model: str, requests: int, folder: Path) -> list[str]:
    return [
        *(
            "run",
            "--backend",
            f"kind=openai_http,target={url},model={model},validate_backend=false",
        ),
        *("--profile", "kind=concurrent,streams=100"),
        *("--constraint", f"kind=max_requests,count={requests}"),
        *("--tokenizer", f"kind=huggingface_auto,model={_snapshot(folder)}"),
        *("--data", f"kind=json_file,path={folder / 'prompts.jsonl'}"),
        *("--disable-console", "--output", f"kind=json,path={folder / 'guidellm.json'}"),
    ]


def _guidellm_report(folder: Path) -> dict[str, Any]:
    (found,) = json.loads((folder / "guidellm.json").read_text("utf-8"))["benchmarks"]
    errors: dict[str, int] = {}
    for each in found["requests"]["errored"]:
        text = str(each.get("info", {}).get("error") or "no reason")
        errors[text] = errors.get(text, 0) + 1
    totals = found["metrics"]["request_totals"]
    return {"requests": totals["total"], "successful": totals["successful"], "errors": errors}


def _aiperf(url: str, model: str, requests: int, folder: Path) -> list[str]:
    return [
        *("profile", "--model", model, "--url", url, "--endpoint-type", "chat", "--streaming"),
        *("--concurrency", "100", "--request-count", str(requests), "--tokenizer", TOKENIZER),
        *("--input-file", str(folder / "texts.jsonl"), "--custom-dataset-type", "single_turn"),
        *("--ui", "none", "--workers-max", "1", "--use-server-token-count"),
        *("--output-artifact-dir", str(folder / "aiperf")),
    ]


def _aiperf_report(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "aiperf" / "profile_export_aiperf.json").read_text("utf-8"))
    errors: dict[str, int] = {}
    for each in found.get("error_summary") or []:
        details = each["error_details"]
        text = ": ".join(str(details[name]) for name in ("type", "message") if details.get(name))
        errors[text] = errors.get(text, 0) + int(each["count"])
    successful = int((found.get("request_count") or {}).get("avg") or 0)
    total = successful + sum(errors.values())
    return {"requests": total, "successful": successful, "errors": errors}


PEERS = {"guidellm": (_guidellm, _guidellm_report), "aiperf": (_aiperf, _aiperf_report)}
"""By name, how a tool is run, and how its report is read."""


def peer_tool(name: str, program: Path) -> PeerTool:
    """Return a tool by its name, with the program to run."""
    options, report = PEERS[name]
    return PeerTool(name, program, options, report)
