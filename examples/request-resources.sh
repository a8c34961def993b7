#!/usr/bin/env bash
# Ask this infrastructure for VMs, follow the task, and print how to log in. See --help.
# shellcheck disable=SC2016  # dollar signs in single quotes are jq's variables
set -euo pipefail

readonly EXIT_FAILED=1 EXIT_USAGE=2 EXIT_TOKEN=3 EXIT_REFUSED=4 EXIT_UNREACHABLE=5 EXIT_TIMEOUT=6
readonly LOCAL_STACK="${SLICES_STACK_FILE:-$(dirname "${BASH_SOURCE[0]}")/../.state/local/stack.json}"

usage() {
  cat <<'HELP'
Usage: request-resources.sh EXPERIMENT [options]
       request-resources.sh EXPERIMENT --delete [NAME...]

Asks for VMs in an experiment, follows the task and prints how to log in.

Options:
  --image NAME       disk image (default: ubuntu-24.04)
  --flavor NAME      flavor (default: m1.small)
  --name NAME        name of the VM; with --count N, NAME0 ... (default: vm)
  --count N          number of VMs (default: 1)
  --network NAME     network (default: the site's)
  --public-ipv4      ask for a public IPv4 address
  --duration TIME    how long, such as 90m, 2h or 3d (default: 2h)
  --until TIME       until when instead, such as 2027-01-31T18:00:00Z
  --ssh-key FILE     public key to log in with (default: the first of ~/.ssh/id_*.pub)
  --userdata FILE    cloud-init user data
  --request-id UUID  repeat an earlier request safely, with its --until and its other options
                     (default: a new one)
  --dry-run          check everything; create and delete nothing
  --wait             wait until the VMs are up (the default); --no-wait returns at once
  --timeout SECONDS  how long to wait (default: 1800)
  --delete           delete the named resources of the experiment, or all of them
  --json             print the answer as JSON on standard output
  --url URL          the infrastructure (default: $SLICES_BI_URL, else the local stack);
                     https, or http on this machine
  -h, --help         this text

Tokens come from the SLICES CLI (`slices`) when it is installed; for the local stack, from its own issuer.
They are never put on a command line.

Exit codes: 0 done; 1 the task failed; 2 wrong use; 3 no token; 4 the request was refused;
            5 the infrastructure cannot be reached; 6 not done in time (it goes on; ask again).
HELP
}

say() { printf '%s\n' "$*" >&2; }
die() {
  local code=$1
  shift
  say "request-resources.sh: $*"
  exit "$code"
}

# --- arguments -------------------------------------------------------------------------------

experiment='' image=ubuntu-24.04 flavor=m1.small name=vm count=1 network='' public_ipv4=false sent_as=''
duration=2h until='' ssh_key='' userdata='' request_id='' timeout=1800
dry_run=false wait=true json=false delete=false url=${SLICES_BI_URL:-} names=()

need() { [[ $# -ge 2 ]] || die "$EXIT_USAGE" "$1 needs a value (see --help)"; }

while [[ $# -gt 0 ]]; do
  case $1 in
    --image) need "$@"; image=$2; shift ;;
    --flavor) need "$@"; flavor=$2; shift ;;
    --name) need "$@"; name=$2; shift ;;
    --count) need "$@"; count=$2; shift ;;
    --network) need "$@"; network=$2; shift ;;
    --public-ipv4) public_ipv4=true ;;
    --duration) need "$@"; duration=$2; shift ;;
    --until) need "$@"; until=$2; shift ;;
    --ssh-key) need "$@"; ssh_key=$2; shift ;;
    --userdata) need "$@"; userdata=$2; shift ;;
    --request-id) need "$@"; request_id=$2; shift ;;
    --timeout) need "$@"; timeout=$2; shift ;;
    --url) need "$@"; url=$2; shift ;;
    --dry-run) dry_run=true ;;
    --wait) wait=true ;;
    --no-wait) wait=false ;;
    --json) json=true ;;
    --delete) delete=true ;;
    -h | --help) usage; exit 0 ;;
    -*) die "$EXIT_USAGE" "unknown option $1 (see --help)" ;;
    *)
      if [[ -z $experiment ]]; then experiment=$1; else names+=("$1"); fi ;;
  esac
  shift
