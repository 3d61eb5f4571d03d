"use strict";

const ENDPOINT = "/api/stream-chat";

/** Reads an event stream as WHATWG HTML, "Server-sent events", says; bytes may be cut anywhere. */
class EventStreamParser {
  // TextDecoder drops one byte order mark at the start, and keeps characters that are cut in two.
  #decoder = new TextDecoder("utf-8");
  #rest = "";
  #afterCarriageReturn = false;
  #type = "";
  #data = "";

  /** Takes bytes, gives the events that they complete. */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (this.#afterCarriageReturn && text !== "") {
      this.#afterCarriageReturn = false;
      if (text[0] === "\n") text = text.slice(1);
    }
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    // A carriage return ends its line at once; a line feed that follows later belongs to it.
    if (text.endsWith("\r")) this.#afterCarriageReturn = true;
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) this.#take(line, events);
    return events;
  }

  #take(line, events) {
    if (line === "") {
      if (this.#data !== "") events.push({ type: this.#type || "message", data: this.#data.slice(0, -1) });
      this.#type = this.#data = "";
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data += value + "\n";
    if (name === "event") this.#type = value;
  }
}

/** A message for the user, in words. */
class Problem extends Error {}

/** Asks, and gives the answer piece by piece. */
async function* answer(prompt, history, signal) {
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ prompt, history }),
    signal,
  });
  if (!response.ok) throw new Problem(await refusal(response));
  const parser = new EventStreamParser();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const event of parser.push(value)) {
        const content = JSON.parse(event.data);
        if (event.type === "error") throw new Problem(`The answer broke off: ${content.error}.`);
        if (event.type === "message") yield content.response;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function refusal(response) {
  const text = await response.json().then((body) => body.error, () => "");
  const again = response.headers.get("Retry-After");
  return `Refused with status ${response.status}: ${text || "no reason given"}.`
    + (again ? ` Try again in ${again} s.` : "");
}

const find = (id) => document.getElementById(id);
const [talk, view, form, field, send, stop, restart, status] =
  ["talk", "view", "ask", "prompt", "send", "stop", "restart", "status"].map(find);

let history = [];
let current = null;

function add(kind, text) {
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = text;
  talk.append(item);
  view.scrollTop = view.scrollHeight;
  return item;
}

function type(item, text) {
  const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 60;
  item.append(text);
  if (atEnd) view.scrollTop = view.scrollHeight;
}

function busy(controller) {
  current = controller;
  send.hidden = controller !== null;
  stop.hidden = controller === null;
  restart.disabled = controller !== null || talk.childElementCount === 0;
}

async function ask(prompt) {
  const controller = new AbortController();
  busy(controller);
  const asked = add("message user", prompt);
  const answered = add("message assistant", "");
  answered.setAttribute("aria-busy", "true");
  status.textContent = "The answer is being made.";
  let problem = null;
  try {
    for await (const piece of answer(prompt, history, controller.signal)) type(answered, piece);
    status.textContent = "The answer is complete.";
  } catch (error) {
    if (controller.signal.aborted) status.textContent = "Stopped.";
    else problem = error instanceof Problem ? error.message : "The connection to the server was lost.";
  }
  answered.removeAttribute("aria-busy");
  const text = answered.textContent;
  if (text === "") answered.remove();
  else history.push({ role: "user", content: prompt }, { role: "assistant", content: text });
  if (controller.signal.aborted) add("note", "Stopped");
  if (problem !== null) {
    add("problem", problem).setAttribute("role", "alert");
    status.textContent = "";
    if (text === "") {
      asked.remove();
      field.value ||= prompt;
    }
  }
  busy(null);
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const prompt = field.value;
  if (current !== null || prompt.trim() === "") return;
  field.value = "";
  ask(prompt);
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
stop.addEventListener("click", () => current?.abort());
restart.addEventListener("click", () => {
  history = [];
  talk.replaceChildren();
  busy(null);
  field.focus();
});
field.focus();
