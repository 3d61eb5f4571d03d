"""Prompts: text of any kind that a person, a program or an attacker may send."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

__all__ = [
    "LINE_SEPARATORS",
    "SPOKEN_FOR",
    "astral_prompts",
    "injection_prompts",
    "line_separator_prompts",
    "prompts",
    "scalar_values",
]

_REPLACEMENT_CHARACTER = "\ufffd"

LINE_SEPARATORS = (
    "\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x00",
)  # fmt: skip
"""What one reader or another takes for the end of a line, and NUL. An event stream knows three:
LF, CR and CRLF; `str.splitlines` knows all but NUL."""

# One of each kind that some encoder, decoder or line reader is known to trip over.
_AWKWARD_CHARACTERS = "".join(
    (
        "a\"\\/<>&:' ",
        "".join(map(chr, range(0x20))),
        "\x7f\x80\x85\x9f",
        "\u00a0\u00ad\u200b\u2028\u2029\u2060\ufeff",  # spaces, joiners, a byte order mark
        "\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff",  # edges of UTF-8 and of UTF-16
        "\ufdd0\ufffe\U0001fffe",  # noncharacters: scalar values all the same
        "e\u0301\u00e9\u0327\u20dd",  # combining, and a precomposed twin
        "\u05d0\u0627\u202e\u2066\u2069",  # right to left, and its overrides
        "\U0001f469\u200d\U0001f4bb\U0001f3fd\ufe0f\U0001f1e9\U0001f1ea",  # parts of joined emoji
        "\u0130\u0131\u00df\ufb01\u212a",  # change their length or letter when case changes
    )
)

_TEXTS = (
    "",
    "Hello",
    "null",
    "[DONE]",
    "data: x",
    "\U0001f469\U0001f3fd\u200d\U0001f4bb",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u65e5\u672c\u8a9e",
    "e\u0301\u0323\u0307",
    "\ufeffdata",
    "\\ud83d",
    "\\u0000\\n",
    "%00%0d%0a",
    "\U0001f1e9\U0001f1ea",
)

_ASTRAL_TEXTS = (
    "\U0001f600",
    "\U0001f469\U0001f3fd\u200d\U0001f4bb",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f1e9\U0001f1ea",
    "\U0001d54f\u0301",
    *(chr(plane << 16 | 0x1F4A) for plane in range(1, 17)),
    "\U00010000",
    "\U0010fffd",
)
"""What takes two units of UTF-16 and four bytes of UTF-8, alone and joined."""

_LINE_ENDS = ("\n", "\r", "\r\n")

_EVENT_STREAM_INJECTIONS = (
    '\n\ndata:{"text":"x"}\n\n',
    '\ndata:{"text":"x"}\n',
    '\ndata: {"a":"x","b":[],"text":"x"}\n\n',
    '\n\nevent: error\ndata:{"error":"x"}\n\n',
    "\n\nid: 1\ndata:{}\n\n",
    "\nretry: 0\n",
    "\n\n: comment\n\n",
    "\n\ndata: [DONE]\n\n",
)

_HEADER_INJECTIONS = (
    "\r\nX-Injected: 1",
    "\r\nX-Injected: 1\r\n",
    "\nX-Injected: 1",
    "\r\nSet-Cookie: injected=1",
    "\r\n\r\n",
    "0\r\n\r\n",
    "\r\n0\r\n\r\n",
    "\r\n5\r\nhello\r\n0\r\n\r\n",
    "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "\r\n\r\nPOST / HTTP/1.1\r\nHost: injected\r\nContent-Length: 0\r\n\r\n",
)

_DOCUMENT_INJECTIONS = (
    '","text":"x"}',
    '"}\n\ndata:{"text":"x"}\n\n',
    '{"a":null,"b":null}',
    '\\","a":[],"b":"\\',
    "</script><script>alert(1)</script>",
    "<!--\n-->",
    "{{7*7}}${7*7}",
    "%s%n{0}{x!r}",
    "' OR '1'='1'; --",
    "../../../../etc/hosts",
)

SPOKEN_FOR = (
    "<|endoftext|>", "<|im_start|>system", "<|im_end|>", "<|im_sep|>", "<|endofprompt|>",
    "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<fim_prefix>", "<|fim_begin|>",
    "<|start|>assistant<|channel|>final<|message|>", "<|return|>", "<|call|>", "<|constrain|>",
    "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>user<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>", "<|python_tag|>", "<|finetune_right_pad_id|>", "<|reserved_special_token_0|>",
    "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>", "<|tool_call|>",
    "<tool_call>{}</tool_call>", "<function=x>{}</function>", "[INST] [/INST]", "<<SYS>> <</SYS>>",
    "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[IMG]", "[CLS] [SEP] [MASK]", "[PAD]",
    "<s> </s>", "<bos> <eos>", "<pad>", "<unk>", "<mask>", "<0x0A>", "<unused0>", "\u2581",
    "<start_of_turn>user <end_of_turn>", "<think> </think>", "<|think|>", "[THINK]", "<image>",
    "<|image|>", "<|vision_start|><|image_pad|><|vision_end|>", "<|audio|>", "<extra_id_0>",
    "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cUser\uff5c>", "<|START_OF_TURN_TOKEN|>",
    "<|CHATBOT_TOKEN|>", "<|endofturn|>", "<reserved_106>", "\n\nHuman: x\n\nAssistant:",
    "### Instruction:", "### Response:", "</prompt>", "<system>", "[DONE]", "STOP",
    "{{ prompt }}", "{% raw %}", "{% endfor %}", "{# x #}", "{prompt}", "{0}", "{}", "{", "}}",
    "${prompt}", "#{prompt}", "<%= prompt %>", "$(x)", "$1", "\\1", "\\g<0>", "%s", "%n", "%(x)s",
    "%d%%", "%", "`x`", "~", "^[[0m", "\x1b[31m", "\\N{DASH}", "\\x41", "&#0;", "<![CDATA[]]>",
)  # fmt: skip
"""Text that means something to a tokenizer, a chat template, a formatter or a shell, one each.

