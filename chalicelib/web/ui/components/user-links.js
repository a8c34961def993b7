// Users' QKD links: which VMs share keys, how much they have used, until when; extending and releasing.
import { html, nothing } from "lit";
import { call, NeedsToken } from "../app/api.js";
import { formatBits, formatDate, formatKeys, formatRate, shortId } from "../app/format.js";
import { go, link } from "../app/router.js";
import { session } from "../app/session.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { confirm, tokenDialog } from "./dialogs.js";
import { Window } from "./more.js";
import { errorView, statusPill } from "./views.js";
import "./countdown.js";
import "./extend-menu.js";

const OVER = ["releasing", "released", "failed"];
const STEP = 25;
const words = text.qkd;

/** A table of `links`; `resources` are the VMs that are known, by id; sends `changed`. */
class UserLinks extends PageElement {
  static properties = { links: { attribute: false }, resources: { attribute: false }, failure: { state: true } };

  #window = new Window(this, STEP);

  render() {
    return html`${this.failure ? errorView(this.failure) : nothing}
      <div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th><th scope="col">${words.between}</th>
      <th scope="col">${words.used}</th><th scope="col">${text.columns.ends}</th><td></td></tr></thead>
      <tbody>${this.#window.of(this.links).map((entry) => this.#renderRow(entry))}</tbody></table></div>
      ${this.#window.footer(this.links)}`;
  }

  #renderRow(entry) {
    const isOver = OVER.includes(entry.status);
    return html`<tr data-link=${entry.friendly_name}><th scope="row">${entry.friendly_name}
        ${entry.min_bandwidth_bit_per_s ? html`<span class="sub quiet">${words.promised(formatRate(entry.min_bandwidth_bit_per_s))}</span>` : nothing}
        ${entry.failure_reason ? html`<span class="sub bad-text">${entry.failure_reason}</span>` : nothing}
        ${entry.waiting_reason ? html`<span class="sub warn-text" data-waiting>${words.waits(entry.waiting_reason)}</span>` : nothing}</th>
      <td>${statusPill(entry.status)}</td>
      <td data-label=${words.between}><ul class="plain tight">${entry.ends.map((end) => this.#renderEnd(entry, end))}</ul></td>
      <td data-label=${words.used} data-consumed=${entry.consumed_bits}><span>${formatKeys(entry.consumed_bits, entry.key_size_bits)}<span class="sub quiet nowrap">${formatBits(entry.consumed_bits)}</span></span></td>
      <td data-label=${text.columns.ends}>${isOver ? text.none : html`<span><bi-countdown .until=${entry.expires_at}></bi-countdown><span class="sub quiet nowrap">${formatDate(entry.expires_at)}</span></span>`}</td>
      <td>${isOver ? nothing : this.#renderActions(entry)}</td></tr>`;
  }

  #renderEnd(entry, end) {
    const name = this.resources.get(end.resource_id)?.friendly_name ?? shortId(end.resource_id);
    return html`<li><a href=${link("resources", end.resource_id)}>${name}</a> ${OVER.includes(entry.status) || end.enrolled_at ? nothing : html`<span class="small quiet nowrap">${words.notEnrolled}</span>`}</li>`;
  }

  #renderActions(entry) {
    const ends = entry.ends.map((end) => this.resources.get(end.resource_id)).filter(Boolean);
    return html`<span class="row tight right">${ends.length === entry.ends.length ? html`<bi-extend-menu .resources=${ends} name=${entry.friendly_name} @extended=${this.#changed}></bi-extend-menu>` : nothing}
      <button type="button" class="small-button danger" aria-label=${words.releaseAction(entry.friendly_name)} @click=${() => this.#release(entry)}>${words.release}</button></span>`;
  }

  async #release({ id, friendly_name: name, experiment_id: experimentId }) {
    this.failure = null;
    if (session.good("experiment")?.claims.sub !== experimentId && !(await tokenDialog())) return;
    if (!(await confirm({ title: words.releaseTitle(name), body: words.releaseBody(name), action: words.releaseAction(name) }))) return;
    try {
      const { task } = await call("experiment", "DELETE", `/links/${id}`);
      go(link("tasks", task.id));
    } catch (error) {
      if (error instanceof NeedsToken) await tokenDialog();
      else this.failure = error;
    }
  }

  #changed = () => this.dispatchEvent(new CustomEvent("changed"));
}

customElements.define("bi-user-links", UserLinks);
