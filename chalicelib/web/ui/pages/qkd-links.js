import { html, nothing } from "lit";
import { read } from "../app/api.js";
import { Remote } from "../app/controllers.js";
import { formatDate, formatNumber, formatQber, formatRate, shortId } from "../app/format.js";
import { link } from "../app/router.js";
import { experimentsOf, infrastructure, myResources } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { emptyView, remoteView, statusPill } from "../components/views.js";
import "../components/countdown.js";
import "../components/link-samples.js";

const REFRESH_SECONDS = 15;
const words = text.qkd;

class QKDLinksPage extends PageElement {
  static properties = { linkId: {} };

  constructor() {
    super();
    this.remote = new Remote(this, loadLinks, { seconds: REFRESH_SECONDS });
  }

  render() {
    return html`<h1>${words.title}</h1>${remoteView(this.remote, (data) => (data ? this.#render(data) : emptyView(words.none, words.noneHint)))}`;
  }

  #render({ isOffered, qkdLinks, mine, names }) {
    if (!isOffered) return html`<div class="card">${emptyView(words.none, words.noneHint)}</div>`;
    const shown = qkdLinks.find((entry) => entry.id === this.linkId) ?? qkdLinks[0];
    return html`<p class="lead">${words.lead}</p><div class="stack">
      <section class="card" aria-label=${words.title}>${renderLinks(qkdLinks, shown)}</section>
      ${shown ? html`<bi-link-samples .qkdLink=${shown}></bi-link-samples>` : nothing}
      <section class="card" aria-labelledby="mine"><h2 id="mine">${words.mine}</h2>${mine.length ? renderMine(mine, names) : html`<p class="quiet">${words.noMine}</p>`}</section></div>`;
  }
}

async function loadLinks() {
  if (!(await infrastructure()).supports_qkd) return { isOffered: false };
  const resources = await myResources();
  const [qkdLinks, ...lists] = await Promise.all([
    read("/qkd-links"),
    ...experimentsOf(resources).map((id) => read("/links", { experiment_id: id })),
  ]);
  return { isOffered: true, qkdLinks, mine: lists.flat(), names: new Map(resources.map((r) => [r.id, r.friendly_name])) };
}

const nameOf = (entry) => entry.ends.join(" – ");

function renderLinks(qkdLinks, shown) {
  return html`<div class="table-wrap"><table><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th><th scope="col">${words.length}</th>
    <th scope="col">${words.rate}</th><th scope="col">${words.qber}</th><th scope="col">${words.stock}</th><th scope="col">${words.alarms}</th></tr></thead>
    <tbody>${qkdLinks.map((entry) => html`<tr><th scope="row"><a href=${link("qkd-links", entry.id)} aria-current=${entry === shown ? "true" : nothing}>${nameOf(entry)}</a><span class="sub quiet">${shortId(entry.id)}, ${entry.provenance}</span></th>
      <td>${statusPill(entry.status)}</td><td class="nowrap">${entry.length_km === null ? text.none : `${formatNumber(entry.length_km)} km`}</td>
      <td class="nowrap">${formatRate(entry.skr_bit_per_s)}</td><td class="nowrap">${formatQber(entry.qber)}</td>
      <td class="nowrap">${words.stockOf(formatNumber(entry.stored_key_count), formatNumber(entry.max_key_count))}</td>
      <td>${entry.alarms.length ? entry.alarms.map((alarm) => alarm.message).join("; ") : words.noAlarms}</td></tr>`)}</tbody></table></div>`;
}

function renderMine(mine, names) {
  return html`<div class="table-wrap"><table><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th><th scope="col">${words.ends}</th>
    <th scope="col">${words.used}</th><th scope="col">${text.columns.ends}</th></tr></thead>
    <tbody>${mine.map((entry) => html`<tr><th scope="row">${entry.friendly_name}<span class="sub quiet">${shortId(entry.qkd_link_id)}</span></th><td>${statusPill(entry.status)}</td>
      <td>${entry.ends.map((end) => html`<a href=${link("resources", end.resource_id)}>${names.get(end.resource_id) ?? shortId(end.resource_id)}</a> `)}</td>
      <td data-consumed>${formatNumber(entry.consumed_bits)} bit</td><td title=${formatDate(entry.expires_at)}>${entry.expires_at ? html`<bi-countdown .until=${entry.expires_at}></bi-countdown>` : text.none}</td></tr>`)}</tbody></table></div>`;
}

customElements.define("bi-qkd-links", QKDLinksPage);

/** Return the page of the site's QKD links. */
export const page = (id) => html`<bi-qkd-links .linkId=${id}></bi-qkd-links>`;
