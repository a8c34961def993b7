// Giving VMs more time, wherever an end shows; says what was granted and what limited it.
import { html, nothing } from "lit";
import { call, NeedsToken } from "../app/api.js";
import { formatDate } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { tokenDialog } from "./dialogs.js";

const HOUR = 3600;
const CHOICES = [["hour", HOUR], ["day", 24 * HOUR], ["week", 7 * 24 * HOUR], ["latest", null]];

/** Extends `resources`, counted from the end of the one that ends first; `name` is what is said to be extended. */
class ExtendMenu extends PageElement {
  static properties = { resources: { attribute: false }, name: {}, message: { state: true }, isBusy: { state: true } };

  render() {
    return html`<details class="menu" @keydown=${this.#closeOnEscape} @focusout=${this.#closeWhenLeft}>
      <summary class="button small-button" aria-label=${text.extend.label(this.name)}>${text.actions.extend}</summary>
      <div class="menu-list">
        ${CHOICES.map(([name, seconds]) => html`<button type="button" ?disabled=${this.isBusy} @click=${() => this.#extend(seconds)}>${text.extend[name]}</button>`)}
      </div></details>
      ${this.message ? html`<span class="small" role="status">${this.message}</span>` : nothing}`;
  }

  async #extend(seconds) {
    this.isBusy = true;
    try {
      const grants = [];
      for (const resource of this.#shorter(seconds)) grants.push(await call("experiment", "POST", `/resources/${resource.id}/extend`, { body: this.#wanted(seconds) }));
      const [first] = grants.sort((a, b) => a.expires_at.localeCompare(b.expires_at));
      this.message = [text.extend.granted(formatDate(first.expires_at)), this.#limit(first.limited_by)].join(" ").trim();
      this.dispatchEvent(new CustomEvent("extended", { bubbles: true, detail: first }));
    } catch (error) {
      if (error instanceof NeedsToken) await tokenDialog();
      else this.message = error.message;
    } finally {
      this.isBusy = false;
      this.querySelector("details").open = false;
      this.querySelector("summary").focus();
    }
  }

  /** Return the VMs that would end before the wanted end. */
  #shorter(seconds) {
    if (seconds === null) return this.resources;
    const end = this.#end(seconds);
    return this.resources.filter((resource) => Date.parse(resource.expires_at) < end);
  }

  #end(seconds) {
    return Math.min(...this.resources.map((resource) => Date.parse(resource.expires_at))) + seconds * 1000;
  }

  #wanted(seconds) {
    return seconds === null ? { as_late_as_possible: true } : { expires_at: new Date(this.#end(seconds)).toISOString() };
  }

  #limit(name) {
    return name ? (text.extend.limited[name] ?? text.extend.limitedBy(name)) : "";
  }

  #closeOnEscape(event) {
    if (event.key !== "Escape") return;
    event.currentTarget.open = false;
    event.currentTarget.querySelector("summary").focus();
  }

  #closeWhenLeft(event) {
    if (!event.currentTarget.contains(event.relatedTarget) && event.relatedTarget) event.currentTarget.open = false;
  }
}

customElements.define("bi-extend-menu", ExtendMenu);
