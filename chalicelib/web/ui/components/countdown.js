// The time that is left, kept current; red when it is short.
import { html } from "lit";
import { Clock } from "../app/controllers.js";
import { formatDate, formatDuration, secondsUntil } from "../app/format.js";
import { PageElement } from "./base.js";

const SHORT_SECONDS = 3600;

class Countdown extends PageElement {
  static properties = { until: {} };

  constructor() {
    super();
    new Clock(this);
  }

  render() {
    const seconds = secondsUntil(this.until);
    return html`<time datetime=${this.until} title=${formatDate(this.until)} class=${seconds < SHORT_SECONDS ? "countdown short" : "countdown"}>${formatDuration(seconds)}</time>`;
  }
}

customElements.define("bi-countdown", Countdown);
