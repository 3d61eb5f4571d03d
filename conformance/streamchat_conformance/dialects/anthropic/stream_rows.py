"""The requirements that one streamed message decides, as `transcript` finds them."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.judges.record import RecordRow

STREAMING = "Anthropic API reference (streaming)"
VERSIONS = "Anthropic API reference (versions)"
CLIENTS = "practice (the official clients)"

OF_EVENTS: tuple[RecordRow, ...] = (
    (
        "anthropic.event-named",
        MUST,
        "Every event that has data has a name.",
        (
            f"{VERSIONS}; earendil-works/pi#1983, openclaw/openclaw#37571, "
            "higress-group/higress#3502, seifghazi/claude-code-proxy#32"
        ),
    ),
    (
        "anthropic.event-name",
        MUST,
        "An event's name is the type in its data.",
        f"{STREAMING}; earendil-works/pi#1983",
    ),
    (
        "anthropic.no-sentinel",
        SHOULD,
        "No event is [DONE].",
        VERSIONS,
    ),
    (
        "anthropic.message-start-first",
        MUST,
        "message_start comes before everything but ping and error.",
        f"{STREAMING}; heyhuynhgiabuu/proxypal#19",
    ),
    (
        "anthropic.message-start-once",
        MUST,
        "A stream has one message_start.",
        f"{CLIENTS}; BerriAI/litellm#32357, vercel/ai#18331, QuantumNous/new-api#1502",
    ),
    (
        "anthropic.message-start-shape",
        MUST,
        "message_start has a message with id, model, type, role, content and usage.",
        f"{STREAMING}; vllm-project/vllm#45367",
    ),
    (
        "anthropic.message-start-open",
        SHOULD,
        "The message of message_start has no stop_reason and no content.",
        f"{STREAMING}; BerriAI/litellm#38153",
    ),
    (
        "anthropic.block-index",
        MUST,
        "The first block has the index 0, and each new one the next.",
        f"{STREAMING}; ollama/ollama#17101, ggml-org/llama.cpp#18551",
    ),
    (
        "anthropic.block-order",
        MUST,
        "Deltas and stops are of open blocks, and every block stops before message_delta.",
        f"{STREAMING}; vercel/ai#18331, BerriAI/litellm#28868",
    ),
    (
        "anthropic.block-sequential",
        SHOULD,
        "One block is open at a time.",
        STREAMING,
    ),
    (
        "anthropic.delta-type",
        MUST,
        "A block has a type, and each of its deltas fits it.",
        (
            f"{STREAMING}; BerriAI/litellm#32357, sgl-project/sglang#24293, BerriAI/litellm#33224, "
            "musistudio/claude-code-router#1725"
        ),
    ),
    (
        "anthropic.delta-shape",
        MUST,
        (
            "A delta is an object; its text, partial_json, thinking or signature is a string, and "
            "so is the text or thinking with which a block begins."
        ),
        STREAMING,
    ),
    (
        "anthropic.message-delta",
        MUST,
        "message_delta comes before message_stop; the last one has stop_reason and usage.",
        STREAMING,
    ),
    (
        "anthropic.message-delta-full",
        SHOULD,
        "message_delta has stop_sequence, null or not, and usage never falls.",
        f"{STREAMING}; vllm-project/vllm#55324",
    ),
    (
        "anthropic.unknown-events",
        MAY,
        "Events, blocks, deltas and stop reasons are of the reference.",
        f"{VERSIONS}; practice (@ai-sdk/anthropic stops at others)",
    ),
)

OF_TOOLS: tuple[RecordRow, ...] = (
    (
        "anthropic.tool-block",
        MUST,
        "A tool_use has an id of its own, a name and an input; its JSON is one object, or nothing.",
        f"{STREAMING}; BerriAI/litellm#29286",
    ),
    (
        "anthropic.tool-stop-reason",
        MUST,
        (
            "A message whose last block is a tool_use does not stop with end_turn, or in another "
            "API's words."
        ),
        f"{STREAMING}; BerriAI/litellm#34692, maximhq/bifrost#3638",
    ),
)

OF_THOUGHTS: tuple[RecordRow, ...] = (
    (
        "anthropic.thinking-signature",
        SHOULD,
        "A thinking block has a signature before it stops.",
        f"{STREAMING}; sgl-project/sglang#39752",
    ),
)

OF_FAULTS: tuple[RecordRow, ...] = (
    (
        "anthropic.error-event",
        MUST,
        (
            "A failure is an event named error with the shape of a refusal, and no content or "
            "message_stop follows."
        ),
        (
            f"{STREAMING}; diegosouzapw/OmniRoute#7699, BerriAI/litellm#41826, "
            "lbjlaq/Antigravity-Manager#3371, BerriAI/litellm#32475"
        ),
    ),
)
