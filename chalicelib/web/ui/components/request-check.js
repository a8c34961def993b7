// What the site would say to a request, asked (dry run) a moment after each change.
import { html, nothing } from "lit";
import { call, Problem } from "../app/api.js";
import { TokenWatch } from "../app/controllers.js";
import { bodyOf, isComplete, missingOf } from "../app/draft.js";
import { formatRate } from "../app/format.js";
import { session } from "../app/session.js";
import { knownConfig } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { tokenDialog } from "./dialogs.js";
import { quotaMeters } from "./quota.js";
import "./copy-text.js";

const DEBOUNCE_MS = 500;
const words = text.request;

class RequestCheck extends PageElement {
  static properties = { draft: { attribute: false }, forecast: { state: true }, problem: { state: true }, isLost: { state: true }, isChecking: { state: true } };

  #timer = 0;
  #abort = null;
  #checked = "";

  constructor() {
    super();
    new TokenWatch(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  willUpdate() {
    const { requestId: _, ...wanted } = this.draft;
    const state = JSON.stringify([wanted, session.good("experiment")?.jwt, session.good("user")?.jwt]);
    if (state === this.#checked) return;
    this.#checked = state;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (!session.good("experiment") || !isComplete(this.draft)) {
      this.forecast = this.problem = null;
      this.isChecking = false;
      return;
    }
    this.isChecking = true;
    this.#timer = setTimeout(() => this.#check(), DEBOUNCE_MS);
  }

  async #check() {
    const abort = new AbortController();
    this.#abort = abort;
    this.isLost = false;
    try {
      const body = bodyOf(this.draft, session.good("user")?.jwt);
      this.forecast = await call("experiment", "POST", "/resources", { query: { dry_run: true, request_id: this.draft.requestId }, body, signal: abort.signal });
      this.problem = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.forecast = null;
      this.problem = error instanceof Problem ? error : null;
      this.isLost = !this.problem;
    }
    this.isChecking = false;
    this.dispatchEvent(new CustomEvent("checked", { detail: this.problem?.errors ?? [] }));
  }

  render() {
    return html`<aside class="card stack sticky" aria-labelledby="check"><h2 id="check">${words.check}</h2>
      <div role="status" data-check=${this.#state()}>${this.#renderVerdict()}</div>
      ${this.forecast ? html`<h3>${words.quotaAfter}</h3>${quotaMeters(this.forecast.quota)}` : nothing}
      ${this.forecast?.links.length ? html`<ul class="plain small">${this.forecast.links.map((entry) => html`<li>${words.linkForecast(entry.friendly_name, formatRate(entry.free_bit_per_s))}</li>`)}</ul>` : nothing}
      ${this.forecast?.warnings.length ? html`<ul class="plain small">${this.forecast.warnings.map((line) => html`<li>${line}</li>`)}</ul>` : nothing}
      <details><summary>${words.asJson}</summary><bi-copy-text block .value=${this.#json()} label=${words.asJson}></bi-copy-text></details>
      <details><summary>${words.asCurl}</summary><bi-copy-text block .value=${this.#curl()} label=${words.asCurl}></bi-copy-text><p class="hint">${words.curlHint}</p></details>
    </aside>`;
  }

  #state() {
    if (this.isChecking) return "checking";
    if (this.forecast) return "fits";
    return this.problem ? "refused" : "unknown";
  }

  #renderVerdict() {
    if (!session.good("experiment")) {
      return html`<p>${words.checkNeeds}</p><p><button type="button" @click=${tokenDialog}>${text.tokens.paste}</button></p>`;
    }
    if (this.isChecking) return html`<p class="quiet"><span class="spinner" aria-hidden="true"></span>${words.checking}</p>`;
    if (this.isLost) return html`<p class="notice" data-kind="warn">${words.checkLost}</p>`;
    if (this.forecast) return html`<p class="notice" data-kind="good">${words.fits}</p>`;
    if (this.problem) return html`<div class="notice" data-kind="bad"><p class="notice-title">${words.refused}</p><p>${this.problem.message}</p></div>`;
    return html`<p class="quiet">${words.checkIncomplete(missingOf(this.draft).map((name) => words[name]).join(", "))}</p>`;
  }

  #json() {
    return JSON.stringify(bodyOf(this.draft, "USER_TOKEN"), null, 2);
  }

  #curl() {
    const url = `${knownConfig()?.public_url}/resources?request_id=${this.draft.requestId}`;
    return `curl --fail-with-body "${url}" \\\n  -H @auth.header -H "Content-Type: application/json" --data @request.json`;
  }
}

customElements.define("bi-request-check", RequestCheck);
