import { html, nothing } from "lit";
import { read } from "../app/api.js";
import { Remote, TaskWatch } from "../app/controllers.js";
import { link } from "../app/router.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { Window } from "../components/more.js";
import { errorView, loadingView, statusPill } from "../components/views.js";
import "../components/countdown.js";
import "../components/extend-menu.js";
import "../components/task-timeline.js";

const REFRESH_SECONDS = 4;
const STEP = 20;
const OVER = ["terminating", "terminated", "failed", "releasing", "released"];

class TaskPage extends PageElement {
  static properties = { taskId: {} };

  #window = new Window(this, STEP);

  constructor() {
    super();
    this.watch = new TaskWatch(this, () => this.about.refresh());
    this.about = new Remote(this, () => this.#loadAbout(), { seconds: REFRESH_SECONDS });
  }

  willUpdate() {
    this.watch.follow(this.taskId);
    if (this.watch.task && !this.about.data?.length) this.about.refresh();
  }

  /** Read what the task is about, as much of it as is shown. */
  #loadAbout() {
    return Promise.all(this.#window.of(this.#targets()).map(async ([kind, id]) => {
      const entry = await read(`/${kind}/${encodeURIComponent(id)}`);
      return { ...entry, isVm: kind === "resources", address: kind === "links" ? link("qkd-links", entry.qkd_link_id) : link("resources", id) };
    }));
  }

  #targets() {
    const { task } = this.watch;
    return [...(task?.resource_ids ?? []).map((id) => ["resources", id]), ...(task?.link_ids ?? []).map((id) => ["links", id])];
  }

  render() {
    const { task, error, isLost } = this.watch;
    if (error) return errorView(error);
    if (!task) return isLost ? html`<p class="notice" data-kind="warn" role="status">${text.task.lost}</p>` : loadingView();
    return html`<p class="crumb"><a href="#/tasks">${text.pages.tasks}</a></p><h1>${text.task.title(task.action)}</h1>
      <div class="columns"><section class="card" aria-labelledby="steps"><h2 id="steps">${text.task.steps}</h2><bi-task-timeline .task=${task} ?lost=${isLost}></bi-task-timeline></section>
      <section class="card" aria-labelledby="vms"><h2 id="vms">${text.task.resources}</h2>
        ${this.about.error ? errorView(this.about.error) : nothing}
        <ul class="plain">${(this.about.data ?? []).map((entry) => html`<li data-resource=${entry.friendly_name}>
          <div class="row between"><a href=${entry.address}>${entry.friendly_name}</a>${statusPill(entry.status)}</div>
          ${OVER.includes(entry.status) ? nothing : html`<div class="row between"><span class="quiet small">${text.columns.ends} <bi-countdown .until=${entry.expires_at}></bi-countdown></span>
            ${entry.isVm ? html`<bi-extend-menu .resources=${[entry]} name=${entry.friendly_name} @extended=${() => this.about.refresh()}></bi-extend-menu>` : nothing}</div>`}</li>`)}</ul>
        ${this.#window.footer(this.#targets(), { grown: () => this.about.refresh() })}
      </section></div>`;
  }
}

customElements.define("bi-task-page", TaskPage);

/** Return the page of one task. */
export const page = ({ id }) => html`<bi-task-page .taskId=${id}></bi-task-page>`;
