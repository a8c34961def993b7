import { html, nothing } from "lit";
import { call } from "../app/api.js";
import { Remote, TokenWatch } from "../app/controllers.js";
import { formatAge, formatDisk, formatMemory, formatNeeds } from "../app/format.js";
import { caller, catalog } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { confirm } from "../components/dialogs.js";
import { emptyView, errorView, remoteView } from "../components/views.js";
import "../components/all-resources.js";

const words = text.administration;
const IMAGE_FIELDS = [["friendly_name", text.columns.name, "text"], ["location", text.columns.location, "text"], ["default_username", text.columns.username, "text"]];
const FLAVOR_FIELDS = [["friendly_name", text.columns.name, "text"], ["vcpus", text.columns.vcpus, "number"], ["ram_mib", `${text.columns.memory} (MiB)`, "number"], ["disk_mb", `${text.columns.disk} (MB)`, "number"]];

class AdministrationPage extends PageElement {
  static properties = { message: { state: true }, failure: { state: true } };

  constructor() {
    super();
    new TokenWatch(this);
    this.message = "";
    this.who = new Remote(this, caller);
    this.remote = new Remote(this, () => catalog({ hidden: true }));
  }

  render() {
    return html`<h1>${words.title}</h1>${remoteView(this.who, (who) => (who?.is_admin ? this.#render() : html`<div class="card">${emptyView(words.refused, words.refusedHint)}</div>`))}`;
  }

  #render() {
    return html`<p role="status" class="good-text">${this.message}</p>${this.failure ? errorView(this.failure) : nothing}
      ${remoteView(this.remote, ({ diskImages, flavors, infrastructure }) => html`<p class="quiet after-head">${infrastructure.catalog_checked_at ? text.catalog.synced(formatAge(infrastructure.catalog_checked_at)) : text.catalog.neverSynced}</p><div class="stack">
        <section class="card" aria-labelledby="images"><h2 id="images">${text.catalog.images}</h2>${this.#renderTable(diskImages, "/disk-images", text.columns.minimum, formatNeeds)}${this.#renderForm("image", words.addImage, "/disk-images", IMAGE_FIELDS)}</section>
        <section class="card" aria-labelledby="flavors"><h2 id="flavors">${text.catalog.flavors}</h2>${this.#renderTable(flavors, "/flavors", text.columns.size, (flavor) => text.catalog.sizeOf(flavor.vcpus, formatMemory(flavor.ram_mib), formatDisk(flavor.disk_mb)))}${this.#renderForm("flavor", words.addFlavor, "/flavors", FLAVOR_FIELDS)}</section>
        <section class="card" aria-labelledby="all"><h2 id="all">${words.resources}</h2><bi-all-resources></bi-all-resources></section></div>`)}`;
  }

  #renderTable(entries, path, column, describe) {
    return html`<div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${column}</th><th scope="col">${text.columns.hidden}</th><td></td></tr></thead>
      <tbody>${entries.map((entry) => html`<tr><th scope="row">${entry.friendly_name}<span class="sub quiet mono wrap">${entry.id}</span></th><td data-label=${column}>${describe(entry)}</td><td data-label=${text.columns.hidden}>${entry.hidden ? words.yes : words.no}</td>
        <td class="right"><button type="button" class="small-button danger" aria-label=${words.removeAction(entry.friendly_name)} @click=${() => this.#remove(path, entry)}>${text.actions.remove}</button></td></tr>`)}</tbody></table></div>`;
  }

  #renderForm(kind, title, path, fields) {
    return html`<details><summary>${title}</summary><form class="stack" @submit=${(event) => this.#add(event, path, fields)}><div class="form-grid">${fields.map(([name, label, type]) => html`<div class="field"><label for="${kind}-${name}">${label}</label>
      <input id="${kind}-${name}" name=${name} type=${type} min="0" required autocomplete="off"></div>`)}</div><div><button type="submit" class="primary">${words.add}</button></div></form></details>`;
  }

  #add(event, path, fields) {
    event.preventDefault();
    const form = event.target;
    const values = new FormData(form);
    const body = Object.fromEntries(fields.map(([name, , type]) => [name, type === "number" ? Number(values.get(name)) : values.get(name)]));
    this.#try(async () => {
      const added = await call("user", "POST", path, { body });
      this.message = words.added(added.friendly_name);
      form.reset();
      this.remote.refresh();
    });
  }

  async #remove(path, { id, friendly_name: name }) {
    if (!(await confirm({ title: words.removeTitle(name), body: words.removeBody(name), action: words.removeAction(name) }))) return;
    this.#try(async () => {
      await call("user", "DELETE", `${path}/${id}`);
      this.message = words.removed(name);
      this.remote.refresh();
    });
  }

  async #try(action) {
    this.failure = null;
    this.message = "";
    try {
      await action();
    } catch (error) {
      this.failure = error;
    }
  }
}

customElements.define("bi-administration", AdministrationPage);

/** Return the page for the site's administrators. */
export const page = () => html`<bi-administration></bi-administration>`;
