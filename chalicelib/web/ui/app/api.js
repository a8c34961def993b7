// Calls to the API that serves this page.
import { session } from "./session.js";

const BASE = document.documentElement.dataset.base;
const PAGE_ITEMS = 500; // the most that the service gives at a time
const MOST_ITEMS = 5000;
const NEXT_PAGE = /<([^>]*)>\s*;\s*rel="?next"?/; // RFC 8288
const TIMEOUT_MS = 35_000; // longer than a long poll (20 s) and than the gateway's own limit (29 s)

/** A refusal in the service's own words (RFC 9457). */
export class Problem extends Error {
  constructor(status, document, requestId) {
    super(document.detail ?? document.title ?? String(status));
    this.status = status;
    this.title = document.title ?? "";
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
    this.requestId = requestId;
  }
}

/** No answer came: network, gateway or service are away. */
export class Unreachable extends Error {}

/** No token that could do this is at hand. */
export class NeedsToken extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** Return the JSON document at a path that needs no token. */
export const readPublic = async (path) => (await send("GET", path, {})).document;

/** Read with whichever token sees it: the user's first. */
export const read = async (path, query = {}, options = {}) => (await readAnyhow(path, query, options)).document;

/** Read a page of a list: {items, cursor}; the cursor of the next page is null after the last. */
export async function readPage(path, query = {}, { kind = null } = {}) {
  const { document, cursor } = kind ? await sendAs(kind, "GET", path, { query }) : await readAnyhow(path, query, {});
  return { items: document, cursor };
}

/** Read a page of text, such as CSV: {content, cursor}. */
export async function readTextPage(path, query = {}) {
  const { document, cursor } = await readAnyhow(path, query, {});
  return { content: document, cursor };
}

/** Read a list to its end, page by page: {items, isCut}; cut only where it is longer than anybody can want. */
export async function readAll(path, query = {}, options = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await readPage(path, { ...query, limit: PAGE_ITEMS, cursor }, options);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor && items.length < MOST_ITEMS);
  return { items, isCut: cursor !== null };
}

/** Call with the token of a kind. */
export const call = async (kind, method, path, options = {}) => (await sendAs(kind, method, path, options)).document;

async function readAnyhow(path, query, { signal }) {
  const tokens = session.readers;
  if (tokens.length === 0) throw new NeedsToken("user");
  for (const [index, token] of tokens.entries()) {
    try {
      return await send("GET", path, { query, token, signal });
    } catch (error) {
      const isElsewhere = error instanceof Problem && [403, 404].includes(error.status);
      if (!isElsewhere || index === tokens.length - 1) throw error;
    }
  }
}

async function sendAs(kind, method, path, { query = {}, body, signal } = {}) {
  const token = session.good(kind);
  if (!token) throw new NeedsToken(kind);
  return send(method, path, { query, body, token, signal });
}

async function send(method, path, { query = {}, body, token, signal }) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token.jwt}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetched(url, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) : AbortSignal.timeout(TIMEOUT_MS),
  });
  const document = await documentOf(response);
  if (response.ok) return { document, cursor: cursorOf(response) };
  if (response.status === 401 && token) session.reject(token.jwt);
  throw new Problem(response.status, document, response.headers.get("X-Request-Id"));
}

function cursorOf(response) {
  const target = NEXT_PAGE.exec(response.headers.get("Link") ?? "")?.[1];
  return target ? new URL(target, location.origin).searchParams.get("cursor") : null;
}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable(error.message);
  }
}

async function documentOf(response) {
  if (response.headers.get("Content-Type")?.startsWith("text/csv")) return response.text();
  try {
    return await response.json();
  } catch {
    if (response.ok || response.status >= 502) throw new Unreachable(`HTTP ${response.status}`);
    return { title: `HTTP ${response.status}` };
  }
}
