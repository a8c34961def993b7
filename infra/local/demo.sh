#!/usr/bin/env bash
# The main job, as a user does it: started by `make demo` inside a local stack.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly EXPERIMENT=demo-experiment
readonly ASK=examples/request-resources.sh
image=ubuntu-24.04 flavor=m1.small
cloud=$(curl -sSf "$SLICES_ADMIN_URL/" | jq -r .cloud)
[[ $cloud == simulator ]] || flavor=m1.tiny

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  "$@"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '#cloud-config\nruncmd:\n  - [echo, hello from SLICES]\n' >"$scratch/user-data.yaml"
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG5vdGhpbmctdXAtbXktc2xlZXZlLXB1YmxpYy1rZXkh demo\n' >"$scratch/demo.pub"

qkd=()
has_qkd() { curl -sSf -H @"$token_header" "$SLICES_BI_URL/infrastructures" | jq -e '.[0].supports_qkd' >/dev/null; }

# The emulated devices measure in blocks, and a schedule reads them: just after the start both are still to come.
qkd_links() {
  local links
  for _ in {1..60}; do
    links=$(curl -sSf -H @"$token_header" "$SLICES_BI_URL/qkd-links")
    if jq -e 'all(.[]; .qber != null and .skr_bit_per_s != null)' <<<"$links" >/dev/null; then
      printf '%s\n' "$links"
      return
    fi
    sleep 1
  done
  printf 'no measurement of the QKD links after a minute: see the logs of the agents\n' >&2
  return 1
}

# The same calls with curl: a token from the issuer, held in a file, never on a command line.
token_header=$scratch/header
jq -n --arg experiment "$EXPERIMENT" '{kind: "experiment", experiment: $experiment, project: "demo"}' |
  curl -sSf -H 'Content-Type: application/json' --data @- "$SLICES_ISSUER_URL/token" |
  jq -r '"Authorization: Bearer " + .token' >"$token_header"
! has_qkd || qkd=(--qkd-link)

title "1. Would two VMs be accepted? (dry run: nothing is created)"
run "$ASK" "$EXPERIMENT" --image "$image" --flavor "$flavor" --count 2 "${qkd[@]}" --dry-run

title "2. Ask for two VMs${qkd:+ and a QKD link between them}, with user data and an SSH key, and follow the task"
run "$ASK" "$EXPERIMENT" --image "$image" --flavor "$flavor" --name node --count 2 "${qkd[@]}" --duration 2h \
  --userdata "$scratch/user-data.yaml" --ssh-key "$scratch/demo.pub"

title "3. Give node0 three more hours"
node0=$(curl -sSf -H @"$token_header" "$SLICES_BI_URL/resources" | jq -r '.[] | select(.friendly_name == "node0") | .id')
later=$(jq -rn 'now + 5 * 3600 | floor | todate')
printf '$ curl -X POST %s/resources/%s/extend -d %s\n' "$SLICES_BI_URL" "$node0" "'{\"expires_at\": \"$later\"}'"
curl -sSf -H @"$token_header" -H 'Content-Type: application/json' --data "{\"expires_at\": \"$later\"}" \
  "$SLICES_BI_URL/resources/$node0/extend" | jq -c .

credentials=${SLICES_GUESTS_DIRECTORY:-/nonexistent}
if [[ -d $credentials/node0/slices-qkd ]]; then
  title "4. In the VMs: fetch a QKD key at both ends (its digest is shown, never the key)"
  alice=$credentials/node0/slices-qkd/node-link bob=$credentials/node1/slices-qkd/node-link
  printf 'node0$ fetch-key.py /etc/slices-qkd/node-link\n'
  python3 examples/fetch-key.py "$alice" | tee "$scratch/alice"
  key_id=$(jq -r .key_ID "$scratch/alice")
  printf 'node1$ fetch-key.py /etc/slices-qkd/node-link --key-id %s\n' "$key_id"
  python3 examples/fetch-key.py "$bob" --key-id "$key_id" | tee "$scratch/bob"
  cmp -s "$scratch/alice" "$scratch/bob" || { printf 'The two keys differ.\n'; exit 1; }
  printf 'The same key at both ends. The link as the site sees it:\n'
  qkd_links | jq -r '.[] | "  \(.ends | join(" - ")), \(.length_km) km, \(.provenance): QBER \(.qber * 10000 | round / 100) %, \(.skr_bit_per_s | round) bit/s of secret key, \(.stored_key_count) keys in stock, \(.alarms | length) alarms"'
fi

title "5. Delete both, and see that nothing is left"
run "$ASK" "$EXPERIMENT" --delete
resources=$(curl -sSf -H @"$token_header" "$SLICES_BI_URL/resources" | jq length)
printf 'Resources of the experiment: %s\n' "$resources"
left=$(curl -sSf "$SLICES_ADMIN_URL/cloud" | jq -c 'map_values(length)')
printf 'Left in the cloud: %s\n' "$left"

title "Done. What to try next"
cat <<'NEXT'
  make up                                       keep the stack running; it prints its URLs
  examples/request-resources.sh my-experiment   in a second terminal
  make up CLOUD=openstack                       the same on real Keystone, Nova, Neutron and Glance
NEXT