done

[[ -n $experiment ]] || { usage >&2; exit "$EXIT_USAGE"; }
[[ $delete == true || ${#names[@]} -eq 0 ]] || die "$EXIT_USAGE" "unexpected argument ${names[0]}"
[[ $count =~ ^[1-9][0-9]?$ ]] || die "$EXIT_USAGE" "--count must be 1 to 99"
[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "$EXIT_USAGE" "--timeout must be a number of seconds"
[[ $duration =~ ^([1-9][0-9]*)([mhd])$ ]] || die "$EXIT_USAGE" "--duration must look like 90m, 2h or 3d"
case ${BASH_REMATCH[2]} in
  m) seconds=$((BASH_REMATCH[1] * 60)) ;;
  h) seconds=$((BASH_REMATCH[1] * 3600)) ;;
  d) seconds=$((BASH_REMATCH[1] * 86400)) ;;
esac
[[ -z $until || $until =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]] ||
  die "$EXIT_USAGE" "--until must look like 2027-01-31T18:00:00Z"
[[ -z $request_id || $request_id =~ ^[0-9A-Za-z-]+$ ]] || die "$EXIT_USAGE" "--request-id must be a UUID"
for tool in curl jq; do
  command -v "$tool" >/dev/null || die "$EXIT_USAGE" "$tool is needed: install the package $tool"
done
[[ -z $userdata || (-r $userdata && ! -d $userdata) ]] || die "$EXIT_USAGE" "cannot read $userdata"
if [[ -z $ssh_key ]]; then
  for candidate in ~/.ssh/id_*.pub; do
    [[ -r $candidate ]] && ssh_key=$candidate && break
  done
elif [[ ! -r $ssh_key || -d $ssh_key ]]; then
  die "$EXIT_USAGE" "cannot read $ssh_key"
fi
if [[ -n $ssh_key ]] && grep -q 'PRIVATE KEY' "$ssh_key"; then
  die "$EXIT_USAGE" "$ssh_key is a private key, which nobody should get: give the .pub file"
fi

umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# --- tokens ----------------------------------------------------------------------------------

stack_value() { [[ -r $LOCAL_STACK ]] && jq -r ".$1 // empty" "$LOCAL_STACK"; }

url=${url:-$(stack_value api_url || true)}
[[ -n $url ]] || die "$EXIT_USAGE" "no infrastructure: give --url, set SLICES_BI_URL, or run 'make up'"
url=${url%/}
[[ $url == https://* || $url =~ ^http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/|$) ]] ||
  die "$EXIT_USAGE" "--url must be https, or http on this machine: tokens would travel in the clear"

# The local stack trusts its own issuer only.
has_slices_cli() {
  [[ -z ${SLICES_ISSUER_URL:-} && $url != "$(stack_value api_url || true)" ]] &&
    command -v slices >/dev/null
}

local_token() { # kind
  local issuer=${SLICES_ISSUER_URL:-$(stack_value issuer_url || true)}
  [[ -n $issuer ]] || return 1
  jq -n --arg kind "$1" --arg experiment "$experiment" --arg audience "$url" \
    --arg user "${SLICES_USER:-alice}" --arg project "${SLICES_PROJECT:-demo}" \
    '{kind: $kind, user: $user, project: $project, experiment: $experiment, audience: $audience}' |
    curl --silent --show-error --fail --max-time 20 --header 'Content-Type: application/json' \
      --data @- "$issuer/token" | jq -er .token
}

readonly TOKEN_CHARACTERS='^[A-Za-z0-9._~+/=-]+$'

fetch_tokens() {
  if has_slices_cli; then
    experiment_token=$(slices experiment jwt "$experiment") ||
      die "$EXIT_TOKEN" "no experiment token: does '$experiment' exist? (slices experiment list)"
    user_token=$(slices auth id-token "$url") ||
      die "$EXIT_TOKEN" "no user token: sign in with 'slices auth login'"
  else
    if ! experiment_token=$(local_token experiment) || ! user_token=$(local_token user); then
      die "$EXIT_TOKEN" "no token: install the SLICES CLI, or start the local stack with 'make up'"
    fi
  fi
  [[ $experiment_token =~ $TOKEN_CHARACTERS && $user_token =~ $TOKEN_CHARACTERS ]] ||
    die "$EXIT_TOKEN" "what the SLICES CLI printed is not a token"
}

# --- calling the API -------------------------------------------------------------------------

# send METHOD PATH [BODY_FILE]: the answer goes to $scratch/answer, its status to standard output.
# Tokens reach curl and jq through pipes, so that they show in no process list and in no file.
send() {
  local method=$1 path=$2 body=${3:-} extra=()
  [[ -z $body ]] || extra=(--header 'Content-Type: application/json' --data-binary @-)
  with_proof "$body" |
    curl --silent --show-error --max-time 40 --request "$method" "${extra[@]}" \
      --config <(printf 'header = "Authorization: Bearer %s"\n' "$experiment_token") \
      --output "$scratch/answer" --write-out '%{http_code}' "$url$path" 2>"$scratch/curl-error"
}

with_proof() { # [BODY_FILE]: print the body with the user's token
  [[ -z $1 ]] || printf '%s' "$user_token" | jq -R --slurpfile body "$1" '$body[0] + {tokens: [{jwt: .}]}'
}

# call METHOD PATH [BODY_FILE]: the answer goes to $scratch/answer; a problem ends the script.
# Not for subshells: a renewed token would be lost.
call() {
  local status
  : >"$scratch/answer"
  status=$(send "$@") || unreachable
  if [[ $status == 401 && $(jq -r '.code // empty' "$scratch/answer" 2>/dev/null) == token-expired ]]; then
    fetch_tokens
    status=$(send "$@") || unreachable
  fi
  [[ $status == 2* ]] && return
  say "The infrastructure refused ($status):"
  jq -r '"  \(.title // "error"): \(.detail // "no detail")", (.errors[]? | "  - \(.field): \(.message)")' \
    "$scratch/answer" >&2 2>/dev/null || head -c 500 "$scratch/answer" >&2
  [[ $status != 5* ]] || say_how_to_repeat
  exit "$EXIT_REFUSED"
}

say_how_to_repeat() { [[ -z $sent_as ]] || say "It may have been accepted. To repeat it safely, add: $sent_as"; }

unreachable() {
  say_how_to_repeat
  die "$EXIT_UNREACHABLE" "cannot reach $url: $(head -c 300 "$scratch/curl-error")"
}

answer() { jq -r "$@" "$scratch/answer"; }

# follow TASK_ID: print each step as it changes; 0 finished, 1 failed, 6 not in time.
follow() {
  local task=$1 deadline=$((SECONDS + timeout)) left line
  declare -A shown=()
  while :; do
    left=$((deadline - SECONDS))
    call GET "/tasks/$task?wait=$((left > 10 ? 10 : left < 1 ? 1 : left))"
    while IFS= read -r line; do
      [[ -n ${shown[$line]:-} ]] && continue
      shown[$line]=1
      printf '  %3s %%  %s\n' "$(answer .completed)" "$line" >&2
    done < <(answer '.steps[] | select(.status != "pending" or .detail != null)
                     | .name + " " + .status + (if .detail then " (" + .detail + ")" else "" end)')
    case $(answer .status) in
      finished) return 0 ;;
      failed)
        say "Failed: $(answer .failure_reason)"
        return "$EXIT_FAILED" ;;
    esac
    ((SECONDS < deadline)) || return "$EXIT_TIMEOUT"
  done
}

# --- deleting --------------------------------------------------------------------------------

delete_resources() {
  local id ids tasks=() wanted missing result=0
  call GET "/resources?limit=500"
  wanted=$(printf '%s\n' "${names[@]}" | jq -Rsc 'split("\n") | map(select(. != ""))')
  missing=$(answer --argjson wanted "$wanted" '$wanted - (map(.friendly_name, .id)) | join(" ")')
  [[ -z $missing ]] || die "$EXIT_REFUSED" "no such resource: $missing; nothing was deleted"
  mapfile -t ids < <(answer --argjson wanted "$wanted" \
    '.[] | select($wanted == [] or ([.friendly_name, .id] | any(IN($wanted[])))) | .id')
  if [[ ${#ids[@]} -eq 0 ]]; then say "Nothing to delete in $experiment."; fi
  if [[ $dry_run == true ]]; then
    for id in "${ids[@]}"; do say "Would delete $id"; done
    ids=()
  fi
  for id in "${ids[@]}"; do
    call DELETE "/resources/$id"
    tasks+=("$(answer .task.id)")
  done
  if [[ $wait == true ]]; then
    for id in "${tasks[@]}"; do follow "$id" || result=$?; done
  fi
  [[ $json == false ]] || printf '%s\n' "${tasks[@]}" | jq -Rsc '{tasks: (split("\n") | map(select(. != "")))}'
  return "$result"
}

# --- asking ----------------------------------------------------------------------------------

id_of() { # path, noun, name: the id goes to $found
  call GET "/$1?limit=500"
  found=$(answer -e --arg name "$3" 'map(select(.friendly_name == $name or .id == $name)) | .[0].id // empty') ||
    die "$EXIT_REFUSED" "no $2 '$3'; there are: $(answer 'map(.friendly_name) | join(", ")')"
}

write_body() { # image_id flavor_id
  jq -n --arg image "$1" --arg flavor "$2" --arg name "$name" \
    --argjson count "$count" --arg network "$network" --argjson public "$public_ipv4" \
    --arg expires_at "$until" --rawfile userdata "${userdata:-/dev/null}" \
    --rawfile key "${ssh_key:-/dev/null}" '
    {expires_at: $expires_at,
     resources: [range($count) as $i | {
       friendly_name: (if $count == 1 then $name else "\($name)\($i)" end),
       disk_image_id: $image, flavor_id: $flavor, userdata: $userdata, public_ipv4: $public}
       + (if $network == "" then {} else {network_name: $network} end)],
     ssh_authorized_keys: ($key | split("\n") | map(select(. != "")))}' >"$scratch/body"
}

print_logins() {
  jq -r '.[] | "\(.friendly_name): \(.status), until \(.expires_at)",
    (.ssh_logins[]? | "  ssh" + (if .jump_proxy then " -J \(.jump_proxy.username)@\(.jump_proxy.host):\(.jump_proxy.port)" else "" end)
      + " -p \(.port) \(.username)@\(.host)"),
    (.ssh_host_key_fingerprints[]? | "  host key \(.)"),
    (if .failure_reason then "  failed: \(.failure_reason)" else empty end)'
}

request() {
  local query image_id flavor_id task result=0 id
  id_of disk-images 'disk image' "$image"
  image_id=$found
  id_of flavors flavor "$flavor"
  flavor_id=$found
  until=${until:-$(jq -rn --argjson seconds "$seconds" 'now + $seconds | floor | todate')}
  write_body "$image_id" "$flavor_id"
  request_id=${request_id:-$(</proc/sys/kernel/random/uuid)}
  query="request_id=$request_id"
  if [[ $dry_run == true ]]; then
    call POST "/resources?$query&dry_run=true" "$scratch/body"
    say "This request would be accepted; nothing was created."
    [[ $json == false ]] || answer .
    return 0
  fi
  sent_as="--request-id $request_id --until $until"
  call POST "/resources?$query" "$scratch/body"
  sent_as=''
  cp "$scratch/answer" "$scratch/accepted"
  answer '.warnings[]? | "Warning: " + .' >&2
  task=$(answer .task.id)
  say "Accepted: task $task (to repeat it safely: --request-id $request_id --until $until)"
  if [[ $wait == true ]]; then follow "$task" || result=$?; fi
  for id in $(jq -r '.resources[].id' "$scratch/accepted"); do
    call GET "/resources/$id"
    cat "$scratch/answer" >>"$scratch/each"
  done
  jq -s . "$scratch/each" >"$scratch/resources"
  if [[ $json == true ]]; then
    jq --slurpfile accepted "$scratch/accepted" '{task_id: $accepted[0].task.id, resources: .}' "$scratch/resources"
  else
    print_logins <"$scratch/resources"
  fi
  if [[ $result -eq $EXIT_TIMEOUT ]]; then
    say "Not done within $timeout s; it goes on. Look again with: GET $url/tasks/$task"
  fi
  return "$result"
}

fetch_tokens
if [[ $delete == true ]]; then delete_resources; else request; fi
