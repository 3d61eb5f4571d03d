// Anthropic's SDK for Node and the AI SDK's provider, as witnesses: see read.mjs.

const usageOf = (usage) => usage && [usage.input_tokens ?? null, usage.output_tokens ?? null];

function add(read, block) {
  if (block.type === "text") read.text += block.text;
  if (block.type === "thinking") read.reasoning += block.thinking;
  if (block.type === "tool_use") {
    const input = typeof block.json === "string" ? block.json : JSON.stringify(block.input);
    read.calls.push([block.id ?? null, block.name ?? null, input]);
  }
}

function whole(read, message) {
  read.role = message.role ?? null;
  read.finish = message.stop_reason ?? null;
  read.usage = usageOf(message.usage) ?? null;
  for (const block of message.content) add(read, block);
}

export async function anthropicClients(load, limitMs) {
  const sdk = await load("@anthropic-ai/sdk");
  const { createAnthropic } = await load("@ai-sdk/anthropic");
  const Anthropic = sdk.Anthropic ?? sdk.default;
  const clientAt = (url) =>
    new Anthropic({ baseURL: url.replace(/\/v1$/, ""), apiKey: "none", maxRetries: 0 });
  const within = () => ({ signal: AbortSignal.timeout(limitMs) });

  async function raw(url, body, read) {
    const answer = await clientAt(url).messages.create(body, within());
    if (!body.stream) return whole(read, answer);
    const blocks = new Map();
    for await (const event of answer) {
      if (event.type === "message_start") {
        read.role = event.message.role ?? null;
        read.usage = usageOf(event.message.usage) ?? null;
      } else if (event.type === "content_block_start") {
        const json = event.content_block.type === "tool_use" ? "" : undefined;
        blocks.set(event.index, { ...event.content_block, json });
      } else if (event.type === "content_block_delta") {
        const block = blocks.get(event.index) ?? { type: "text", text: "" };
        blocks.set(event.index, block);
        if (event.delta.type === "text_delta") block.text += event.delta.text;
        if (event.delta.type === "thinking_delta") block.thinking += event.delta.thinking;
        if (event.delta.type === "input_json_delta") block.json += event.delta.partial_json;
      } else if (event.type === "message_delta") {
        read.finish = event.delta.stop_reason ?? read.finish;
        const input = event.usage.input_tokens ?? read.usage?.[0] ?? null;
        read.usage = [input, event.usage.output_tokens ?? null];
      }
    }
    for (const block of blocks.values()) add(read, block);
  }

  async function helper(url, body, read) {
    if (!body.stream) return raw(url, body, read);
    const { stream: _, ...asked } = body;
    whole(read, await clientAt(url).messages.stream(asked, within()).finalMessage());
  }

  async function aiSdk(url, body, read) {
    const provider = createAnthropic({ baseURL: url, apiKey: "none" });
    const tools = (body.tools ?? []).map((tool) => ({
      type: "function", name: tool.name, inputSchema: tool.input_schema,
    }));
    const asked = {
      prompt: body.messages.map(({ role, content }) => ({
        role, content: Array.isArray(content) ? content : [{ type: "text", text: content }],
      })),
      maxOutputTokens: body.max_tokens,
      tools: tools.length ? tools : undefined,
      toolChoice: tools.length ? { type: "required" } : undefined,
      providerOptions: body.thinking
        ? { anthropic: { thinking: { type: "enabled", budgetTokens: body.thinking.budget_tokens } } }
        : undefined,
      abortSignal: AbortSignal.timeout(limitMs),
    };
    const model = provider(body.model);
    const errors = [];
    const finish = (part) => {
      read.finish = part.finishReason?.raw ?? part.finishReason?.unified ?? part.finishReason ?? null;
      const total = (tokens) => (typeof tokens === "object" ? tokens?.total : tokens) ?? null;
      const both = [total(part.usage?.inputTokens), total(part.usage?.outputTokens)];
      read.usage = both.every((each) => each === null) ? null : both;
    };
    if (!body.stream) {
      const answer = await model.doGenerate(asked);
      for (const part of answer.content) take(read, part);
      return finish(answer);
    }
    const { stream } = await model.doStream(asked);
    for await (const part of stream) {
      take(read, part);
      if (part.type === "error") errors.push(part.error);
      if (part.type === "finish") finish(part);
    }
    if (errors.length) throw errors[0];
  }

  function take(read, part) {
    if (part.type === "text") read.text += part.text;
    if (part.type === "text-delta") read.text += part.delta;
    if (part.type === "reasoning") read.reasoning += part.text;
    if (part.type === "reasoning-delta") read.reasoning += part.delta;
    if (part.type === "tool-call") read.calls.push([part.toolCallId, part.toolName, part.input]);
  }

  return { anthropicRaw: raw, anthropicHelper: helper, anthropicAiSdk: aiSdk };
}
