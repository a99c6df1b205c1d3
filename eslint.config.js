// Rules that find mistakes; layout is left to taste.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["node_modules/", "app/web/static/", ".venv/", ".run/", ".test-run/"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-eval": "error", "no-implied-eval": "error", "no-new-func": "error", "no-var": "error", "prefer-const": "error",
      eqeqeq: "error", curly: ["error", "multi-line"], "no-shadow": "error", "no-console": "error", "max-lines": ["error", 400],
      complexity: ["error", 12], "max-params": ["error", 4], "no-else-return": "off", "no-unused-vars": ["error", { caughtErrors: "none" }],
    },
  },
  { files: ["tests/**"], languageOptions: { globals: globals.node }, rules: { "max-lines": ["error", 600] } },
];
