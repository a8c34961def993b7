// A task as it happens: its steps by VM, the time each took, and in words what holds it up.
import { html, nothing } from "lit";
import { Clock } from "../app/controllers.js";
import { formatDate, formatDuration, formatMoment, formatTime } from "../app/format.js";
import { text } from "../app/strings.js";
import { PageElement } from "./base.js";
import { statusPill } from "./views.js";

/** Say whether a task waits for something that does not answer. */
export const isParked = (task) => task.parked_since !== null;

/** Return the status that people should see. */
export const shownStatus = (task) => (isParked(task) ? "parked" : task.status);

class TaskTimeline extends PageElement {
  static properties = { task: { attribute: false }, only: { attribute: false }, isLost: { type: Boolean, attribute: "lost" } };

  constructor() {
    super();
    new Clock(this);
  }

  render() {
    const { task } = this;
    if (!task) return nothing;
    const isOpen = ["pending", "running"].includes(task.status);
    const seconds = (Date.parse(task.finished_at ?? new Date().toISOString()) - Date.parse(task.created_at)) / 1000;
    return html`<div class="timeline" data-task=${task.id} data-status=${task.status}>
      <div class="row between"><span class="row">${statusPill(shownStatus(task))}<span class="quiet small">${isOpen ? text.task.elapsed(formatDuration(seconds)) : text.task.took(formatDuration(seconds))}</span></span>
        <span class="small">${text.task.completed(task.completed)}</span></div>
      <progress max="100" value=${task.completed} aria-label=${text.task.completed(task.completed)}></progress>
      <p class="visually-hidden" role="status">${text.status[shownStatus(task)]?.[0]}, ${text.task.completed(task.completed)}</p>
      ${isParked(task) ? html`<div class="notice" data-kind="warn" data-parked role="status"><p class="notice-title">${text.task.parked}</p><p class="reason" data-waiting>${text.task.waits(task.waiting_reason)}</p>
        <p>${text.task.parkedSince(formatMoment(task.parked_since), formatTime(task.next_try_at))}</p></div>` : nothing}
      ${this.isLost ? html`<p class="notice" data-kind="warn" role="status">${text.task.lost}</p>` : nothing}
      ${task.failure_reason ? html`<div class="notice" data-kind="bad"><p class="notice-title">${text.task.failed}</p><p class="reason">${task.failure_reason}</p></div>` : nothing}
      ${[...stepsByName(task)].filter(([name], _, lanes) => lanes.length === 1 || !this.only || name === this.only).map(([name, steps]) => html`<section class="lane"><h3 class="lane-title">${name}</h3><ol class="steps">${steps.map((step) => this.#renderStep(step))}</ol></section>`)}
    </div>`;
  }

  #renderStep(step) {
    const [label] = text.status[step.status] ?? [step.status];
    return html`<li class="step" data-status=${step.status}><span class="step-mark" aria-hidden="true"></span>
      <span class="step-name">${text.task.stepNames[step.label] ?? step.label}<span class="visually-hidden">, ${label}</span></span>
      <span class="step-time quiet" title=${formatDate(step.started_at)}>${elapsed(step)}</span>
      ${step.detail && !isSaidAbove(this.task, step) ? html`<span class="step-detail">${step.detail}</span>` : nothing}</li>`;
  }
}

/** Say whether the notice of the waiting task tells what holds this step up. */
const isSaidAbove = (task, step) => task.waiting_reason !== null && step.detail.includes(task.waiting_reason);

/** Return the steps by the VM that their names begin with. */
function stepsByName(task) {
  const lanes = new Map();
  for (const step of task.steps) {
    const [owner, label] = step.name.includes(": ") ? step.name.split(/: (.*)/s) : [text.task.steps, step.name];
    lanes.set(owner, [...(lanes.get(owner) ?? []), { ...step, label }]);
  }
  return lanes;
}

function elapsed(step) {
  if (!step.started_at) return "";
  const end = step.finished_at ? Date.parse(step.finished_at) : Date.now();
  return formatDuration((end - Date.parse(step.started_at)) / 1000);
}

customElements.define("bi-task-timeline", TaskTimeline);
