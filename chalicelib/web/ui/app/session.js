// The tokens of this tab. They live in sessionStorage: a reload or the way through the identity
// provider keeps them, closing the tab ends them, and other tabs and later visitors never see them.
// The content policy lets no foreign script run that could read them.

import { shortId } from "./format.js";
import { text } from "./strings.js";

const KEY = "bi.tokens";
const KINDS = [["user_", "user"], ["exp_", "experiment"], ["proj_", "project"]];

export class NotAToken extends Error {}

class Session extends EventTarget {
  #tokens = {};
  #rejected = new Set();

  constructor() {
    super();
    try {
      for (const jwt of Object.values(JSON.parse(sessionStorage.getItem(KEY) ?? "{}"))) this.#put(jwt);
    } catch {
      sessionStorage.removeItem(KEY); // unreadable, so of no use: begin anew
    }
  }

  /** Keep a token, replacing the one of its kind; return the kind. Throws NotAToken. */
  add(text) {
    const kind = this.#put(text.trim());
    this.#changed();
    return kind;
  }

  /** Forget one token, or all. */
  forget(kind) {
    if (kind) delete this.#tokens[kind];
    else this.#tokens = {};
    this.#changed();
  }

  /** Note that the service no longer takes a token, whatever our clock says. */
  reject(jwt) {
    if (this.#rejected.has(jwt)) return;
    this.#rejected.add(jwt);
    this.dispatchEvent(new Event("change"));
  }

  get(kind) {
    return this.#tokens[kind] ?? null;
  }

  get isEmpty() {
    return Object.keys(this.#tokens).length === 0;
  }

  /** Return the token of a kind if it is still good. */
  good(kind) {
    const token = this.get(kind);
    return token && this.secondsLeft(kind) > 0 ? token : null;
  }

  /** Return the seconds for which a token is still good; 0 if it is not, null if there is none. */
  secondsLeft(kind) {
    const token = this.get(kind);
    if (!token) return null;
    if (this.#rejected.has(token.jwt)) return 0;
    return Math.max(0, token.claims.exp - Date.now() / 1000);
  }

  /** Return the good tokens that can read, the most telling first. */
  get readers() {
    return ["user", "experiment", "project"].map((kind) => this.good(kind)).filter(Boolean);
  }

  #put(jwt) {
    const claims = claimsOf(jwt);
    const kind = KINDS.find(([prefix]) => String(claims.sub).startsWith(prefix))?.[1];
    if (!kind || typeof claims.exp !== "number") throw new NotAToken();
    this.#tokens[kind] = { jwt, claims, kind };
    return kind;
  }

  #changed() {
    const kept = Object.entries(this.#tokens).map(([kind, token]) => [kind, token.jwt]);
    sessionStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept)));
    this.dispatchEvent(new Event("change"));
  }
}

/** Return what a token says, unverified: for display and clocks only. Throws NotAToken. */
export function claimsOf(jwt) {
  try {
    const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
  } catch {
    throw new NotAToken();
  }
}

export const session = new Session();

/** Return who an actor or owner is: "you" where it is the user; else the telling end of the id. */
export function personOf(id) {
  const own = session.get("user")?.claims.sub;
  return id && id === own ? text.you : shortId(id);
}
