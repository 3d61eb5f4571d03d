// Reads streams with the clients for Node, unchanged. A line of standard input is a JSON object with
// `client`, `url` and `body`; a line of standard output is what that client made of the stream.
// The packages are those of the folder `node_modules` that the first argument names.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";
import { anthropicClients } from "./anthropic.mjs";

const at = createRequire(pathToFileURL(join(resolve(process.argv[2]), "x.js")));
const load = async (name) => {
  const loaded = at(name);
  return loaded.default ? { ...loaded, default: loaded.default } : loaded;
};
const openai = await load("openai");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");
const OpenAI = openai.OpenAI ?? openai.default;
const LIMIT_MS = 5000;

const blank = () => ({ text: "", reasoning: "", role: null, calls: [], finish: null, usage: null, error: null });
const usageOf = (usage) => usage && [usage.prompt_tokens ?? null, usage.completion_tokens ?? null];

async function raw(url, body, read) {
  const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });
  const stream = await client.chat.completions.create(body, { signal: AbortSignal.timeout(LIMIT_MS) });
  const calls = new Map();
  for await (const chunk of stream) {
    if (chunk.usage) read.usage = usageOf(chunk.usage);
    for (const choice of chunk.choices ?? []) {
      if (choice.index !== 0) continue;
      read.role ??= choice.delta?.role ?? null;
      read.text += choice.delta?.content ?? "";
      read.reasoning += choice.delta?.reasoning_content ?? choice.delta?.reasoning ?? "";
      read.finish = choice.finish_reason ?? read.finish;
      for (const piece of choice.delta?.tool_calls ?? []) {
        const call = calls.get(piece.index) ?? ["", "", ""];
        call[0] ||= piece.id ?? "";
        call[1] ||= piece.function?.name ?? "";
        call[2] += piece.function?.arguments ?? "";
        calls.set(piece.index, call);
      }
    }
    read.calls = [...calls.values()];
  }
}

async function helper(url, body, read) {
  const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });
  const stream = client.chat.completions.stream(body, { signal: AbortSignal.timeout(LIMIT_MS) });
  const whole = await stream.finalChatCompletion();
  const choice = whole.choices[0];
  read.role = choice?.message.role ?? null;
  read.text = choice?.message.content ?? "";
  read.reasoning = choice?.message.reasoning_content ?? choice?.message.reasoning ?? "";
  read.finish = choice?.finish_reason ?? null;
  read.calls = (choice?.message.tool_calls ?? []).map((c) => [
    c.id ?? null, c.function.name, c.function.arguments,
  ]);
  read.usage = usageOf(whole.usage);
}

const FINISH = { "tool-calls": "tool_calls", "content-filter": "content_filter" };

async function aiSdk(url, body, read) {
  const provider = createOpenAICompatible({
    name: "target", baseURL: url, apiKey: "none", includeUsage: Boolean(body.stream_options),
  });
  const tools = (body.tools ?? []).map((tool) => ({
    type: "function", name: tool.function.name, inputSchema: tool.function.parameters,
  }));
  const content = body.messages.at(-1).content;
  const { stream } = await provider(body.model).doStream({
    prompt: [{ role: "user", content: [{ type: "text", text: content }] }],
    tools: tools.length ? tools : undefined,
    abortSignal: AbortSignal.timeout(LIMIT_MS),
  });
  const errors = [];
  for await (const part of stream) {
    if (part.type === "text-delta") read.text += part.delta;
    if (part.type === "reasoning-delta") read.reasoning += part.delta;
    if (part.type === "tool-call") read.calls.push([part.toolCallId, part.toolName, part.input]);
    if (part.type === "error") errors.push(part.error);
    if (part.type === "finish") {
      const reason = part.finishReason?.unified ?? part.finishReason;
      read.finish = FINISH[reason] ?? reason;
      const total = (tokens) => (typeof tokens === "object" ? tokens?.total : tokens) ?? null;
      const both = [total(part.usage?.inputTokens), total(part.usage?.outputTokens)];
      read.usage = both.every((each) => each === null) ? null : both;
    }
  }
  if (errors.length) throw errors[0];
}

const CLIENTS = {
  openaiRaw: raw, openaiHelper: helper, openaiAiSdk: aiSdk, ...(await anthropicClients(load, LIMIT_MS)),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { client, url, body } = JSON.parse(line);
  const read = blank();
  try {
    await CLIENTS[client](url, body, read);
  } catch (error) {
    read.error = `${error?.name ?? error?.constructor?.name ?? "Error"}: ${error?.message ?? JSON.stringify(error)}`;
  }
  process.stdout.write(JSON.stringify(read) + "\n");
}
