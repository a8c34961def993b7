import { html, nothing } from "lit";
import { Remote } from "../app/controllers.js";
import { formatDate, formatDuration } from "../app/format.js";
import { link } from "../app/router.js";
import { experimentsOf, linksOf, myResources, refreshSeconds } from "../app/site.js";
import { text } from "../app/strings.js";
import { TaskFeed } from "../app/task-feed.js";
import { PageElement } from "../components/base.js";
import { ExperimentWindow } from "../components/experiment-window.js";
import { Window } from "../components/more.js";
import { emptyView, remoteView, statusPill } from "../components/views.js";
import { isParked, shownStatus } from "../components/task-timeline.js";

const STEP = 50;

class TasksPage extends PageElement {
  #feed = new TaskFeed();
  #window = new Window(this, STEP);
  #experiments = new ExperimentWindow(() => this.remote.refresh());

  constructor() {
    super();
    this.remote = new Remote(this, () => this.#load(), { seconds: (data) => refreshSeconds(data?.resources) });
  }

  async #load() {
    const { resources } = await myResources();
    const experiments = this.#experiments.of(experimentsOf(resources));
    const [links] = await Promise.all([linksOf(experiments), this.#feed.refresh(experiments)]);
    return { resources, names: new Map([...resources, ...links].map((entry) => [entry.id, entry.friendly_name])) };
  }

  render() {
    return html`<h1>${text.tasks.title}</h1><section class="card" aria-label=${text.tasks.title}>${remoteView(this.remote, (data) => this.#render(data))}</section>`;
  }

  #render({ names }) {
    const { tasks, hasOlder } = this.#feed;
    if (tasks.length === 0) return emptyView(text.tasks.empty, text.tasks.emptyHint, html`<p><a class="button" href="#/request">${text.overview.request}</a></p>`);
    return html`${this.#experiments.notice()}
      <div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.task}</th><th scope="col">${text.columns.status}</th>
      <th scope="col">${text.columns.progress}</th><th scope="col">${text.columns.started}</th><th scope="col">${text.columns.took}</th></tr></thead>
      <tbody>${this.#window.of(tasks).map((task) => renderTask(task, names))}</tbody></table></div>
      ${this.#window.footer(tasks, { hasMore: hasOlder, readOn: () => this.#feed.readOlder() })}`;
  }
}

function renderTask(task, names) {
  const about = [...task.resource_ids, ...task.link_ids].map((id) => names.get(id)).filter(Boolean);
  return html`<tr data-task=${task.id}><th scope="row"><a href=${link("tasks", task.id)}>${text.task.title(task.action)}</a>
    <span class="sub quiet">${text.tasks.about(about.slice(0, 4).join(", "), about.length - 4)}</span>
    ${task.failure_reason ? html`<span class="sub bad-text">${task.failure_reason}</span>` : nothing}
    ${isParked(task) ? html`<span class="sub warn-text" data-waiting>${text.task.waits(task.waiting_reason)}</span>` : nothing}</th>
    <td>${statusPill(shownStatus(task))}</td>
    <td data-label=${text.columns.progress}><progress max="100" value=${task.completed} aria-label=${text.task.completed(task.completed)}></progress></td>
    <td class="nowrap" data-label=${text.columns.started}>${formatDate(task.created_at)}</td><td class="nowrap" data-label=${text.columns.took}>${took(task)}</td></tr>`;
}

function took(task) {
  const end = task.finished_at ? Date.parse(task.finished_at) : Date.now();
  return formatDuration((end - Date.parse(task.created_at)) / 1000);
}

customElements.define("bi-tasks", TasksPage);

/** Return the page of all tasks. */
export const page = () => html`<bi-tasks></bi-tasks>`;
