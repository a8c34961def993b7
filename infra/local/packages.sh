# shellcheck shell=bash
# For scripts to source: say things, and install Debian packages or name in one line what is missing.

say() { printf '%s\n' "$*" >&2; }

# run_quietly WHAT COMMAND...: show nothing of it, unless it fails: then WHAT, and where the rest is.
run_quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    say "$what (see $log)"
    exit 1
  fi
  rm "$log"
}

# install_packages PACKAGE...: as root, or through a sudo that asks no password.
install_packages() {
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
  say "Installing $* (once) ..."
  run_quietly "Not installed: check the network, or install yourself: $*" refresh_and_install "$@"
}

# A list that cannot be refreshed, of whatever repository, matters only if the packages are not found.
refresh_and_install() {
  "${sudo[@]}" apt-get update -qq || true
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
}
