#!/usr/bin/env bash
# Make everything that the other commands need: Python, .venv with the pinned packages, curl and jq.
# Runs again harmlessly. What it cannot install itself it names, with the command that does.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly VENV=.venv LOCK=infra/local/requirements-dev.txt
readonly STAMP=$VENV/installed.sha256

# shellcheck source=infra/local/packages.sh
source infra/local/packages.sh

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  say "Python 3.11, 3.12 or 3.13 is needed; none was found. Set PYTHON=/path/to/python3 if it is elsewhere."
  exit 1
}

install_pinned() { # uv installs the same pinned files several times faster than pip, where it can be had
  local uv_pin
  uv_pin=$(sed -n '/^uv==/,/[^\\]$/p' "$LOCK")
  if printf '%s\n' "$uv_pin" | "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
      --require-hashes -r /dev/stdin; then
    UV_NATIVE_TLS=${UV_NATIVE_TLS:-1} "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" \
      --require-hashes -r "$LOCK"
  else
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$LOCK"
  fi
}

wanted=$(sha256sum <"$LOCK")
is_set_up=no
if [[ -x $VENV/bin/python && $(cat "$STAMP" 2>/dev/null) == "$wanted" ]]; then is_set_up=yes; fi

missing=()
for tool in curl jq; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [[ ${#missing[@]} -gt 0 ]]; then missing+=(ca-certificates); fi
if [[ $is_set_up == no ]]; then
  python=$(find_python)
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    missing+=("$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')-venv")
  fi
fi
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
[[ $is_set_up == no ]] || exit 0

say "Setting up $VENV with $("$python" --version) (about a minute, once) ..."
"$python" -m venv "$VENV"
run_quietly "The packages of $LOCK were not installed: check the network" install_pinned
printf '%s\n' "$wanted" >"$STAMP"