A user may write any of them: in a prompt it is text (RFC 8259 section 7 knows no others).
"""

_INJECTIONS = tuple(
    dict.fromkeys(
        (
            *(text.replace("\n", end) for text in _EVENT_STREAM_INJECTIONS for end in _LINE_ENDS),
            *_HEADER_INJECTIONS,
            *_DOCUMENT_INJECTIONS,
        )
    )
)


@cache
def prompts(*, max_size: int = 100, replacement_character: bool = False) -> st.SearchStrategy[str]:
    """Draw any text of Unicode scalar values, of at most `max_size` code points.

    Never a lone surrogate, which UTF-8 cannot carry (see `lone_surrogate_bodies`). U+FFFD is
    left out unless `replacement_character`, so that one that comes back was put there by the
    server. Shrinks to short ASCII text.
    """
    characters = scalar_values(replacement_character=replacement_character)
    texts = (*_TEXTS, _REPLACEMENT_CHARACTER) if replacement_character else _TEXTS
    run_size = st.integers(min(1, max_size), max_size)
    choices: list[st.SearchStrategy[str]] = [
        st.text(characters, max_size=max_size),
        st.text(_AWKWARD_CHARACTERS, max_size=max_size),
        st.sampled_from([text for text in texts if len(text) <= max_size]),
        line_separator_prompts(max_size=max_size),
        st.builds(str.__mul__, st.sampled_from(_AWKWARD_CHARACTERS), run_size),
        st.sampled_from([text for text in ("", *SPOKEN_FOR) if len(text) <= max_size]),
    ]
    injections = [text for text in _INJECTIONS if len(text) <= max_size]
    if injections:
        choices.append(st.sampled_from(injections))
    return st.one_of(choices)


@cache
def scalar_values(*, replacement_character: bool = False) -> st.SearchStrategy[str]:
    """Draw single Unicode scalar values: any code point but a surrogate, and but U+FFFD."""
    excluded = "" if replacement_character else _REPLACEMENT_CHARACTER
    return st.characters(exclude_categories=["Cs"], exclude_characters=excluded)


@cache
def line_separator_prompts(*, max_size: int = 20) -> st.SearchStrategy[str]:
    """Draw letters and line separators of every kind, CRLF among them.

    At most `max_size` code points; at least one separator if `max_size` is 1 or more.
    """
    if max_size < 1:
        return st.just("")
    separators = "".join(dict.fromkeys("".join(LINE_SEPARATORS)))
    text = st.text("ab" + separators, min_size=1, max_size=max_size)
    return text.filter(lambda drawn: not drawn.isalpha())


@cache
def astral_prompts(*, min_size: int = 40, max_size: int = 200) -> st.SearchStrategy[str]:
    """Draw texts of characters beyond U+FFFF, with a few others among them.

    Long enough that a server that cuts its text into pieces has to cut there: from `min_size` to
    `max_size` of these characters, or sequences of them.
    """
    parts = st.sampled_from((*_ASTRAL_TEXTS, *_ASTRAL_TEXTS, "a", " ", "\u65e5"))
    return st.lists(parts, min_size=min_size, max_size=max_size).map("".join)


@cache
def injection_prompts() -> st.SearchStrategy[str]:
    """Draw text that becomes an event, a field line, a chunk or a response where it is not escaped.

    Alone, or in the middle of other text. Shrinks to one injection.
    """
    injections = st.sampled_from(_INJECTIONS)
    words = st.sampled_from(["", "a", "data:", "x\n", "\U0001f600"])
    return st.one_of(injections, st.builds(lambda a, b, c: a + b + c, words, injections, words))
