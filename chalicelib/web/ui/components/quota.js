// What a project uses and may use.
import { html } from "lit";
import { formatMemory, formatNumber } from "../app/format.js";
import { text } from "../app/strings.js";
import { meter } from "./views.js";

const AMOUNTS = [["instances", formatNumber], ["vcpus", formatNumber], ["ram_mib", formatMemory]];

/** Return bars for {limit, used} and, of a forecast, {after}. */
export function quotaMeters({ limit, used, after }) {
  return html`<div class="meters">${AMOUNTS.map(([name, format]) => {
    const words = after
      ? text.quota.after(format(used[name]), format(after[name]), format(limit[name]))
      : text.quota.of(format(used[name]), format(limit[name]));
    return meter(text.quota[name], used[name], limit[name], words, after?.[name]);
  })}</div>`;
}
