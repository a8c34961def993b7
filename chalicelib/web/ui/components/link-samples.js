// A QKD link over time: error rate, key rate and stock as charts, as a table and as a CSV file.
import { html, nothing } from "lit";
import { read } from "../app/api.js";
import { Remote } from "../app/controllers.js";
import { formatMoment, formatNumber, formatQber, formatRate } from "../app/format.js";
import { link } from "../app/router.js";
import { csvOf, withGaps } from "../app/samples.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { saveAs } from "./download.js";
import { Window } from "./more.js";
import { remoteView } from "./views.js";
import "./line-chart.js";

const HOUR_MS = 3_600_000;
export const PERIODS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS };
const REFRESH_SECONDS = 10;
const MOST_ANSWERS = 24; // of 2,000 samples each
const TABLE_STEP = 50;
const words = text.qkd;
// From here on the site raises a major alarm (chalicelib/domain/qkd.py).
const MAJOR_ALARM_QBER = 0.06;

class LinkSamples extends PageElement {
  static properties = { qkdLink: { attribute: false }, period: {} };

  #series = null;
  #window = new Window(this, TABLE_STEP);

  constructor() {
    super();
    this.remote = new Remote(this, () => this.#load(), { seconds: REFRESH_SECONDS });
  }

  willUpdate(changed) {
    const before = changed.get("qkdLink");
    const isOther = (before && before.id !== this.qkdLink.id) || changed.get("period");
    if (!isOther) return;
    this.#series = null;
    this.#window.reset();
    this.remote.reset();
  }

  /** Read what is new since the last time, answer by answer. */
  async #load() {
    const begin = Date.now() - PERIODS[this.period];
    const { id } = this.qkdLink;
    const samples = (this.#series?.samples ?? []).filter((sample) => Date.parse(sample.at) >= begin);
    let answer = { is_cut: true };
    for (let count = 0; answer.is_cut && count < MOST_ANSWERS; count += 1) {
      const last = samples.at(-1)?.at;
      answer = await read(`/qkd-links/${encodeURIComponent(id)}/samples`, { from: last ?? new Date(begin).toISOString() });
      samples.push(...answer.samples.filter((sample) => !last || sample.at > last));
    }
    const series = { samples, units: answer.units, provenance: answer.provenance, isCut: answer.is_cut };
    if (id === this.qkdLink.id) this.#series = series;
    return series;
  }

  render() {
    const name = this.qkdLink.ends.join(" – ");
    return html`<section class="card" aria-labelledby="samples"><div class="row between after-row"><h2 id="samples">${words.history(name)}</h2>
      <nav aria-label=${words.period}><ul class="tabs">${Object.keys(PERIODS).map((period) => html`<li><a href=${link("qkd-links", this.qkdLink.id, period)} aria-current=${period === this.period ? "true" : nothing}>${words.periods[period]}</a></li>`)}</ul></nav></div>
      ${remoteView(this.remote, (series) => this.#render(name, series))}</section>`;
  }

  #render(name, series) {
    if (series.samples.length === 0) return html`<p class="quiet">${words.noSamples}</p>`;
    const keyBits = this.qkdLink.key_size_bits;
    const drawn = withGaps(series.samples);
    const times = drawn.map((sample) => sample.seconds);
    const values = (of) => drawn.map((sample) => of(sample) ?? null);
    const newestFirst = [...series.samples].reverse();
    return html`<div class="stack">
      ${series.isCut ? html`<p class="notice" data-kind="warn">${words.cut(formatMoment(series.samples.at(-1).at))}</p>` : nothing}
      <bi-line-chart .times=${times} .values=${values((one) => one.qber === undefined || one.qber === null ? null : one.qber * 100)} .limit=${MAJOR_ALARM_QBER * 100} unit="%" label=${words.qberChart(name)}></bi-line-chart>
      <bi-line-chart .times=${times} .values=${values((one) => one.skr_bit_per_s === undefined || one.skr_bit_per_s === null ? null : one.skr_bit_per_s / 1000)} unit="kbit/s" label=${words.rateChart(name)}></bi-line-chart>
      <bi-line-chart .times=${times} .values=${values((one) => (one.stock_bits === undefined ? null : Math.floor(one.stock_bits / keyBits)))} unit=${words.keysOf(keyBits)} label=${words.stockChart(name, keyBits)}></bi-line-chart>
      <div class="row between"><p class="quiet small">${words.source[series.provenance] ?? series.provenance}</p>
        <button type="button" class="small-button" @click=${() => saveAs(`${this.qkdLink.id}-${this.period}.csv`, "text/csv", csvOf(this.qkdLink.id, series))}>${words.csv(formatNumber(series.samples.length))}</button></div>
      <details><summary>${words.table}</summary><div class="table-wrap" tabindex="0" role="group" aria-label=${words.table}><table><thead><tr><th scope="col">${text.columns.at}</th><th scope="col" class="right">${words.qber}</th><th scope="col" class="right">${words.rate}</th><th scope="col" class="right">${words.stock}</th><th scope="col">${words.faults}</th></tr></thead>
        <tbody>${this.#window.of(newestFirst).map((sample) => html`<tr><td class="nowrap">${formatMoment(sample.at)}</td><td class="right">${formatQber(sample.qber)}</td><td class="right nowrap">${formatRate(sample.skr_bit_per_s)}</td><td class="right">${formatNumber(Math.floor(sample.stock_bits / keyBits))}</td><td>${sample.faults.join(", ") || text.none}</td></tr>`)}</tbody></table></div>
        ${this.#window.footer(newestFirst)}</details></div>`;
  }
}

customElements.define("bi-link-samples", LinkSamples);
