// The history of a resource.
import { html, nothing } from "lit";
import { formatMoment } from "../app/format.js";
import { personOf } from "../app/session.js";
import { text } from "../app/strings.js";
import { statusPill } from "./views.js";

/** Return events as a table, newest first. */
export function historyTable(events) {
  return html`<div class="table-wrap" tabindex="0" role="group" aria-label=${text.resource.history}><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.at}</th><th scope="col">${text.columns.what}</th>
    <th scope="col">${text.columns.change}</th><th scope="col">${text.columns.actor}</th></tr></thead>
    <tbody>${[...events].reverse().map((event) => html`<tr><td class="nowrap" data-label=${text.columns.at}>${formatMoment(event.at)}</td>
      <td data-label=${text.columns.what}><span>${event.what}${event.detail ? html`<span class="sub quiet">${event.detail}</span>` : nothing}</span></td>
      <td data-label=${text.columns.change}>${statusPill(event.to_status)}</td><td class="nowrap" data-label=${text.columns.actor} title=${event.actor}>${personOf(event.actor)}</td></tr>`)}</tbody></table></div>`;
}
