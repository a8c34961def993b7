// Giving a resource more time, wherever its end shows; says what was granted and what limited it.
import { html, nothing } from "lit";
import { call, NeedsToken } from "../app/api.js";
import { formatDate } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { tokenDialog } from "./dialogs.js";

const HOUR = 3600;
const CHOICES = [["hour", HOUR], ["day", 24 * HOUR], ["week", 7 * 24 * HOUR], ["latest", null]];

class ExtendMenu extends PageElement {
  static properties = { resource: { attribute: false }, message: { state: true }, isBusy: { state: true } };

  render() {
    return html`<details class="menu" @keydown=${this.#closeOnEscape}>
      <summary class="button small-button" aria-label=${text.extend.label(this.resource.friendly_name)}>${text.actions.extend}</summary>
      <div class="menu-list">
        ${CHOICES.map(([name, seconds]) => html`<button type="button" ?disabled=${this.isBusy} @click=${() => this.#extend(seconds)}>${text.extend[name]}</button>`)}
      </div></details>
      ${this.message ? html`<span class="small" role="status">${this.message}</span>` : nothing}`;
  }

  async #extend(seconds) {
    this.isBusy = true;
    try {
      const grant = await call("experiment", "POST", `/resources/${this.resource.id}/extend`, { body: this.#wanted(seconds) });
      this.message = [text.extend.granted(formatDate(grant.expires_at)), this.#limit(grant.limited_by)].join(" ").trim();
      this.dispatchEvent(new CustomEvent("extended", { bubbles: true, detail: grant }));
    } catch (error) {
      if (error instanceof NeedsToken) await tokenDialog();
      else this.message = error.message;
    } finally {
      this.isBusy = false;
      this.querySelector("details").open = false;
      this.querySelector("summary").focus();
    }
  }

  #wanted(seconds) {
    if (seconds === null) return { as_late_as_possible: true };
    return { expires_at: new Date(Date.parse(this.resource.expires_at) + seconds * 1000).toISOString() };
  }

  #limit(name) {
    return name ? (text.extend.limited[name] ?? text.extend.limitedBy(name)) : "";
  }

  #closeOnEscape(event) {
    if (event.key !== "Escape") return;
    event.currentTarget.open = false;
    event.currentTarget.querySelector("summary").focus();
  }
}

customElements.define("bi-extend-menu", ExtendMenu);
