// A QKD link over time: error rate, key rate and stock as charts, as a table and as a CSV file.
import { html, nothing } from "lit";
import { Remote } from "../app/controllers.js";
import { formatDuration, formatMoment, formatNumber, formatQber, formatRate } from "../app/format.js";
import { link } from "../app/router.js";
import { readCsv, readPoints, withGaps } from "../app/samples.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { saveAs } from "./download.js";
import { Window } from "./more.js";
import { errorView, remoteView } from "./views.js";
import "./line-chart.js";

const HOUR_MS = 3_600_000;
// What can be shown, and how many seconds a point then stands for; null: every sample.
export const PERIODS = {
  hour: { milliseconds: HOUR_MS, step: null },
  day: { milliseconds: 24 * HOUR_MS, step: 120 },
  week: { milliseconds: 7 * 24 * HOUR_MS, step: 900 },
};
const REFRESH_SECONDS = 10;
const MOST_ANSWERS = 40;
const TABLE_STEP = 50;
const words = text.qkd;
// From here on the site raises a major alarm (chalicelib/domain/qkd.py).
const MAJOR_ALARM_QBER = 0.06;

class LinkSamples extends PageElement {
  static properties = { qkdLink: { attribute: false }, period: {}, fileRows: { state: true }, fileError: { state: true } };

  #series = null;
  #window = new Window(this, TABLE_STEP);

  constructor() {
    super();
    this.fileRows = this.fileError = null;
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

  /** Read what is new since the last time; the last point may have grown. */
  async #load() {
    const { qkdLink: { id }, period } = this;
    const { milliseconds, step } = PERIODS[period];
    const begin = new Date(Date.now() - milliseconds).toISOString();
    const known = (this.#series?.samples ?? []).filter((sample) => sample.at > begin);
    const from = known.at(-1)?.at ?? begin;
    const fresh = await readPoints(id, { from, step }, MOST_ANSWERS);
    const series = { ...fresh, samples: [...known.filter((sample) => sample.at < from), ...fresh.samples] };
    if (id === this.qkdLink.id && period === this.period) this.#series = series;
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
    const { step } = PERIODS[this.period];
    const keyBits = this.qkdLink.key_size_bits;
    const drawn = withGaps(series.samples);
    const times = drawn.map((sample) => sample.seconds);
    const values = (field, factor) => drawn.map((sample) => scaled(sample[field], factor));
    return html`<div class="stack">
      ${series.isCut ? html`<p class="notice" data-kind="warn">${words.cut(formatMoment(series.samples.at(-1).at))}</p>` : nothing}
      <bi-line-chart .times=${times} .values=${values("qber", 100)} .extremes=${step && values("qber_max", 100)} extreme=${words.highest} .limit=${MAJOR_ALARM_QBER * 100} unit="%" label=${words.qberChart(name)}></bi-line-chart>
      <bi-line-chart .times=${times} .values=${values("skr_bit_per_s", 0.001)} .extremes=${step && values("skr_min_bit_per_s", 0.001)} extreme=${words.lowest} unit="kbit/s" label=${words.rateChart(name)}></bi-line-chart>
      <bi-line-chart .times=${times} .values=${drawn.map((sample) => (sample.stock_bits === undefined ? null : Math.floor(sample.stock_bits / keyBits)))} unit=${words.keysOf(keyBits)} label=${words.stockChart(name, keyBits)}></bi-line-chart>
      <p class="quiet small">${words.source[series.provenance] ?? series.provenance} ${step ? words.averaged(formatDuration(step)) : words.everySample}</p>
      <div class="row between"><p class="quiet small">${words.csvHint}</p><button type="button" class="small-button" ?disabled=${this.fileRows !== null} @click=${this.#download}>${this.fileRows === null ? words.csv : words.csvRows(formatNumber(this.fileRows))}</button></div>
      ${this.fileError ? errorView(this.fileError) : nothing}
      <details><summary>${words.table}</summary>${this.#renderTable(series.samples, step, keyBits)}</details></div>`;
  }

  #renderTable(samples, step, keyBits) {
    const newestFirst = [...samples].reverse();
    return html`<div class="table-wrap" tabindex="0" role="group" aria-label=${words.table}><table><thead><tr><th scope="col">${text.columns.at}</th><th scope="col" class="right">${words.qber}</th>${step ? html`<th scope="col" class="right">${words.highest}</th>` : nothing}
        <th scope="col" class="right">${words.rate}</th>${step ? html`<th scope="col" class="right">${words.lowest}</th>` : nothing}<th scope="col" class="right">${words.stock}</th><th scope="col">${words.faults}</th></tr></thead>
      <tbody>${this.#window.of(newestFirst).map((sample) => html`<tr><td class="nowrap">${formatMoment(sample.at)}</td><td class="right">${formatQber(sample.qber)}</td>${step ? html`<td class="right">${formatQber(sample.qber_max)}</td>` : nothing}
        <td class="right nowrap">${formatRate(sample.skr_bit_per_s)}</td>${step ? html`<td class="right nowrap">${formatRate(sample.skr_min_bit_per_s)}</td>` : nothing}<td class="right">${formatNumber(Math.floor(sample.stock_bits / keyBits))}</td><td>${sample.faults.join(", ") || text.none}</td></tr>`)}</tbody></table></div>
      ${this.#window.footer(newestFirst)}`;
  }

  /** Take every sample of the period along, also those that the charts show as means. */
  #download = async () => {
    const { qkdLink: { id }, period } = this;
    const now = Date.now();
    const from = new Date(now - PERIODS[period].milliseconds).toISOString(), to = new Date(now).toISOString();
    this.fileError = null;
    this.fileRows = 0;
    try {
      const content = await readCsv(id, { from, to }, (rows) => (this.fileRows = rows));
      saveAs(`${id}-${period}.csv`, "text/csv", content);
    } catch (error) {
      this.fileError = error;
    } finally {
      this.fileRows = null;
    }
  };
}

const scaled = (value, factor) => (value === undefined || value === null ? null : value * factor);

customElements.define("bi-link-samples", LinkSamples);
