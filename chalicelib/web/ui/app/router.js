// Routes live in the fragment (#/resources/ID): every state has a link, the back button works, and
// a static host needs to know one file only.

const PAGES = [
  { pattern: /^\/$/, name: "overview" },
  { pattern: /^\/request$/, name: "request" },
  { pattern: /^\/resources\/([^/]+)$/, name: "resource" },
  { pattern: /^\/catalog$/, name: "catalog" },
  { pattern: /^\/qkd-links$/, name: "qkd-links" },
  { pattern: /^\/qkd-links\/([^/]+)(?:\/(hour|day|week))?$/, name: "qkd-links" },
  { pattern: /^\/tasks$/, name: "tasks" },
  { pattern: /^\/tasks\/([^/]+)$/, name: "task" },
  { pattern: /^\/administration$/, name: "administration" },
  { pattern: /^\/sign-in$/, name: "sign-in" },
];

/** Return the page and the id that a fragment names. */
export function parse(fragment) {
  const path = fragment.replace(/^#/, "").split("?")[0] || "/";
  for (const { pattern, name } of PAGES) {
    const match = pattern.exec(path);
    if (match) return { name, id: match[1] ? decodeURIComponent(match[1]) : null, period: match[2] ?? null };
  }
  return { name: "not-found", id: null, period: null };
}

/** Return the link to a page, such as link("resources", id). */
export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Go to a page. */
export function go(fragment) {
  location.hash = fragment;
}
