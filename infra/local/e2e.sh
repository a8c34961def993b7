#!/usr/bin/env bash
# Run the browser tests; install what they need, or say in one line what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf '%s\n' "$*" >&2; }

if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    say "Installing chromium ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
  else
    say "Please run: sudo apt-get install -y chromium (or set CHROMIUM=/path/to/a/chromium)"
    exit 1
  fi
fi
if ! .venv/bin/python -c 'import playwright' 2>/dev/null; then
  say "Playwright is missing in .venv: delete .venv/installed.sha256 and run make setup"
  exit 1
fi
exec .venv/bin/python -m pytest -m e2e tests/e2e "$@"
