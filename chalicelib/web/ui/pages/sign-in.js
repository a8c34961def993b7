import { html, nothing } from "lit";
import { TokenWatch } from "../app/controllers.js";
import { session } from "../app/session.js";
import { siteName } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import "../components/token-panel.js";

class SignInPage extends PageElement {
  constructor() {
    super();
    new TokenWatch(this);
  }

  render() {
    return html`<div class="sign-in card stack"><h1>${text.signIn.title}</h1>
      <p class="lead">${text.signIn.lead(siteName())}</p>
      ${session.good("user") && !session.good("experiment") ? html`<p class="notice">${text.signIn.next}</p>` : nothing}
      <bi-token-panel></bi-token-panel>
      ${session.isEmpty ? nothing : html`<div class="row"><button type="button" class="primary" data-action="proceed" @click=${() => document.querySelector("bi-app").proceed()}>${text.signIn.go}</button></div>`}
    </div>`;
  }
}

customElements.define("bi-sign-in", SignInPage);

/** Return the page where tokens are got. */
export const page = () => html`<bi-sign-in></bi-sign-in>`;
