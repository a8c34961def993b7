// The last day of a QKD link: error rate and key rate as charts, and as a table.
import { html } from "lit";
import { read } from "../app/api.js";
import { Remote } from "../app/controllers.js";
import { formatDate, formatNumber, formatQber, formatRate } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { remoteView } from "./views.js";
import "./line-chart.js";

const DAY_MS = 86_400_000;
const REFRESH_SECONDS = 60;
const words = text.qkd;
// From here on the site raises a major alarm (chalicelib/domain/qkd.py).
const MAJOR_ALARM_QBER = 0.06;

class LinkSamples extends PageElement {
  static properties = { qkdLink: { attribute: false } };

  constructor() {
    super();
    this.remote = new Remote(this, () => this.#load(), { seconds: REFRESH_SECONDS });
  }

  willUpdate(changed) {
    const before = changed.get("qkdLink");
    if (before && before.id !== this.qkdLink.id) this.remote.reset();
  }

  async #load() {
    const from = new Date(Date.now() - DAY_MS).toISOString();
    return read(`/qkd-links/${encodeURIComponent(this.qkdLink.id)}/samples`, { from });
  }

  render() {
    const name = this.qkdLink.ends.join(" – ");
    return html`<section class="card" aria-labelledby="samples"><h2 id="samples">${words.history(name)}</h2>${remoteView(this.remote, (data) => this.#render(name, data))}</section>`;
  }

  #render(name, { samples, provenance }) {
    if (samples.length === 0) return html`<p class="quiet">${words.noSamples}</p>`;
    const times = samples.map((sample) => Date.parse(sample.at) / 1000);
    return html`<div class="stack">
      <bi-line-chart .times=${times} .values=${samples.map((sample) => (sample.qber === null ? null : sample.qber * 100))} .limit=${MAJOR_ALARM_QBER * 100} unit="%" label=${words.qberChart(name)}></bi-line-chart>
      <bi-line-chart .times=${times} .values=${samples.map((sample) => sample.skr_bit_per_s)} unit="bit/s" label=${words.rateChart(name)}></bi-line-chart>
      <p class="quiet small">${words.provenance}: ${provenance}</p>
      <details><summary>${words.table}</summary><div class="table-wrap"><table><thead><tr><th scope="col">${text.columns.at}</th><th scope="col">${words.qber}</th><th scope="col">${words.rate}</th><th scope="col">${words.stock}</th></tr></thead>
        <tbody>${samples.map((sample) => html`<tr><td>${formatDate(sample.at)}</td><td>${formatQber(sample.qber)}</td><td>${formatRate(sample.skr_bit_per_s)}</td><td>${formatNumber(Math.floor(sample.stock_bits / this.qkdLink.key_size_bits))}</td></tr>`)}</tbody></table></div></details></div>`;
  }
}

customElements.define("bi-link-samples", LinkSamples);
