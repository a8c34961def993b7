import { html, nothing } from "lit";
import { read, readPublic } from "../app/api.js";
import { Remote, TokenWatch } from "../app/controllers.js";
import { formatDuration, secondsUntil, shortId } from "../app/format.js";
import { link } from "../app/router.js";
import { session } from "../app/session.js";
import { TaskFeed } from "../app/task-feed.js";
import { nameOf } from "../app/qkd.js";
import { experimentsOf, infrastructure, linksOf, myResources, refreshSeconds } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { alarmWords } from "../components/alarms.js";
import { ExperimentWindow } from "../components/experiment-window.js";
import { Window } from "../components/more.js";
import { quotaMeters } from "../components/quota.js";
import { emptyView, lostNotice, remoteView, statusPill } from "../components/views.js";
import { isParked, shownStatus } from "../components/task-timeline.js";
import "../components/countdown.js";
import "../components/extend-menu.js";
import "../components/user-links.js";

const ALARM_SECONDS = 10;
const SLOW_SECONDS = 30;
const ENDS_SOON_SECONDS = 3600;
const STEP = 50;
const RECENT_SECONDS = 24 * 3600;
const PAST = ["terminated", "failed"];
const words = text.overview;

class OverviewPage extends PageElement {
  #feed = new TaskFeed();
  #experiments = new ExperimentWindow(() => this.mine.refresh());
  #windows = { present: new Window(this, STEP), past: new Window(this, STEP) };

