// Starts `pyfilter language-server` and lets VS Code's own client speak with it.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("pyfilter").get("command", "pyfilter");
  const server = { command, args: ["language-server"] };
  client = new LanguageClient("pyfilter", "pyfilter", server, {
    documentSelector: [{ language: "pyfilter" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{rules,txt}") },
  });
  return client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
