// Modal questions, on the browser's own dialog: focus stays inside, Escape cancels, focus returns.
import { html, render } from "lit";
import { text } from "../app/strings.js";
import "./token-panel.js";

/** Ask before something that cannot be undone; resolve to whether it was confirmed. */
export function confirm({ title, body, action }) {
  return shown("confirm", (close) => html`<h2 id="dialog-title">${title}</h2><p>${body}</p>
    <div class="row right"><button type="button" autofocus @click=${() => close("")}>${text.actions.cancel}</button>
    <button type="button" class="danger" @click=${() => close("yes")}>${action}</button></div>`);
}

/** Let the user renew or add tokens, above whatever page is open. */
export function tokenDialog() {
  return shown("tokens", (close) => html`<h2 id="dialog-title">${text.tokens.renewTitle}</h2>
    <bi-token-panel @token-added=${() => close("yes")}></bi-token-panel>
    <div class="row right"><button type="button" @click=${() => close("")}>${text.actions.close}</button></div>`);
}

function shown(name, template) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.dataset.name = name;
  dialog.setAttribute("aria-labelledby", "dialog-title");
  document.body.append(dialog);
  render(template((value) => dialog.close(value)), dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
