import { html, nothing } from "lit";
import { call, NeedsToken, read } from "../app/api.js";
import { Remote, TaskWatch, TokenWatch } from "../app/controllers.js";
import { formatDate, formatKeys, shortId } from "../app/format.js";
import { link } from "../app/router.js";
import { personOf, session } from "../app/session.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { confirm, tokenDialog } from "../components/dialogs.js";
import { historyTable } from "../components/history.js";
import { errorView, fact, remoteView, statusPill } from "../components/views.js";
import "../components/copy-text.js";
import "../components/countdown.js";
import "../components/extend-menu.js";
import "../components/task-timeline.js";

const REFRESH_SECONDS = 5;
const RECENT_TASKS = 200;
const OVER = ["terminated", "failed"];
const words = text.resource;

class ResourcePage extends PageElement {
  static properties = { resourceId: {}, actionError: { state: true }, consoleUrl: { state: true } };

  constructor() {
    super();
    new TokenWatch(this);
    this.remote = new Remote(this, () => this.#load(), { seconds: REFRESH_SECONDS });
    this.watch = new TaskWatch(this, () => this.remote.refresh());
  }

  willUpdate(changed) {
    if (changed.has("resourceId") && changed.get("resourceId")) this.remote.reset();
    const task = this.remote.data?.task;
    if (task) this.watch.follow(task.id);
  }

  async #load() {
    const path = `/resources/${encodeURIComponent(this.resourceId)}`;
    const resource = await read(path);
    const [events, tasks, links, names] = await Promise.all([
      read(`${path}/events`),
      read("/tasks", { experiment_id: resource.experiment_id, limit: RECENT_TASKS }),
      Promise.all(resource.links.map((id) => read(`/links/${encodeURIComponent(id)}`))),
      namesOf(resource),
    ]);
    // Its latest task; when too much has happened since, the one that made it.
    const task = tasks.find((entry) => entry.resource_ids.includes(resource.id)) ?? { id: resource.task_id };
    return { resource, events, task, links, names };
  }

  render() {
    return remoteView(this.remote, (data) => this.#render(data));
  }

  #render({ resource, events, links, names }) {
    const isOver = OVER.includes(resource.status);
    return html`<div class="row between page-head"><div><p class="crumb"><a href="#/">${text.pages.overview}</a></p>
        <h1 class="row">${resource.friendly_name} ${statusPill(resource.status)}</h1><p class="quiet">${text.status[resource.status][1]}</p></div>
        ${isOver ? nothing : this.#renderActions(resource)}</div>
      ${this.actionError ? errorView(this.actionError) : nothing}
      ${this.consoleUrl ? html`<p class="notice" data-kind="good" role="status"><a href=${this.consoleUrl} target="_blank" rel="noopener noreferrer">${words.openConsole}</a> ${words.consoleReady}</p>` : nothing}
      ${resource.failure_reason ? html`<div class="notice" data-kind="bad"><p class="notice-title">${words.why}</p><p class="reason">${resource.failure_reason}</p></div>` : nothing}
      <div class="columns resource">
      <section class="card" aria-labelledby="time"><h2 id="time">${words.time}</h2>${this.#renderTime(resource, isOver)}</section>
      <div class="stack">
        ${isOver ? nothing : this.#renderConnect(resource)}
        ${links.map((entry) => renderLink(entry))}
        ${this.watch.task ? html`<section class="card" aria-labelledby="task"><h2 id="task">${words.lastTask}: ${text.task.title(this.watch.task.action)}</h2>
          <bi-task-timeline .task=${this.watch.task} .only=${resource.friendly_name} ?lost=${this.watch.isLost}></bi-task-timeline></section>` : nothing}
      </div>
      <section class="card" aria-labelledby="about"><h2 id="about">${words.about}</h2>${renderAbout(resource, names)}</section>
      <section class="card" aria-labelledby="history"><h2 id="history">${words.history}</h2>${historyTable(events)}</section></div>`;
  }

