// Small templates: statuses, and the states in which there is nothing to show yet.
import { html, nothing } from "lit";
import { NeedsToken, Problem, Unreachable } from "../app/api.js";
import { formatTime } from "../app/format.js";
import { text } from "../app/strings.js";
import "./token-panel.js";

/** Return a status as a pill; the meaning is its title. */
export function statusPill(status) {
  const [label, meaning] = text.status[status] ?? [status, ""];
  return html`<span class="pill" data-status=${status} title=${meaning}><span class="dot" aria-hidden="true"></span>${label}</span>`;
}

export const loadingView = () => html`<p class="state quiet" role="status"><span class="spinner" aria-hidden="true"></span>${text.states.loading}</p>`;

/** Return the state of an empty list; `action` is a template. */
export function emptyView(title, hint, action = nothing) {
  return html`<div class="state empty"><svg class="empty-mark" viewBox="0 0 64 32" aria-hidden="true"><circle cx="14" cy="16" r="9"></circle><path d="M23 16h18"></path><circle cx="50" cy="16" r="9"></circle></svg>
    <p class="state-title">${title}</p><p class="quiet">${hint}</p>${action}</div>`;
}

/** Return an error in words, with what can be done. */
export function errorView(error, retry = null) {
  if (error instanceof NeedsToken) {
    return html`<div class="state"><p class="state-title">${text.states.needsToken[error.kind]}</p><bi-token-panel></bi-token-panel></div>`;
  }
  const isSilent = error instanceof Unreachable;
  const problem = error instanceof Problem ? error : null;
  return html`<div class="notice" data-kind="bad" role="alert">
    <p class="notice-title">${isSilent ? text.states.unreachable : problem?.title || text.states.failed}</p>
    <p>${isSilent ? text.states.unreachableHint : error.message}</p>
    ${problem?.errors.length > 1 ? html`<ul>${problem.errors.map((entry) => html`<li><code>${entry.field}</code> ${entry.message}</li>`)}</ul>` : nothing}
    ${problem?.requestId && problem.status >= 500 ? html`<p class="quiet small">${text.states.requestId(problem.requestId)}</p>` : nothing}
    ${retry ? html`<p><button type="button" @click=${retry}>${text.actions.retry}</button></p>` : nothing}
  </div>`;
}

/** Return the page of a Remote: loading, error, or `show(data)`, under a notice when it is old. */
export function remoteView(remote, show) {
  if (remote.error) return errorView(remote.error, () => remote.reset());
  if (remote.data === null) return loadingView();
  return html`${lostNotice(remote.lostAt)}${show(remote.data)}`;
}

export function lostNotice(since) {
  return since ? html`<p class="notice" data-kind="warn" role="status">${text.states.lost(formatTime(since))}</p>` : nothing;
}

/** Return one line of a description list. */
export function fact(label, value) {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}

/** Return a value on its way to a limit, as a bar with words. */
export function meter(label, used, limit, words, after = used) {
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  const afterShare = limit > 0 ? Math.min(1, after / limit) : 0;
  return html`<div class="meter"><span>${label}</span><span class="meter-words">${words}</span>
    <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" data-full=${after > limit ? "over" : afterShare > 0.85 ? "nearly" : "no"}>
      <rect class="meter-rail" width="100" height="4"></rect>
      <rect class="meter-after" width=${afterShare * 100} height="4"></rect>
      <rect class="meter-used" width=${share * 100} height="4"></rect>
    </svg></div>`;
}