  constructor() {
    super();
    new TokenWatch(this);
    this.mine = new Remote(this, () => this.#loadMine(), { seconds: (data) => refreshSeconds(data?.resources) });
    this.quota = new Remote(this, () => read("/quota"), { seconds: SLOW_SECONDS });
    this.health = new Remote(this, () => readPublic("/health"), { seconds: SLOW_SECONDS });
    this.qkdLinks = new Remote(this, loadLinks, { seconds: ALARM_SECONDS });
  }

  render() {
    const alarms = this.#alarms();
    const attention = html`<section class="card attention" aria-labelledby="attention"><h2 id="attention">${words.attention}</h2>${this.#renderAttention(alarms)}</section>`;
    return html`<div class="row between page-head"><h1>${words.title}</h1><a class="button primary" href="#/request">${words.request}</a></div>
      ${alarms.length ? attention : nothing}
      <div class="columns"><div class="stack">
        <section class="card" aria-labelledby="mine"><h2 id="mine">${words.mine}</h2>
          ${session.good("user") ? nothing : html`<p class="quiet small">${words.partly}</p>`}
          ${remoteView(this.mine, (data) => this.#renderResources(data))}</section>
        ${this.#experiments.notice()}
        ${this.mine.data?.links.length ? this.#renderLinks(this.mine.data) : nothing}
      </div><div class="stack">
        ${alarms.length ? nothing : attention}
        <section class="card" aria-labelledby="under-way"><h2 id="under-way">${words.tasks}</h2>${this.mine.data ? this.#renderTasks(this.mine.data.tasks) : nothing}</section>
        <section class="card" aria-labelledby="quota"><h2 id="quota">${words.quota}</h2>${remoteView(this.quota, quotaMeters)}</section>
      </div></div>`;
  }

  #renderResources({ resources, isCut }) {
    const present = resources.filter((resource) => !PAST.includes(resource.status));
    const past = resources.filter((resource) => PAST.includes(resource.status));
    return html`${isCut ? html`<p class="notice" data-kind="warn">${words.cut(resources.length)}</p>` : nothing}
      ${present.length ? this.#renderTable(present, this.#windows.present) : emptyView(words.empty, words.emptyHint, html`<p><a class="button" href="#/request">${words.request}</a></p>`)}
      ${past.length ? html`<details class="past"><summary>${words.past(past.length)}</summary>${this.#renderTable(past, this.#windows.past)}</details>` : nothing}`;
  }

  #renderLinks({ links, resources }) {
    const live = links.filter((entry) => !entry.ended_at || (entry.status === "failed" && secondsUntil(entry.ended_at) > -RECENT_SECONDS));
    if (live.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="links"><h2 id="links">${words.links}</h2>
      <bi-user-links .links=${live} .resources=${new Map(resources.map((resource) => [resource.id, resource]))} @changed=${() => this.mine.refresh()}></bi-user-links></section>`;
  }

  #renderTable(resources, shown) {
    const isMixed = new Set(resources.map((resource) => resource.experiment_id)).size > 1;
    return html`<div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.status}</th>
      <th scope="col">${text.columns.address}</th><th scope="col">${text.columns.ends}</th></tr></thead>
      <tbody>${shown.of(resources).map((resource) => this.#renderRow(resource, isMixed))}</tbody></table></div>
      ${shown.footer(resources)}`;
  }

  #renderRow(resource, isMixed) {
    const isOver = PAST.includes(resource.status);
    return html`<tr data-resource=${resource.friendly_name}><th scope="row"><a href=${link("resources", resource.id)}>${resource.friendly_name}</a>
        ${isMixed ? html`<span class="sub quiet" title=${resource.experiment_id}>${shortId(resource.experiment_id)}</span>` : nothing}</th>
      <td>${statusPill(resource.status)}</td>
      <td class="mono" data-label=${text.columns.address}>${resource.public_ipv4 ?? resource.private_ipv4 ?? text.none}</td>
      <td data-label=${text.columns.ends}>${isOver ? text.none : html`<span class="row tight"><bi-countdown .until=${resource.expires_at}></bi-countdown>
        <bi-extend-menu .resources=${[resource]} name=${resource.friendly_name} @extended=${() => this.mine.refresh()}></bi-extend-menu></span>`}</td></tr>`;
  }

  #renderTasks(tasks) {
    const open = tasks.filter((task) => ["pending", "running"].includes(task.status));
    if (open.length === 0) return html`<p class="quiet">${words.noTasks}</p>`;
    return html`<ul class="plain">${open.map((task) => html`<li><div class="row between"><a href=${link("tasks", task.id)}>${text.task.title(task.action)}</a>${statusPill(shownStatus(task))}</div>
      <progress max="100" value=${task.completed} aria-label=${text.task.completed(task.completed)}></progress>
      ${isParked(task) ? html`<p class="small warn-text" data-waiting>${text.task.waits(task.waiting_reason)}</p>` : nothing}</li>`)}</ul>`;
  }

  #renderAttention(alarms) {
    if (alarms.length === 0) return html`${lostNotice(this.health.lostAt)}<p class="quiet">${words.allWell}</p>`;
    return html`${lostNotice(this.health.lostAt)}<ul class="plain alarms">${alarms.map(([target, words]) => html`<li>${target ? html`<a href=${target}>${words}</a>` : words}</li>`)}</ul>`;
  }

  #alarms() {
    const resources = this.mine.data?.resources ?? [];
    const ending = resources.filter((r) => !PAST.includes(r.status) && secondsUntil(r.expires_at) < ENDS_SOON_SECONDS)
      .map((r) => [link("resources", r.id), words.endsSoon(r.friendly_name, formatDuration(secondsUntil(r.expires_at)))]);
    const failed = resources.filter((r) => r.status === "failed" && secondsUntil(r.created_at) > -RECENT_SECONDS)
      .map((r) => [link("resources", r.id), words.failedResource(r.friendly_name, r.failure_reason)]);
    const links = (this.qkdLinks.data ?? []).flatMap((entry) => (entry.alarms ?? []).map((alarm) => [link("qkd-links", entry.id), words.linkAlarm(nameOf(entry), alarmWords(alarm))]));
    const degraded = (this.mine.data?.links ?? []).filter((entry) => entry.status === "degraded")
      .map((entry) => [link("qkd-links", entry.qkd_link_id), words.degraded(entry.friendly_name)]);
    const site = { degraded: [[null, words.staleCatalog]], down: [[null, words.down]] }[this.health.data?.status] ?? [];
    return [...site, ...failed, ...degraded, ...links, ...ending];
  }

  async #loadMine() {
    const { resources, isCut } = await myResources();
    const experiments = this.#experiments.of(experimentsOf(resources));
    const [feed, links] = await Promise.all([this.#feed.refresh(experiments), linksOf(experiments)]);
    return { resources, isCut, tasks: feed.tasks, links };
  }
}

async function loadLinks() {
  return (await infrastructure()).supports_qkd ? read("/qkd-links") : [];
}

customElements.define("bi-overview", OverviewPage);

/** Return the page of what the user has. */
export const page = () => html`<bi-overview></bi-overview>`;