  #renderActions(resource) {
    const isRemoving = resource.status === "terminating";
    const can = this.#canChange(resource);
    return html`<div class="row">
      <button type="button" ?disabled=${resource.status !== "up"} @click=${() => this.#act(resource, () => this.#openConsole(resource))}>${words.console}</button>
      <button type="button" ?disabled=${resource.status !== "up"} @click=${() => this.#act(resource, () => this.#reset(resource))}>${words.reset}</button>
      <button type="button" class="danger" ?disabled=${isRemoving} @click=${() => this.#act(resource, () => this.#remove(resource))}>${words.remove}</button>
      ${can ? nothing : html`<p class="quiet small full">${session.good("experiment") ? words.otherExperiment : words.readOnly}</p>`}</div>`;
  }

  #canChange(resource) {
    return session.good("experiment")?.claims.sub === resource.experiment_id;
  }

  #renderConnect(resource) {
    const [login] = resource.ssh_logins;
    return html`<section class="card" aria-labelledby="connect"><h2 id="connect">${words.connect}</h2>
      ${login && resource.status !== "initializing" ? html`<bi-copy-text .value=${sshCommand(login)} label=${words.ssh}></bi-copy-text>
        <h3>${words.fingerprints}</h3>
        ${resource.ssh_host_key_fingerprints.length ? html`<p class="quiet small">${words.fingerprintHint}</p>
          <ul class="plain mono small wrap">${resource.ssh_host_key_fingerprints.map((line) => html`<li>${line}</li>`)}</ul>` : html`<p class="quiet small">${words.noFingerprints}</p>`}`
      : html`<p class="quiet">${words.noLogin}</p>`}</section>`;
  }

  #renderTime(resource, isOver) {
    if (isOver) return html`<p>${words.ended(formatDate(resource.terminated_at ?? resource.expires_at))}</p>`;
    return html`<p class="big"><bi-countdown .until=${resource.expires_at}></bi-countdown></p><p class="quiet small">${words.endsAt(formatDate(resource.expires_at))}</p>
      ${resource.status === "terminating" ? nothing : html`<bi-extend-menu .resources=${[resource]} name=${resource.friendly_name} @extended=${() => this.remote.refresh()}></bi-extend-menu>`}`;
  }

  async #act(resource, action) {
    this.actionError = null;
    this.consoleUrl = "";
    if (!this.#canChange(resource) && !(await tokenDialog())) return;
    try {
      await action();
    } catch (error) {
      if (error instanceof NeedsToken) await tokenDialog();
      else this.actionError = error;
    }
  }

  async #remove({ id, friendly_name: name }) {
    if (!(await confirm({ title: words.removeTitle(name), body: words.removeBody(name), action: words.removeAction(name) }))) return;
    this.#follow(await call("experiment", "DELETE", `/resources/${id}`));
  }

  async #reset({ id, friendly_name: name }) {
    if (!(await confirm({ title: words.resetTitle(name), body: words.resetBody(name), action: words.resetAction(name) }))) return;
    this.#follow(await call("experiment", "POST", `/resources/${id}/reset`));
  }

  async #openConsole({ id }) {
    this.consoleUrl = (await call("experiment", "GET", `/resources/${id}/console`)).url;
  }

  #follow({ task }) {
    this.watch.follow(task.id);
    this.remote.refresh();
  }
}

/** Return how to fetch the keys of a QKD link in this VM, and how many were fetched. */
function renderLink(entry) {
  const canFetch = ["active", "degraded"].includes(entry.status);
  return html`<section class="card" aria-labelledby=${entry.id} data-link=${entry.friendly_name}><div class="row between after-row"><h2 id=${entry.id}>${words.qkdLink(entry.friendly_name)}</h2>${statusPill(entry.status)}</div>
    <p>${words.keysUsed(formatKeys(entry.consumed_bits, entry.key_size_bits))} <a href=${link("qkd-links", entry.qkd_link_id)}>${words.qualityOf}</a></p>
    ${entry.failure_reason ? html`<p class="bad-text">${entry.failure_reason}</p>` : nothing}
    ${entry.waiting_reason ? html`<p class="notice" data-kind="warn" data-waiting>${text.qkd.waits(entry.waiting_reason)}</p>` : nothing}
    ${canFetch ? html`<h3>${words.fetch}</h3><bi-copy-text .value=${`sudo ./fetch-key.py /etc/slices-qkd/${entry.friendly_name}`} label=${words.fetchCommand(entry.friendly_name)}></bi-copy-text><p class="hint">${words.fetchHint(entry.friendly_name)}</p>` : nothing}</section>`;
}

function renderAbout(resource, names) {
  const addresses = [resource.public_ipv4, resource.private_ipv4, resource.public_ipv6, resource.private_ipv6].filter(Boolean);
  return html`<dl class="facts">
    ${fact(words.image, names.diskImage)}${fact(words.flavor, names.flavor)}
    ${fact(words.addresses, addresses.length ? html`<span class="mono">${addresses.join(", ")}</span>` : text.none)}
    ${fact(words.created, formatDate(resource.created_at))}
    ${fact(words.owner, html`<span title=${resource.owner_id ?? ""}>${personOf(resource.owner_id)}</span>`)}
    ${fact(words.experiment, html`<span title=${resource.experiment_id}>${shortId(resource.experiment_id)}</span>`)}
    ${fact(words.id, html`<span class="mono small wrap">${resource.id}</span>`)}</dl>`;
}

/** Return the names of image and flavor; their ids when the catalog no longer tells. */
async function namesOf(resource) {
  const name = (path, id) => read(`${path}/${id}`).then((entry) => entry.friendly_name, () => shortId(id));
  const [diskImage, flavor] = await Promise.all([name("/disk-images", resource.disk_image_id), name("/flavors", resource.flavor_id)]);
  return { diskImage, flavor };
}

/** Return the command that logs in. */
function sshCommand({ host, port, username, jump_proxy: proxy }) {
  const jump = proxy ? `-J ${proxy.username}@${proxy.host}${proxy.port === 22 ? "" : `:${proxy.port}`} ` : "";
  return `ssh ${jump}${port === 22 ? "" : `-p ${port} `}${username}@${host}`;
}

customElements.define("bi-resource", ResourcePage);

/** Return the page of one resource. */
export const page = ({ id }) => html`<bi-resource .resourceId=${id}></bi-resource>`;
