import { html, nothing } from "lit";
import { read } from "../app/api.js";
import { Remote } from "../app/controllers.js";
import { formatNumber, formatQber, formatRate, formatTime, shortId } from "../app/format.js";
import { isUnreachable, nameOf } from "../app/qkd.js";
import { link } from "../app/router.js";
import { experimentsOf, infrastructure, linksOf, myResources, refreshSeconds } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { alarmList } from "../components/alarms.js";
import { ExperimentWindow } from "../components/experiment-window.js";
import { emptyView, remoteView, statusPill } from "../components/views.js";
import "../components/link-samples.js";
import "../components/user-links.js";

const USUAL_PERIOD = "hour";
const words = text.qkd;

class QKDLinksPage extends PageElement {
  static properties = { linkId: {}, period: {} };

  #experiments = new ExperimentWindow(() => this.remote.refresh());

  constructor() {
    super();
    this.remote = new Remote(this, () => this.#load(), { seconds: (data) => refreshSeconds(data?.vms) });
  }

  render() {
    return html`<h1>${words.title}</h1>${remoteView(this.remote, (data) => this.#render(data))}`;
  }

  #render({ isOffered, qkdLinks, mine, resources }) {
    if (!isOffered) return html`<div class="card">${emptyView(words.none, words.noneHint)}</div>`;
    if (qkdLinks.length === 0) return html`<div class="card">${emptyView(words.unseen, words.unseenHint)}</div>`;
    const shown = qkdLinks.find((entry) => entry.id === this.linkId) ?? qkdLinks[0];
    return html`<p class="lead">${words.lead}</p><div class="stack">
      <section class="card" aria-labelledby="all"><h2 id="all">${words.ofSite}</h2>${renderLinks(qkdLinks, shown)}${renderSummary(shown)}</section>
      <section class="card" aria-labelledby="mine"><h2 id="mine">${words.mine}</h2>${mine.length
        ? html`<bi-user-links .links=${mine} .resources=${resources} @changed=${() => this.remote.refresh()}></bi-user-links><p class="quiet small">${words.fetchHint}</p>`
        : emptyView(words.noMine, words.noMineHint, html`<p><a class="button" href="#/request">${text.overview.request}</a></p>`)}${this.#experiments.notice()}</section>
      <bi-link-samples .qkdLink=${shown} .period=${this.period ?? USUAL_PERIOD}></bi-link-samples></div>`;
  }

  async #load() {
    if (!(await infrastructure()).supports_qkd) return { isOffered: false };
    const { resources } = await myResources();
    const experiments = this.#experiments.of(experimentsOf(resources));
    const [qkdLinks, mine] = await Promise.all([read("/qkd-links"), linksOf(experiments)]);
    return { isOffered: true, qkdLinks, mine, vms: resources, resources: new Map(resources.map((resource) => [resource.id, resource])) };
  }
}

function renderLinks(qkdLinks, shown) {
  return html`<div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th><th scope="col">${words.length}</th>
    <th scope="col">${words.rate}</th><th scope="col">${words.qber}</th><th scope="col">${words.stock}</th><th scope="col">${words.booked}</th></tr></thead>
    <tbody>${qkdLinks.map((entry) => html`<tr data-qkd-link=${nameOf(entry)}><th scope="row"><a href=${link("qkd-links", entry.id)} aria-current=${entry === shown && qkdLinks.length > 1 ? "true" : nothing}>${nameOf(entry)}</a><span class="sub quiet" title=${entry.id}>${shortId(entry.id)}, ${entry.provenance}</span></th>
      <td>${statusPill(isUnreachable(entry) ? "unreachable" : entry.status)}</td><td class="nowrap" data-label=${words.length}>${entry.length_km === null ? text.none : `${formatNumber(entry.length_km)} km`}</td>
      <td class="nowrap" data-label=${words.rate}>${formatRate(entry.skr_bit_per_s)}</td><td class="nowrap" data-label=${words.qber}>${formatQber(entry.qber)}</td>
      <td class="nowrap" data-label=${words.stock}>${words.stockOf(formatNumber(entry.stored_key_count), formatNumber(entry.max_key_count))}</td>
      <td class="nowrap" data-label=${words.booked}>${formatRate(entry.booked_bit_per_s)}</td></tr>`)}</tbody></table></div>`;
}

/** Return what the numbers mean: how much key there is, and what is wrong. */
function renderSummary(entry) {
  const { key_size_bits: bits } = entry;
  const rate = Math.floor((entry.skr_bit_per_s ?? 0) / bits);
  const state = rate > 0 ? words.makes(nameOf(entry), formatNumber(rate), bits, formatRate(entry.free_bit_per_s)) : words.makesNone(nameOf(entry), formatNumber(entry.stored_key_count), bits);
  return html`<div class="stack tight after-table">
    <p>${isUnreachable(entry) ? words.lastSeen(formatTime(entry.updated_at)) : state}</p>
    <div data-alarms=${entry.alarms.length}>${entry.alarms.length ? alarmList(entry.alarms) : html`<p class="good-text">${words.noAlarms}</p>`}</div></div>`;
}

customElements.define("bi-qkd-links", QKDLinksPage);

/** Return the page of the site's QKD links; the id and the period are those of the charts. */
export const page = ({ id, period }) => html`<bi-qkd-links .linkId=${id} .period=${period}></bi-qkd-links>`;
