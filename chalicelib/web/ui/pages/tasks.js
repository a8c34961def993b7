import { html } from "lit";
import { Remote } from "../app/controllers.js";
import { formatDate, formatDuration } from "../app/format.js";
import { link } from "../app/router.js";
import { experimentsOf, myResources, tasksOf } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { emptyView, remoteView, statusPill } from "../components/views.js";
import { shownStatus } from "../components/task-timeline.js";

const REFRESH_SECONDS = 5;

class TasksPage extends PageElement {
  constructor() {
    super();
    this.remote = new Remote(this, loadTasks, { seconds: REFRESH_SECONDS });
  }

  render() {
    return html`<h1>${text.tasks.title}</h1><section class="card" aria-label=${text.tasks.title}>${remoteView(this.remote, renderTasks)}</section>`;
  }
}

async function loadTasks() {
  const resources = await myResources();
  const names = new Map(resources.map((resource) => [resource.id, resource.friendly_name]));
  return { tasks: await tasksOf(experimentsOf(resources)), names };
}

function renderTasks({ tasks, names }) {
  if (tasks.length === 0) return emptyView(text.tasks.empty, text.tasks.emptyHint, html`<p><a class="button" href="#/request">${text.overview.request}</a></p>`);
  return html`<div class="table-wrap"><table><thead><tr><th scope="col">${text.columns.task}</th><th scope="col">${text.columns.status}</th>
    <th scope="col">${text.columns.progress}</th><th scope="col">${text.columns.started}</th><th scope="col">${text.columns.took}</th></tr></thead>
    <tbody>${tasks.map((task) => html`<tr data-task=${task.id}><th scope="row"><a href=${link("tasks", task.id)}>${text.task.title(task.action)}</a>
      <span class="sub quiet">${task.resource_ids.map((id) => names.get(id)).filter(Boolean).join(", ")}</span></th>
      <td>${statusPill(shownStatus(task))}</td>
      <td><progress max="100" value=${task.completed} aria-label=${text.task.completed(task.completed)}></progress></td>
      <td class="nowrap">${formatDate(task.created_at)}</td><td class="nowrap">${took(task)}</td></tr>`)}</tbody></table></div>`;
}

function took(task) {
  const end = task.finished_at ? Date.parse(task.finished_at) : Date.now();
  return formatDuration((end - Date.parse(task.created_at)) / 1000);
}

customElements.define("bi-tasks", TasksPage);

/** Return the page of all tasks. */
export const page = () => html`<bi-tasks></bi-tasks>`;
