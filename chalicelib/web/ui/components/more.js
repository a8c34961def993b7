// A long list, shown a piece at a time: the page stays quick, and every entry can be reached by keyboard.
import { html, nothing } from "lit";
import { formatNumber } from "../app/format.js";
import { text } from "../app/strings.js";

export class Window {
  #host;
  #step;
  #shown;

  constructor(host, step) {
    this.#host = host;
    this.#step = step;
    this.#shown = step;
  }

  /** Begin anew: for another list. */
  reset() {
    this.#shown = this.#step;
  }

  /** Return what is shown of the list. */
  of(items) {
    return items.slice(0, this.#shown);
  }

  /** Return the line below the list.
   *
   * Where `hasMore` is not here yet, `readOn` reads further. `grown` makes what is now to be shown.
   */
  footer(items, { hasMore = false, readOn = null, grown = null } = {}) {
    const shown = Math.min(this.#shown, items.length);
    const isAll = shown === items.length && !hasMore;
    if (isAll && this.#shown === this.#step) return nothing;
    const count = hasMore ? text.more.ofMany(formatNumber(shown), formatNumber(items.length)) : text.more.of(formatNumber(shown), formatNumber(items.length));
    return html`<div class="row between more"><p class="quiet small" role="status">${count}</p>
      ${isAll ? nothing : html`<button type="button" class="small-button" @click=${(event) => this.#showMore(event, items, { readOn, grown })}>${text.more.show}</button>`}</div>`;
  }

  async #showMore(event, items, { readOn, grown }) {
    const list = event.currentTarget.closest(".more").previousElementSibling;
    const before = Math.min(this.#shown, items.length);
    if (this.#shown + this.#step > items.length) await readOn?.();
    this.#shown += this.#step;
    await grown?.();
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    focusOn(list.querySelectorAll("tbody > tr, li")[before]);
  }
}

/** Go on reading where the new entries begin: the button may be gone. */
function focusOn(entry) {
  const target = entry?.querySelector("a, button, summary") ?? entry;
  if (target === entry) entry?.setAttribute("tabindex", "-1");
  target?.focus();
}
