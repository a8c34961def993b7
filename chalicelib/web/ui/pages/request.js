import { html, nothing } from "lit";
import { call, NeedsToken } from "../app/api.js";
import { Remote, TokenWatch } from "../app/controllers.js";
import { bodyOf, changed, endOf, isComplete, loadDraft, missingOf, namesOf, sent } from "../app/draft.js";
import { formatDate, formatDisk, formatMemory } from "../app/format.js";
import { go, link } from "../app/router.js";
import { session } from "../app/session.js";
import { catalog } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { tokenDialog } from "../components/dialogs.js";
import { errorFor, field, selectField } from "../components/fields.js";
import { linkFields } from "../components/link-fields.js";
import { remoteView, errorView } from "../components/views.js";
import "../components/request-check.js";

const words = text.request;
// What may be missing from a draft: its control here, and its path in the request.
const CONTROLS = { image: "disk-image", flavor: "flavor", name: "name", duration: "duration", sshKey: "ssh-key" };
const FIELDS = { image: "resources[0].disk_image_id", flavor: "resources[0].flavor_id", name: "resources[0].friendly_name", duration: "expires_at", sshKey: "ssh_authorized_keys" };

class RequestPage extends PageElement {
  static properties = { draft: { state: true }, errors: { state: true }, failure: { state: true }, isSending: { state: true } };

  #firstEnd = null;

  constructor() {
    super();
    this.draft = changed(loadDraft(), {});
    this.errors = [];
    new TokenWatch(this);
    this.remote = new Remote(this, () => catalog());
  }

  willUpdate() {
    const { data } = this.remote;
    if (!data) return;
    // The first of the catalog is a fair start; what has vanished from it cannot be asked for.
    if (!data.diskImages.some((image) => image.id === this.draft.diskImageId)) this.#set({ diskImageId: data.diskImages[0]?.id ?? "" });
    if (!data.flavors.some((flavor) => flavor.id === this.draft.flavorId)) this.#set({ flavorId: data.flavors[0]?.id ?? "" });
  }

