#!/usr/bin/env bash
# Make everything that the other commands need: Python, .venv with the pinned packages, curl and jq.
# Runs again harmlessly. What it cannot install itself it names, with the command that does.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly VENV=.venv LOCK=infra/local/requirements-dev.txt
readonly STAMP=$VENV/installed.sha256

say() { printf '%s\n' "$*" >&2; }

install_packages() { # Debian packages, as root or through a sudo that asks no password
  local sudo=()
  if ! command -v apt-get >/dev/null; then
    say "Please install: $*"
    exit 1
  fi
  if [[ $EUID -ne 0 ]]; then
    if ! sudo -n true 2>/dev/null; then
      say "Please run: sudo apt-get install -y $*"
      exit 1
    fi
    sudo=(sudo -n)
  fi
  say "Installing $* ..."
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

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

missing=()
for tool in curl jq; do command -v "$tool" >/dev/null || missing+=("$tool"); done
[[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}" ca-certificates

wanted=$(sha256sum <"$LOCK")
if [[ -x $VENV/bin/python && $(cat "$STAMP" 2>/dev/null) == "$wanted" ]]; then exit 0; fi

python=$(find_python)
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  install_packages "$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')-venv"
fi
say "Setting up $VENV with $("$python" --version) (about a minute, once) ..."
"$python" -m venv "$VENV"
# uv installs the same pinned files several times faster; pip does it where uv cannot be had.
uv_pin=$(sed -n '/^uv==/,/[^\\]$/p' "$LOCK")
if printf '%s\n' "$uv_pin" | "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r /dev/stdin 2>/dev/null; then
  UV_NATIVE_TLS=${UV_NATIVE_TLS:-1} "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" \
    --require-hashes -r "$LOCK"
else
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$LOCK"
fi
printf '%s\n' "$wanted" >"$STAMP"
