// What changes seldom: the site, its catalog, and who the user is.
import { call, read, readAll, readPublic } from "./api.js";
import { session } from "./session.js";

let config = null;

/** Return what is public about the site; asked once. */
export async function siteConfig() {
  config ??= await readPublic("/ui/config.json");
  return config;
}

export const siteName = () => config?.site_name ?? "";
export const knownConfig = () => config;

/** Return the first infrastructure: this site. */
export const infrastructure = async () => (await read("/infrastructures"))[0];

/** Return {diskImages, flavors, infrastructure}: images by name, the smallest flavor first. */
export async function catalog({ hidden = false } = {}) {
  const query = { hidden: hidden || null };
  const [diskImages, flavors, site] = await Promise.all([
    readAll("/disk-images", query), readAll("/flavors", query), infrastructure(),
  ]);
  return {
    diskImages: diskImages.items.sort((a, b) => a.friendly_name.localeCompare(b.friendly_name, undefined, { numeric: true })),
    flavors: flavors.items.sort((a, b) => a.vcpus - b.vcpus || a.ram_mib - b.ram_mib || a.disk_mb - b.disk_mb),
    infrastructure: site,
  };
}

/** Return who the user token makes its bearer; null without one. */
export const caller = async () => (session.good("user") ? call("user", "GET", "/ui/caller") : null);

/** Return {resources, isCut}: those that concern the bearer, one's own and those of the experiment at hand. */
export async function myResources() {
  const lists = [];
  if (session.good("user")) lists.push(readAll("/resources", { mine: true }, { kind: "user" }));
  if (session.good("experiment")) lists.push(readAll("/resources", {}, { kind: "experiment" }));
  if (lists.length === 0) lists.push(readAll("/resources", { mine: true }));
  const found = await Promise.all(lists);
  const byId = new Map(found.flatMap(({ items }) => items).map((resource) => [resource.id, resource]));
  const resources = [...byId.values()].sort(newestFirst);
  return { resources, isCut: found.some(({ isCut }) => isCut) };
}

const REFRESH_SECONDS = 5, SLOW_SECONDS = 30, MANY = 500;

/** Return how often to ask again for what concerns so many resources: many take several answers. */
export const refreshSeconds = (resources) => (resources?.length > MANY ? SLOW_SECONDS : REFRESH_SECONDS);

/** VMs of one request were made at the same moment: they stay in the order of their names. */
export const newestFirst = (a, b) => b.created_at.localeCompare(a.created_at) || a.friendly_name.localeCompare(b.friendly_name, undefined, { numeric: true });

const OVER = ["terminated", "failed"];

/** Return the experiments at hand: the token's own, then those of what one has now, then of what one had; the newest first. */
export function experimentsOf(resources) {
  const own = session.get("experiment")?.claims.sub;
  const inOrder = [...resources.filter(({ status }) => !OVER.includes(status)), ...resources];
  return [...new Set([own, ...inOrder.map((resource) => resource.experiment_id)].filter(Boolean))];
}

/** Return the users' QKD links of these experiments, the newest first. */
export async function linksOf(experimentIds) {
  const lists = await Promise.all(experimentIds.map((id) => readAll("/links", { experiment_id: id })));
  return lists.flatMap(({ items }) => items).sort((a, b) => b.created_at.localeCompare(a.created_at));
}
