// A sound server whose process ends at a request with a number for its prompt, as that of any
// Node server does whose handler throws where nobody catches: `node THIS PORT SERVER`.
const parse = JSON.parse;
JSON.parse = (text) => {
  const value = parse(text);
  if (typeof value?.prompt === "number") {
    console.error(new TypeError("prompt.trim is not a function"));
    process.exit(1);
  }
  return value;
};
await import(process.argv[3]);