  render() {
    return html`<h1>${words.title}</h1>${remoteView(this.remote, (data) => html`<div class="columns wide-left request">
      <form class="stack" id="request-form" @submit=${this.#submit} novalidate>
        ${this.#renderMachine(data)}${this.#renderTime(data.infrastructure)}${this.#renderAccess()}${linkFields(this.draft, data.infrastructure, (links) => this.#set({ links }))}
      </form>
      <bi-request-check .draft=${this.draft} @checked=${(event) => { this.errors = event.detail; }}></bi-request-check>
      <div>${this.failure ? errorView(this.failure) : nothing}
        <div class="row"><button type="submit" form="request-form" class="primary" ?disabled=${this.isSending}>${this.isSending ? words.sending : words.send(namesOf(this.draft).length)}</button>
          <span class="quiet small">${words.draft}</span></div></div></div>`)}`;
  }

  #renderMachine({ diskImages, flavors, infrastructure }) {
    const { draft } = this;
    const names = namesOf(draft);
    const networks = infrastructure.networks.filter((network) => !network.is_external);
    return html`<fieldset class="card"><legend>${words.machine}</legend><div class="form-grid">
      ${selectField({ name: "disk-image", isWide: true, label: words.image, value: draft.diskImageId, error: this.#error("resources[0].disk_image_id"), onChange: (diskImageId) => this.#set({ diskImageId }),
        options: diskImages.map((image) => [image.id, image.friendly_name]) })}
      ${selectField({ name: "flavor", isWide: true, label: words.flavor, value: draft.flavorId, error: this.#error("resources[0].flavor_id"), onChange: (flavorId) => this.#set({ flavorId }),
        options: flavors.map((flavor) => [flavor.id, `${flavor.friendly_name}: ${text.catalog.sizeOf(flavor.vcpus, formatMemory(flavor.ram_mib), formatDisk(flavor.disk_mb))}`]) })}
      ${field({ name: "name", label: words.name, hint: words.nameHint(names[0], names.length > 1 ? names.at(-1) : ""), error: this.#error("resources", "friendly_name"),
        control: (aria) => html`<input id="name" name="name" required autocomplete="off" maxlength="60" .value=${draft.name} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @input=${(event) => this.#set({ name: event.target.value.trim() })}>` })}
      ${field({ name: "count", label: words.count, control: (aria) => html`<input id="count" name="count" type="number" min="1" max=${infrastructure.max_resources_per_request} .value=${String(draft.count)} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @input=${(event) => this.#set({ count: event.target.value })}>` })}
      ${selectField({ name: "network", label: words.network, value: draft.network, error: this.#error("resources[0].network"), onChange: (network) => this.#set({ network }),
        options: [["", words.siteDefault], ...networks.map((network) => [network.name, network.name])] })}
      ${infrastructure.features.includes("public-ipv4") ? html`<div class="field check"><input id="public-ipv4" type="checkbox" .checked=${draft.publicIpv4} @change=${(event) => this.#set({ publicIpv4: event.target.checked })}><label for="public-ipv4">${words.publicIpv4}</label></div>` : nothing}
    </div></fieldset>`;
  }

  #renderTime(infrastructure) {
    const { draft } = this;
    const end = endOf(draft);
    return html`<fieldset class="card"><legend>${words.time}</legend><div class="form-grid">
      ${field({ name: "duration", label: words.duration, hint: end ? words.until(formatDate(end)) : words.longest(infrastructure.max_duration_days), error: this.#error("expires_at"),
        control: (aria) => html`<input id="duration" name="duration" type="number" min="1" step="any" .value=${String(draft.duration)} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @input=${(event) => this.#set({ duration: event.target.value })}>` })}
      ${selectField({ name: "unit", label: words.unit, value: draft.unit, onChange: (unit) => this.#set({ unit }), options: [["hours", words.hours], ["days", words.days]] })}
    </div></fieldset>`;
  }

  #renderAccess() {
    const { draft } = this;
    return html`<fieldset class="card"><legend>${words.access}</legend><div class="stack">
      ${field({ name: "ssh-key", label: words.sshKey, hint: words.sshKeyHint, error: this.#error("ssh_authorized_keys"),
        control: (aria) => html`<textarea id="ssh-key" name="ssh-key" rows="3" required spellcheck="false" class="mono" .value=${draft.sshKey} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @input=${(event) => this.#set({ sshKey: event.target.value })}></textarea>` })}
      <details ?open=${draft.userdata !== ""}><summary>${words.userdata}</summary>
        ${field({ name: "userdata", label: words.userdata, hint: words.userdataHint, error: this.#error("resources", "userdata"),
          control: (aria) => html`<textarea id="userdata" name="userdata" rows="6" spellcheck="false" class="mono" .value=${draft.userdata} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @input=${(event) => this.#set({ userdata: event.target.value })}></textarea>` })}</details>
    </div></fieldset>`;
  }

  #error = (...parts) => errorFor(this.errors, ...parts);

  #set(fields) {
    this.draft = changed(this.draft, fields);
  }

  #submit = async (event) => {
    event.preventDefault();
    this.failure = null;
    if (!isComplete(this.draft)) return this.#showMissing();
    if (!session.good("experiment") && !(await tokenDialog())) return undefined;
    this.isSending = true;
    try {
      const body = bodyOf(this.draft, session.good("user")?.jwt, this.#endOnce());
      const accepted = await call("experiment", "POST", "/resources", { query: { request_id: this.draft.requestId }, body });
      sent(this.draft);
      go(link("tasks", accepted.task.id));
    } catch (error) {
      if (error instanceof NeedsToken) await tokenDialog();
      else this.failure = error;
      this.errors = error.errors ?? [];
    } finally {
      this.isSending = false;
    }
    return undefined;
  };

  #endOnce() {
    const { requestId } = this.draft;
    if (this.#firstEnd?.requestId !== requestId) this.#firstEnd = { requestId, end: endOf(this.draft) };
    return this.#firstEnd.end;
  }

  #showMissing() {
    const missing = missingOf(this.draft);
    this.errors = missing.map((name) => ({ field: FIELDS[name], message: words.required }));
    this.querySelector(`#${CONTROLS[missing[0]]}`)?.focus();
  }
}

customElements.define("bi-request", RequestPage);

/** Return the page where VMs are asked for. */
export const page = () => html`<bi-request></bi-request>`;
