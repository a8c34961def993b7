#!/usr/bin/env bash
# Run the browser tests; install what they need, or say in one line what is missing.
# CHROMIUM=/path/to/a/chromium uses that one. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SCREENSHOTS=build/screenshots

say() { printf '%s\n' "$*" >&2; }

install_chromium() { # as root, or through a sudo that asks no password
  local sudo=() log
  if ! command -v apt-get >/dev/null; then
    say "Chromium is missing: install one and set CHROMIUM=/path/to/it"
    exit 1
  fi
  if [[ $EUID -ne 0 ]]; then
    if ! sudo -n true 2>/dev/null; then
      say "Chromium is missing: run sudo apt-get install -y chromium (or set CHROMIUM=/path/to/one)"
      exit 1
    fi
    sudo=(sudo -n)
  fi
  say "Installing chromium (once) ..."
  log=$(mktemp)
  if ! { "${sudo[@]}" apt-get update -qq &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >"$log" 2>&1; then
    say "Chromium could not be installed (see $log): install one and set CHROMIUM=/path/to/it"
    exit 1
  fi
  rm "$log"
}

command -v "${CHROMIUM:-chromium}" >/dev/null || install_chromium
if ! .venv/bin/python -c 'import playwright' 2>/dev/null; then
  say "Playwright is missing in .venv: delete .venv/installed.sha256 and run make setup"
  exit 1
fi
[[ $# -gt 0 ]] || rm -rf "$SCREENSHOTS"
status=0
.venv/bin/python -m pytest -m e2e tests/e2e "$@" || status=$?
if [[ -d $SCREENSHOTS ]]; then say "Pictures of each page: $SCREENSHOTS"; fi
exit "$status"
