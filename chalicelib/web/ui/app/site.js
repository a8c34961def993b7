// What changes seldom: the site, its catalog, and who the user is.
import { read, readPublic, call } from "./api.js";
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

/** Return {diskImages, flavors, infrastructure}. */
export async function catalog({ hidden = false } = {}) {
  const query = { limit: 500, hidden: hidden || null };
  const [diskImages, flavors, site] = await Promise.all([
    read("/disk-images", query), read("/flavors", query), infrastructure(),
  ]);
  return { diskImages, flavors, infrastructure: site };
}

/** Return who the user token makes its bearer; null without one. */
export const caller = async () => (session.good("user") ? call("user", "GET", "/ui/caller") : null);

/** Return the resources that concern the bearer: one's own, and those of the experiment at hand. */
export async function myResources() {
  const lists = [];
  if (session.good("user")) lists.push(call("user", "GET", "/resources", { query: { mine: true, limit: 500 } }));
  if (session.good("experiment")) lists.push(call("experiment", "GET", "/resources", { query: { limit: 500 } }));
  if (lists.length === 0) lists.push(read("/resources", { mine: true }));
  const byId = new Map((await Promise.all(lists)).flat().map((resource) => [resource.id, resource]));
  return [...byId.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** Return the experiments at hand: the token's own first, then those of one's resources. */
export function experimentsOf(resources) {
  const own = session.get("experiment")?.claims.sub;
  return [...new Set([own, ...resources.map((resource) => resource.experiment_id)].filter(Boolean))];
}

const MOST_EXPERIMENTS = 8;

/** Return the newest tasks of these experiments. */
export async function tasksOf(experimentIds) {
  const lists = await Promise.all(
    experimentIds.slice(0, MOST_EXPERIMENTS).map((id) => read("/tasks", { experiment_id: id, limit: 50 })),
  );
  return lists.flat().sort((a, b) => b.created_at.localeCompare(a.created_at));
}
