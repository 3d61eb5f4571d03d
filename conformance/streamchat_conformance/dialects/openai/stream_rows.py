"""The requirements that one streamed answer decides, as `transcript` finds them."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.judges.record import RecordRow

CHUNK = "OpenAI API description (CreateChatCompletionStreamResponse)"
DELTA = "OpenAI API description (ChatCompletionStreamResponseDelta)"
USAGE = "OpenAI API description (ChatCompletionStreamOptions)"
CALL = "OpenAI API description (ChatCompletionMessageToolCallChunk)"

OF_CHUNKS: tuple[RecordRow, ...] = (
    (
        "openai.only-chunks",
        MUST,
        "Each event's data is a chunk, an error object or [DONE].",
        f"{CHUNK}; Kilo-Org/kilocode#3083, earendil-works/pi#2468",
    ),
    (
        "openai.object",
        MUST,
        "Each chunk's object is chat.completion.chunk, the usage chunk's too.",
        (
            f"{CHUNK}; microsoft/foundry-local#31, NVIDIA/TensorRT-Edge-LLM#93, "
            "theopenco/llmgateway#538, ml-explore/mlx-examples#913"
        ),
    ),
    (
        "openai.choices",
        MUST,
        "Each chunk's choices is an array of objects, never null or absent.",
        (
            f"{CHUNK}; RooCodeInc/Roo-Code#9105, qualcomm/GenieX#801, pydantic/pydantic-ai#5165, "
            "ROCm/ATOM#1711"
        ),
    ),
    (
        "openai.choices-empty",
        SHOULD,
        "choices is empty on the usage chunk only.",
        f"{CHUNK}; AbanteAI/archive-old-cli-mentat#429, simonw/llm#294",
    ),
    (
        "openai.choice-index",
        MUST,
        "Each choice's index is a whole number below n; with one choice it is 0.",
        (
            f"{CHUNK}; microsoft/foundry-local#144, huggingface/text-generation-inference#1648, "
            "BerriAI/litellm#376"
        ),
    ),
    (
        "openai.delta",
        MUST,
        "Each choice's delta is an object; its texts are strings or null, tool_calls an array.",
        f"{DELTA}; vercel/ai#17779",
    ),
    (
        "openai.finish-not-empty",
        MUST,
        "finish_reason is never an empty string.",
        (
            f"{CHUNK}; mudler/LocalAI#5102, ollama/ollama#4357, sgl-project/sglang#3912, "
            "openai/openai-dotnet#342"
        ),
    ),
    (
        "openai.finish-enum",
        SHOULD,
        "A finish_reason is stop, length, tool_calls, content_filter or function_call.",
        f"{CHUNK}; LostRuins/koboldcpp#2481",
    ),
    (
        "openai.finish-member",
        SHOULD,
        "Each choice has finish_reason, null while it goes on.",
        f"{CHUNK}; mudler/LocalAI#1744, maximhq/bifrost#7397, vllm-project/vllm#19662",
    ),
    (
        "openai.role-value",
        SHOULD,
        "A role is assistant, never an empty string.",
        f"{DELTA}; MiniMax-AI/MiniMax-M2.5#2, anomalyco/opencode#28427",
    ),
    (
        "openai.id-stable",
        MUST,
        "All chunks of a stream have the same id.",
        f"{CHUNK}; raullenchai/Rapid-MLX#752, jundot/omlx#2462, microsoft/foundry-local#221",
    ),
    (
        "openai.id-nonempty",
        SHOULD,
        "A chunk's id is a string that is not empty.",
        f"{CHUNK}; ggml-org/llama.cpp#5876, huggingface/text-generation-inference#1782",
    ),
    (
        "openai.created-seconds",
        MUST,
        "created is a whole number of seconds since 1970.",
        (
            f"{CHUNK}; EricLBuehler/mistral.rs#1805, mlc-ai/web-llm#829, Rfym21/Qwen2API#93, "
            "0xzr/freellmpool#92"
        ),
    ),
    (
        "openai.created-stable",
        MAY,
        "created is the same in all chunks of a stream.",
        CHUNK,
    ),
    (
        "openai.model",
        SHOULD,
        "model is the same in all chunks, and not empty.",
        f"{CHUNK}; maximhq/bifrost#2613",
    ),
    (
        "openai.no-error-member",
        MUST,
        "A chunk has no error member, not even null.",
        (
            "practice (openai-go, openai-java and the Vercel AI SDK take it for a failure); "
            "microsoft/foundry-local#144"
        ),
    ),
)

ORDER: tuple[RecordRow, ...] = (
    (
        "openai.role-present",
        MUST,
        "A choice gets its role with its first content or tool call at the latest.",
        (
            "practice (openai-node stops with an error); diegosouzapw/OmniRoute#3911, "
            "agentgateway/agentgateway#3005, langchain-ai/langchainjs#11157"
        ),
    ),
    (
        "openai.role-once",
        SHOULD,
        "The role comes in a choice's first chunk and never again.",
        "practice (openai-python appends it); ollama/ollama#7626, BerriAI/litellm#12616",
    ),
    (
        "openai.finish-present",
        MUST,
        "Each choice gets a finish_reason before the end, unless an error came.",
        (
            f"{CHUNK}; waybarrios/vllm-mlx#628, ModelTC/LightLLM#130, vllm-project/vllm#27572, "
            "qualcomm/GenieX#1246, jakobdylanc/llmcord#84"
        ),
    ),
    (
        "openai.finish-once",
        SHOULD,
        "Exactly one chunk of each choice has a finish_reason.",
        (
            "practice (LangChain joins them to stopstop); QwenLM/qwen-code#2402, "
            "langchain-ai/langchain#38349, sgl-project/sglang#8417, Gitlawb/openclaude#21"
        ),
    ),
    (
        "openai.nothing-after-finish",
        MUST,
        "No content, reasoning or tool call comes for a choice that has finished.",
        (
            "practice (clients stop reading); ranxianglei/billion-context#429, "
            "linagora/openrag#462, "
            "open-webui/open-webui#16377"
        ),
    ),
    (
        "openai.finish-last",
        SHOULD,
        "No chunk names a choice that has finished.",
        "practice (openai-go takes the last finish_reason, null included)",
    ),
)

END: tuple[RecordRow, ...] = (
    (
        "openai.done-exact",
        MUST,
        "The data of the last event is exactly [DONE].",
        f"{USAGE}; mistralai/mistral-vibe#770",
    ),
)

USAGE_ROWS: tuple[RecordRow, ...] = (
    (
        "openai.usage-honoured",
        SHOULD,
        "Where include_usage is accepted, usage comes, with tools too.",
        f"{USAGE}; LostRuins/koboldcpp#2480, archestra-ai/archestra#2527",
    ),
    (
        "openai.usage-shape",
        MUST,
        "Usage counts prompt, completion and total tokens in whole numbers.",
        "OpenAI API description (CompletionUsage)",
    ),
    (
        "openai.usage-plausible",
        SHOULD,
        "The counts add up, and are not 0 where text came.",
        "OpenAI API description (CompletionUsage); mudler/LocalAI#1744",
    ),
    (
        "openai.usage-chunk",
        SHOULD,
        "Usage stands in a chunk of its own, whose choices is empty.",
        f"{USAGE}; practice (openai-java drops the content of a chunk with usage)",
    ),
    (
        "openai.usage-once",
        SHOULD,
        "One chunk of a stream has a usage.",
        f"{USAGE}; open-webui/open-webui#29064, raullenchai/Rapid-MLX#792, camel-ai/camel#4257",
    ),
    (
        "openai.usage-after-finish",
        MUST,
        "Usage comes after every finish_reason, and no chunk follows it.",
        f"{USAGE}; practice (openai-python and openai-node lose it)",
    ),
    (
        "openai.usage-unasked",
        SHOULD,
        "Without include_usage no chunk has usage and no choices.",
        f"{USAGE}; Arthur-Ficial/apfel#100, ai-dynamo/dynamo#3022",
    ),
)

TOOL_ROWS: tuple[RecordRow, ...] = (
    (
        "openai.tool-index",
        MUST,
        "Each piece of a tool call has an index, a whole number from 0.",
        f"{CALL}; openai/openai-python#2806, EricLBuehler/mistral.rs#1507, ollama/ollama#7881",
    ),
    (
        "openai.tool-index-distinct",
        MUST,
        "Different tool calls have different indexes.",
        (
            f"{CALL}; vercel/ai#14277, ai-dynamo/dynamo#4723, mcowger/plexus#691, "
            "NousResearch/hermes-agent#12930"
        ),
    ),
    (
        "openai.tool-index-dense",
        MUST,
        "Indexes of tool calls begin at 0 and appear in order.",
        "practice (openai-python and openai-node stop with an error); pipecat-ai/pipecat#5342",
    ),
    (
        "openai.tool-head",
        MUST,
        "The first piece of a tool call has an id of its own, type function and a name.",
        f"{CALL}; binaricat/Netcatty#1007, vllm-project/vllm#18412",
    ),
    (
        "openai.tool-id-stable",
        MUST,
        "No later piece of a tool call has another id.",
        f"{CALL}; poolsideai/pool#9",
    ),
    (
        "openai.tool-head-once",
        SHOULD,
        "Later pieces of a tool call repeat neither id nor name, and type is not null.",
        (
            "practice (openai-python appends them); sgl-project/sglang#35542, "
            "Effect-TS/effect#6346, spring-projects/spring-ai#6857"
        ),
    ),
    (
        "openai.tool-arguments-type",
        MUST,
        "The arguments of a tool call are a string.",
        CALL,
    ),
    (
        "openai.tool-arguments-once",
        MUST,
        "The arguments of a tool call come once.",
        (
            "practice (a parser's last flush repeats them); vllm-project/vllm#51697, "
            "sgl-project/sglang#23071"
        ),
    ),
    (
        "openai.tool-arguments-json",
        SHOULD,
        "The arguments of a whole tool call are one JSON object.",
        f"{CALL}; openvinotoolkit/model_server#3838, vllm-project/vllm#41739",
    ),
    (
        "openai.tool-finish",
        SHOULD,
        "An answer with tool calls finishes with tool_calls.",
        (
            f"{CHUNK}; vllm-project/vllm#25054, openvinotoolkit/model_server#3927, "
            "BerriAI/litellm#12862"
        ),
    ),
    (
        "openai.tool-no-leak",
        SHOULD,
        "The model's own markup of tool calls does not stand in the content.",
        "practice; vllm-project/vllm#10395, vllm-project/vllm#38946",
    ),
)

CHOICES: tuple[RecordRow, ...] = (
    (
        "openai.n-choices",
        MUST,
        "Of several choices each has a role, text and a finish_reason.",
        f"{CHUNK}; ggml-org/llama.cpp#20226, BerriAI/litellm#3276",
    ),
    (
        "openai.n-order",
        SHOULD,
        "Of several choices the first one comes first.",
        "practice (openai-python stops with an error)",
    ),
)

FAULTS: tuple[RecordRow, ...] = (
    (
        "openai.fault-error-event",
        MUST,
        "A failure in mid-stream is a data event whose object has an error.",
        (
            "practice (other forms are a silent end to openai-python and openai-node); "
            "ggml-org/llama.cpp#16109, odysseus-dev/odysseus#736, block/goose#8031"
        ),
    ),
    (
        "openai.fault-message",
        SHOULD,
        "The error in mid-stream is an object with a message.",
        "practice (openai-python loses a bare text); zendev-sh/goai#110",
    ),
    (
        "openai.fault-not-success",
        MUST,
        "No answer that failed finishes with stop, length or tool_calls.",
        "practice; BerriAI/litellm#39748, LostRuins/koboldcpp#2481",
    ),
)

OF_STREAMS: tuple[RecordRow, ...] = (*ORDER, *END, *USAGE_ROWS, *TOOL_ROWS, *CHOICES, *FAULTS)
