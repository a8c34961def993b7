// Tasks and links are read by experiment: so many at first, and more when they are asked for.
import { html, nothing } from "lit";
import { formatNumber } from "../app/format.js";
import { text } from "../app/strings.js";

const STEP = 8;

export class ExperimentWindow {
  #shown = STEP;
  #all = 0;
  #readAgain;

  /** `readAgain()` reads what is shown of more experiments. */
  constructor(readAgain) {
    this.#readAgain = readAgain;
  }

  /** Return those that are to be read. */
  of(experimentIds) {
    this.#all = experimentIds.length;
    return experimentIds.slice(0, this.#shown);
  }

  /** Return the line that says what is missing, and a button that reads more. */
  notice() {
    if (this.#all <= this.#shown) return nothing;
    return html`<div class="row between" data-experiments=${this.#all}><p class="quiet small" role="status">${text.experiments.shown(formatNumber(this.#shown), formatNumber(this.#all))}</p>
      <button type="button" class="small-button" @click=${this.#more}>${text.experiments.more}</button></div>`;
  }

  #more = () => {
    this.#shown += STEP;
    return this.#readAgain();
  };
}
