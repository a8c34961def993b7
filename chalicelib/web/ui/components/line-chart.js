// One series over time, with its extremes where it is a mean, drawn by uPlot, which is fetched with
// the first chart. What it shows is also its text for screen readers; the table beside it has every
// number.
import { html, nothing } from "lit";
import { formatNumber, formatTick } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";

const HEIGHT = 180;
const X_AXIS_HEIGHT = 28, Y_AXIS_WIDTH = 62, TICK_SPACE = 76;
const HEADROOM = 1.08;
const DARK = matchMedia("(prefers-color-scheme: dark)");

class LineChart extends PageElement {
  static properties = {
    times: { attribute: false }, values: { attribute: false }, extremes: { attribute: false }, limit: { attribute: false },
    unit: {}, label: {}, extreme: {},
  };

  #plot = null;
  #resized = new ResizeObserver(([entry]) => this.#plot?.setSize({ width: entry.contentRect.width, height: HEIGHT }));
  // A canvas keeps the colors that it was drawn with: draw it anew when they change.
  #themed = new MutationObserver(() => this.#redraw());
  #redraw = () => {
    this.#forget();
    this.requestUpdate();
  };

  connectedCallback() {
    super.connectedCallback();
    DARK.addEventListener("change", this.#redraw);
    this.#themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    DARK.removeEventListener("change", this.#redraw);
    this.#themed.disconnect();
    this.#forget();
  }

  render() {
    return html`<figure class="figure"><figcaption class="chart-head small"><span>${this.label}</span>
      ${this.extremes ? html`<span class="legend" data-line="extreme"><svg viewBox="0 0 24 4" aria-hidden="true"><path d="M0 2h24"></path></svg>${this.extreme}</span>` : nothing}
      ${this.limit ? html`<span class="legend"><svg viewBox="0 0 24 4" aria-hidden="true"><path d="M0 2h24"></path></svg>${text.qkd.threshold(`${formatNumber(this.limit)} ${this.unit}`)}</span>` : nothing}</figcaption>
      <div class="chart" role="img" aria-label=${this.#summary()}></div></figure>`;
  }

  #summary() {
    const known = [...this.values, ...(this.extremes ?? [])].filter((value) => value !== null && value !== undefined);
    const shown = (value) => `${formatNumber(value)} ${this.unit}`;
    return known.length ? text.qkd.summary(this.label, shown(least(known)), shown(most(known)), shown(this.values.findLast((value) => value !== null) ?? known.at(-1))) : this.label;
  }

  async updated() {
    const lines = [this.values, this.extremes, this.limit && this.times.map(() => this.limit)];
    const data = [this.times, ...lines.filter(Boolean)];
    if (this.#plot && this.#plot.series.length !== data.length) this.#forget(); // a mean has a line more
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

  #forget() {
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #options(place) {
    const colors = getComputedStyle(document.documentElement);
    const color = (name) => resolved(colors.getPropertyValue(name));
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    const line = (stroke, more) => ({ stroke: color(stroke), points: { show: false }, ...more });
    return {
      width: place.clientWidth, height: HEIGHT, padding: [8, 28, 0, 0], legend: { show: false }, cursor: { y: false },
      // From zero on: a dip looks as deep as it is.
      scales: { y: { range: (_, __, top) => [0, Math.max(top, this.limit ?? 0) * HEADROOM || 1] } },
      axes: [
        { ...axis, size: X_AXIS_HEIGHT, space: TICK_SPACE, values: ({ scales }, ticks) => ticks.map((tick) => formatTick(tick * 1000, scales.x.max - scales.x.min)) },
        { ...axis, size: Y_AXIS_WIDTH, values: (_, ticks) => ticks.map(formatNumber) },
      ],
      series: [
        {}, line("--accent", { width: 2 }),
        ...(this.extremes ? [line("--quiet", { width: 1 })] : []), ...(this.limit ? [line("--bad", { width: 1, dash: [5, 5] })] : []),
      ],
    };
  }
}

const least = (values) => values.reduce((a, b) => Math.min(a, b));
const most = (values) => values.reduce((a, b) => Math.max(a, b));

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
