// What VS Code makes of a text (standard input) by a grammar: a JSON row [line, start, end, scopes] for each token.
// Arguments: the directory node_modules with vscode-textmate and vscode-oniguruma; the grammar.
const [modules, grammarFile] = process.argv.slice(2);
const { createRequire } = require("module");
const need = createRequire(modules + "/of-ours.js");
const fs = require("fs");
const vsctm = need("vscode-textmate"), oniguruma = need("vscode-oniguruma");
(async () => {
  await oniguruma.loadWASM(fs.readFileSync(need.resolve("vscode-oniguruma/release/onig.wasm")));
  const registry = new vsctm.Registry({
    onigLib: Promise.resolve({ createOnigScanner: (p) => new oniguruma.OnigScanner(p), createOnigString: (s) => new oniguruma.OnigString(s) }),
    loadGrammar: async () => vsctm.parseRawGrammar(fs.readFileSync(grammarFile, "utf8"), grammarFile),
  });
  const grammar = await registry.loadGrammar("source.pyfilter");
  let state = vsctm.INITIAL;
  fs.readFileSync(0, "utf8").split("\n").forEach((line, n) => {
    const r = grammar.tokenizeLine(line, state);
    for (const t of r.tokens) console.log(JSON.stringify([n, t.startIndex, Math.min(t.endIndex, line.length), t.scopes.slice(1)]));
    state = r.ruleStack;
  });
})();
