// The request that is being written: kept in this tab until it is sent, whatever happens to tokens.

const KEY = "bi.draft";
const EMPTY = {
  name: "vm", count: 1, diskImageId: "", flavorId: "", network: "", publicIpv4: false,
  duration: 2, unit: "hours", sshKey: "", userdata: "", links: [], requestId: "",
};
const SECONDS = { hours: 3600, days: 86_400 };

/** Return the draft as it was left. */
export function loadDraft() {
  try {
    return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...EMPTY };
  }
}

/** Change the draft. What is asked for changed, so its request id does too: no replay is meant. */
export function changed(draft, fields) {
  const next = { ...draft, ...fields, requestId: crypto.randomUUID() };
  sessionStorage.setItem(KEY, JSON.stringify(next));
  return next;
}

/** Put a choice into the draft from another page. */
export const choose = (fields) => changed(loadDraft(), fields);

/** Begin a new draft after one was sent; the SSH key and the tastes stay. */
export function sent(draft) {
  return changed(draft, { name: EMPTY.name, count: 1, userdata: "", links: [] });
}

/** Return the names of the VMs that the draft asks for. */
export function namesOf({ name, count }) {
  const wanted = Math.max(1, Math.min(500, Math.trunc(Number(count)) || 1));
  return wanted === 1 ? [name] : Array.from({ length: wanted }, (_, index) => `${name}${index}`);
}

/** Return every pair of names that could share a QKD link. */
export function pairsOf(names) {
  return names.flatMap((a, index) => names.slice(index + 1).map((b) => [a, b]));
}

/** Return the moment at which the VMs would end. */
export function endOf({ duration, unit }) {
  const seconds = Number(duration) * SECONDS[unit];
  return Number.isFinite(seconds) && seconds > 0 ? new Date(Math.min(Date.now() + seconds * 1000, 8.64e15)) : null;
}

/** Return what has to be filled in before the site can be asked, by the names of the fields. */
export function missingOf(draft) {
  const filled = { image: draft.diskImageId, flavor: draft.flavorId, name: draft.name, duration: endOf(draft), sshKey: draft.sshKey.trim() };
  return Object.keys(filled).filter((name) => !filled[name]);
}

/** Say whether enough is filled in to ask the site about it. */
export const isComplete = (draft) => missingOf(draft).length === 0;

/** Return the body of POST /resources; `userToken` proves who asks.
 *
 * A request that is sent again must end when it did at first, or it would be another request.
 */
export function bodyOf(draft, userToken, end = endOf(draft)) {
  const resource = {
    disk_image_id: draft.diskImageId, flavor_id: draft.flavorId, userdata: draft.userdata,
    ...(draft.network ? { network_name: draft.network } : {}),
    public_ipv4: draft.publicIpv4,
  };
  const names = namesOf(draft);
  const links = draft.links.filter(({ source, destination }) => names.includes(source) && names.includes(destination));
  return {
    expires_at: end?.toISOString().replace(/\.\d+/, "") ?? null,
    resources: names.map((name) => ({ friendly_name: name, ...resource })),
    ...(links.length ? { links } : {}),
    ssh_authorized_keys: draft.sshKey.split("\n").map((line) => line.trim()).filter(Boolean),
    ...(userToken ? { tokens: [{ jwt: userToken }] } : {}),
  };
}
