// A line to copy, with its button.
import { html } from "lit";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";

const SHOWN_MS = 2000;

class CopyText extends PageElement {
  static properties = { value: {}, label: {}, isBlock: { type: Boolean, attribute: "block" }, isCopied: { state: true } };

  render() {
    return html`<div class="copy-text" data-block=${this.isBlock ? "yes" : "no"}><pre tabindex="0" role="region" aria-label=${this.label}><code>${this.value}</code></pre>
      <button type="button" class="small-button" aria-label="${text.actions.copy}: ${this.label}" @click=${this.#copy}>${this.isCopied ? text.actions.copied : text.actions.copy}</button>
      <span class="visually-hidden" role="status">${this.isCopied ? text.actions.copied : ""}</span></div>`;
  }

  #copy = async () => {
    await navigator.clipboard.writeText(this.value);
    this.isCopied = true;
    setTimeout(() => { this.isCopied = false; }, SHOWN_MS);
  };
}

customElements.define("bi-copy-text", CopyText);
