// Evaluates JSONata: a line of JSON in, a line of JSON out.
"use strict";

const versions = { newest: require("jsonata"), "step-functions": require("jsonata-of-step-functions") };
const ENTRY = Symbol.for("jsonata.__evaluate_entry");
const EXIT = Symbol.for("jsonata.__evaluate_exit");

async function evaluated({ version, source, values }) {
  let depth = 0;
  let deepest = 0;
  try {
    const expression = versions[version](source);
    // items of an array are evaluated side by side: only the first of them is counted, as JSONata's own time box does
    expression.assign(ENTRY, (_, __, frame) => { if (!frame.isParallelCall) deepest = Math.max(deepest, ++depth); });
    expression.assign(EXIT, (_, __, frame) => { if (!frame.isParallelCall) depth--; });
    expression.registerFunction("parse", (text) => JSON.parse(text), "<s:x>");
    const value = await expression.evaluate(null, values);
    return value === undefined ? { missing: true, deepest } : { value, deepest };
  } catch (error) {
    return { error: `${error.code || ""} ${error.message || error}`.trim(), deepest };
  }
}

(async () => {
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await evaluated(JSON.parse(line))) + "\n");
  }
})();
