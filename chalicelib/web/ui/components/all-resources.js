// Everybody's resources with their events, for administrators: what is alive, or all of one experiment.
import { html, nothing } from "lit";
import { read, readAll } from "../app/api.js";
import { Remote } from "../app/controllers.js";
import { formatNumber, shortId } from "../app/format.js";
import { link } from "../app/router.js";
import { personOf } from "../app/session.js";
import { newestFirst, refreshSeconds } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { historyTable } from "./history.js";
import { Window } from "./more.js";
import { errorView, remoteView, statusPill } from "./views.js";
import "./countdown.js";

const STEP = 50;
const OVER = ["terminated", "failed"];
const words = text.administration;

class AllResources extends PageElement {
  static properties = { experimentId: { state: true }, events: { state: true }, failure: { state: true } };

  #window = new Window(this, STEP);

  constructor() {
    super();
    this.experimentId = "";
    this.events = {};
    this.remote = new Remote(this, () => this.#load(), { seconds: (data) => refreshSeconds(data?.items) });
  }

  async #load() {
    const query = this.experimentId ? { experiment_id: this.experimentId } : { all: true };
    const { items, isCut } = await readAll("/resources", query, { kind: "user" });
    return { items: items.sort(newestFirst), isCut };
  }

  render() {
    return html`<form class="row end after-row" @submit=${this.#choose}><div class="field grow"><label for="experiment-id">${words.experimentId}</label>
        <input id="experiment-id" name="experiment" autocomplete="off" class="mono" aria-describedby="experiment-hint"></div><button type="submit">${words.show}</button>
        <p class="hint full" id="experiment-hint">${words.experimentHint}</p></form>
      ${this.failure ? errorView(this.failure) : nothing}${remoteView(this.remote, (data) => this.#renderList(data))}`;
  }

  #renderList({ items, isCut }) {
    if (items.length === 0) return html`<p class="quiet">${this.experimentId ? words.noResources : words.nothingAlive}</p>`;
    return html`${isCut ? html`<p class="notice" data-kind="warn">${text.overview.cut(formatNumber(items.length))}</p>` : nothing}
      <div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th><th scope="col">${text.resource.experiment}</th>
      <th scope="col">${text.resource.owner}</th><th scope="col">${text.columns.ends}</th><td></td></tr></thead>
      <tbody>${this.#window.of(items).map((resource) => this.#renderRow(resource))}</tbody></table></div>${this.#window.footer(items)}`;
  }

  #renderRow(resource) {
    const events = this.events[resource.id];
    return html`<tr data-resource=${resource.friendly_name}><th scope="row"><a href=${link("resources", resource.id)}>${resource.friendly_name}</a></th>
      <td>${statusPill(resource.status)}</td><td class="small" data-label=${text.resource.experiment} title=${resource.experiment_id}>${shortId(resource.experiment_id)}</td>
      <td class="small" data-label=${text.resource.owner} title=${resource.owner_id ?? ""}>${personOf(resource.owner_id)}</td>
      <td data-label=${text.columns.ends}>${OVER.includes(resource.status) ? text.none : html`<bi-countdown .until=${resource.expires_at}></bi-countdown>`}</td>
      <td class="right"><button type="button" class="small-button" aria-expanded=${events ? "true" : "false"} aria-label=${words.events(resource.friendly_name)} @click=${() => this.#toggleEvents(resource.id)}>${text.resource.history}</button></td></tr>
      ${events ? html`<tr><td colspan="6">${historyTable(events)}</td></tr>` : nothing}`;
  }

  #choose = (event) => {
    event.preventDefault();
    this.experimentId = new FormData(event.target).get("experiment").trim();
    this.#window.reset();
    this.remote.reset();
  };

  async #toggleEvents(id) {
    this.failure = null;
    try {
      const shown = this.events[id] ? null : await read(`/resources/${encodeURIComponent(id)}/events`);
      this.events = { ...this.events, [id]: shown };
    } catch (error) {
      this.failure = error;
    }
  }
}

customElements.define("bi-all-resources", AllResources);
