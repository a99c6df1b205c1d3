// Lint of our scripts: eslint's recommended rules, and those that keep modules small and errors heard.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["node_modules/", ".venv/", ".run/", "app/web/static/dist/", "docs/"] },
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals.browser } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "complexity": ["error", 20],
      "max-lines": ["error", { max: 400, skipComments: true }],
      "max-lines-per-function": ["error", { max: 100, skipComments: true, skipBlankLines: true }],
      "eqeqeq": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
      "no-restricted-globals": ["error", "alert", "prompt"],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Build nodes, or let the server render: text from people must not become markup." },
        { property: "outerHTML", message: "Build nodes, or let the server render." },
        { object: "document", property: "write", message: "Build nodes." },
      ],
    },
  },
  {
    files: ["app/web/js/sw.js", "app/web/js/**/worker.js"],
    languageOptions: { globals: { ...globals.serviceworker } },
  },
  {
    files: ["tests/web/js/**/*.js", "eslint.config.js"],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: { "max-lines-per-function": "off" },
  },
];
