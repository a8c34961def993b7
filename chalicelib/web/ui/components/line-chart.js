// One series over time, drawn by uPlot, which is fetched with the first chart. What it shows is
// also its text for screen readers; the table beside it has every number.
import { html } from "lit";
import { formatHour, formatNumber } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";

const HEIGHT = 190;

class LineChart extends PageElement {
  static properties = { times: { attribute: false }, values: { attribute: false }, limit: { attribute: false }, unit: {}, label: {} };

  #plot = null;
  #resized = new ResizeObserver(([entry]) => this.#plot?.setSize({ width: entry.contentRect.width, height: HEIGHT }));

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  render() {
    return html`<figure class="figure"><figcaption class="small quiet">${this.label}</figcaption><div class="chart" role="img" aria-label=${this.#summary()}></div></figure>`;
  }

  #summary() {
    const known = this.values.filter((value) => value !== null && value !== undefined);
    const shown = (value) => `${formatNumber(value)} ${this.unit}`;
    return known.length ? text.qkd.summary(this.label, shown(Math.min(...known)), shown(Math.max(...known)), shown(known.at(-1))) : this.label;
  }

  async updated() {
    const data = [this.times, this.values, ...(this.limit ? [this.times.map(() => this.limit)] : [])];
    if (this.#plot) {
      this.#plot.setData(data);
      return;
    }
    const { default: UPlot } = await import("uplot");
    const place = this.querySelector(".chart");
    if (this.#plot || !this.isConnected) return;
    this.#plot = new UPlot(this.#options(place), data, place);
    this.#resized.observe(place);
  }

  #options(place) {
    const colors = getComputedStyle(document.documentElement);
    const color = (name) => resolved(colors.getPropertyValue(name));
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    return {
      width: place.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { y: false },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((tick) => formatHour(tick * 1000)) }, { ...axis, size: 64, values: (_, ticks) => ticks.map(formatNumber) }],
      series: [{}, { stroke: color("--accent"), width: 2, points: { show: false } }, { stroke: color("--bad"), width: 1, dash: [5, 5], points: { show: false } }].slice(0, this.limit ? 3 : 2),
    };
  }
}

/** Return a color as a canvas understands it: light-dark() is for style sheets only. */
function resolved(value) {
  const probe = document.createElement("span");
  probe.style.color = value;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

customElements.define("bi-line-chart", LineChart);
