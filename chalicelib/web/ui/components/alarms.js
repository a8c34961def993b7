// Alarms of a QKD link, the worst first.
import { html } from "lit";
import { text } from "../app/strings.js";

const SEVERITIES = ["major", "minor"];
const words = text.alarms;

const rank = ({ severity }) => SEVERITIES.indexOf(severity);

/** Return an alarm in words. */
export const alarmWords = (alarm) => words.sentence(words.kinds[alarm.kind] ?? alarm.kind, alarm.message);

/** Return alarms as a list; each says what it means for the user. */
export function alarmList(alarms) {
  return html`<ul class="plain alarms">${[...alarms].sort((a, b) => rank(a) - rank(b)).map((alarm) => html`<li data-severity=${alarm.severity} data-alarm=${alarm.kind}>
    <strong>${words.severity[alarm.severity] ?? alarm.severity}:</strong> ${alarmWords(alarm)}
    <span class="sub quiet">${alarm.severity === "major" ? words.majorMeans : words.minorMeans}</span></li>`)}</ul>`;
}
