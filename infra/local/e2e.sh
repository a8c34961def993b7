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
if ! driver=$(.venv/bin/python -c 'import playwright; print(playwright.__path__[0])' 2>/dev/null)/driver/node; then
  say "Playwright is missing in .venv: delete .venv/installed.sha256 and run make setup"
  exit 1
fi
missing=()
command -v "${CHROMIUM:-chromium}" >/dev/null || missing+=(chromium)
# The driver comes with the Python package, but not the one library that a small Debian lacks.
"$driver" --version >/dev/null 2>&1 || missing+=(libatomic1)
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
if ! problem=$("$driver" --version 2>&1); then
  say "Playwright's driver does not start: ${problem%%$'\n'*}"
  exit 1
fi
[[ $# -gt 0 ]] || rm -rf "$SCREENSHOTS"
status=0
.venv/bin/python -m pytest -m e2e tests/e2e "$@" || status=$?
if [[ -d $SCREENSHOTS ]]; then say "Pictures of each page: $SCREENSHOTS"; fi
exit "$status"
