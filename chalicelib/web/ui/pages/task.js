import { html, nothing } from "lit";
import { read } from "../app/api.js";
import { Remote, TaskWatch } from "../app/controllers.js";
import { link } from "../app/router.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { errorView, loadingView, statusPill } from "../components/views.js";
import "../components/copy-text.js";
import "../components/countdown.js";
import "../components/task-timeline.js";

const REFRESH_SECONDS = 4;

class TaskPage extends PageElement {
  static properties = { taskId: {} };

  constructor() {
    super();
    this.watch = new TaskWatch(this, () => this.resources.refresh());
    this.resources = new Remote(this, () => this.#loadResources(), { seconds: REFRESH_SECONDS });
  }

  willUpdate() {
    this.watch.follow(this.taskId);
    if (this.watch.task && !this.resources.data?.length) this.resources.refresh();
  }

  #loadResources() {
    const ids = this.watch.task?.resource_ids ?? [];
    return Promise.all(ids.map((id) => read(`/resources/${encodeURIComponent(id)}`)));
  }

  render() {
    const { task, error, isLost } = this.watch;
    if (error) return errorView(error);
    if (!task) return isLost ? html`<p class="notice" data-kind="warn" role="status">${text.task.lost}</p>` : loadingView();
    return html`<p class="crumb"><a href="#/tasks">${text.pages.tasks}</a></p><h1>${text.task.title(task.action)}</h1>
      <div class="columns"><section class="card" aria-labelledby="steps"><h2 id="steps">${text.task.steps}</h2><bi-task-timeline .task=${task} ?lost=${isLost}></bi-task-timeline></section>
      <section class="card" aria-labelledby="vms"><h2 id="vms">${text.task.resources}</h2>
        <ul class="plain">${(this.resources.data ?? []).map((resource) => html`<li data-resource=${resource.friendly_name}>
          <div class="row between"><a href=${link("resources", resource.id)}>${resource.friendly_name}</a>${statusPill(resource.status)}</div>
          ${["terminated", "failed"].includes(resource.status) ? nothing : html`<span class="quiet small">${text.columns.ends} <bi-countdown .until=${resource.expires_at}></bi-countdown></span>`}</li>`)}</ul>
      </section></div>`;
  }
}

customElements.define("bi-task-page", TaskPage);

/** Return the page of one task. */
export const page = (id) => html`<bi-task-page .taskId=${id}></bi-task-page>`;
