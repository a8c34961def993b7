// Getting tokens: through the identity provider, by name where a local site offers it, by pasting.
import { html, nothing } from "lit";
import { TokenWatch } from "../app/controllers.js";
import { experimentToken, startSignIn } from "../app/oidc.js";
import { NotAToken, session } from "../app/session.js";
import { knownConfig } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";

let panels = 0;

class TokenPanel extends PageElement {
  static properties = { message: { state: true }, isBad: { state: true } };

  #id = `token-panel-${panels++}`;

  constructor() {
    super();
    this.message = "";
    this.isBad = false;
    new TokenWatch(this);
  }

  render() {
    const config = knownConfig();
    return html`<div class="token-panel stack">
      ${config?.oidc ? this.#renderSignIn(config.oidc) : nothing}
      ${config?.experiment_token_url && session.good("user") ? this.#renderByName(config) : nothing}
      ${this.#renderPaste(config)}
      <p role="status" class=${this.isBad ? "bad-text" : "good-text"}>${this.message}</p>
    </div>`;
  }

  #renderSignIn(oidc) {
    const isIn = session.good("user") !== null;
    return html`<div class="stack tight"><div><button type="button" class=${isIn ? "" : "primary"} data-action="sign-in" @click=${() => this.#signIn(oidc)}>${text.signIn.button}</button></div>
      <p class="quiet small">${text.signIn.elsewhere}</p></div>`;
  }

  #renderByName(config) {
    const id = `${this.#id}-name`;
    return html`<form class="row end" @submit=${(event) => this.#byName(event, config)}>
      <div class="field grow"><label for=${id}>${text.tokens.experimentName}</label>
        <input id=${id} name="experiment" required maxlength="64" autocomplete="off" aria-describedby="${id}-hint"></div>
      <button type="submit" class="primary">${text.tokens.getByName}</button>
      <p class="quiet small full" id="${id}-hint">${text.tokens.byNameHint}</p>
    </form>`;
  }

  #renderPaste(config) {
    const id = `${this.#id}-paste`;
    return html`<form class="stack tight" @submit=${this.#paste}>
      <div class="field"><label for=${id}>${text.tokens.paste}</label>
        <textarea id=${id} name="token" rows="3" required spellcheck="false" autocomplete="off" class="mono" aria-describedby="${id}-hint"></textarea></div>
      <p class="quiet small" id="${id}-hint">${text.tokens.pasteHint}</p>
      <div><button type="submit">${text.tokens.add}</button></div>
      <details><summary>${text.signIn.or}</summary>
        <dl class="facts"><div><dt>${text.tokens.getUser}</dt><dd><code>slices auth id-token ${config?.public_url ?? ""}</code></dd></div>
        <div><dt>${text.tokens.getExperiment}</dt><dd><code>slices experiment jwt NAME</code></dd></div></dl></details>
      <p class="quiet small">${text.tokens.where}</p>
    </form>`;
  }

  async #signIn(oidc) {
    try {
      await startSignIn(oidc);
    } catch (error) {
      this.#tell(text.signIn.failed(error.message), true);
    }
  }

  async #byName(event, config) {
    event.preventDefault();
    const name = new FormData(event.target).get("experiment").trim();
    try {
      this.#add(await experimentToken(config.experiment_token_url, name, session.get("user").claims.proj_name));
    } catch (error) {
      this.#tell(text.signIn.failed(error.message), true);
    }
  }

  #paste = (event) => {
    event.preventDefault();
    if (this.#add(new FormData(event.target).get("token"))) event.target.reset();
  };

  #add(jwt) {
    try {
      const kind = session.add(jwt);
      this.#tell(text.tokens.accepted(text.tokens[kind]), false);
      this.dispatchEvent(new CustomEvent("token-added", { bubbles: true, detail: { kind } }));
      return true;
    } catch (error) {
      if (!(error instanceof NotAToken)) throw error;
      this.#tell(text.tokens.bad, true);
      return false;
    }
  }

  #tell(message, isBad) {
    this.message = message;
    this.isBad = isBad;
  }
}

customElements.define("bi-token-panel", TokenPanel);
