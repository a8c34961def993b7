#!/usr/bin/env bash
# Run the browser tests; install what they need, or say in one line what is missing.
# CHROMIUM=/path/to/a/chromium uses that one. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SCREENSHOTS=build/screenshots

# shellcheck source=infra/local/packages.sh
source infra/local/packages.sh

if [[ -n ${CHROMIUM:-} ]] && ! command -v "$CHROMIUM" >/dev/null; then
  say "There is no browser at CHROMIUM=$CHROMIUM"
  exit 1
fi
command -v "${CHROMIUM:-chromium}" >/dev/null || install_packages chromium
if ! .venv/bin/python -c 'import playwright' 2>/dev/null; then
  say "Playwright is missing in .venv: delete .venv/installed.sha256 and run make setup"
  exit 1
fi
[[ $# -gt 0 ]] || rm -rf "$SCREENSHOTS"
status=0
.venv/bin/python -m pytest -m e2e tests/e2e "$@" || status=$?
if [[ -d $SCREENSHOTS ]]; then say "Pictures of each page: $SCREENSHOTS"; fi
exit "$status"
