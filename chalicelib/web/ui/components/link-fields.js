// Which of the wanted VMs share a QKD link.
import { html, nothing } from "lit";
import { namesOf, pairsOf } from "../app/draft.js";
import { text } from "../app/strings.js";

const MOST_PAIRS = 15;
const words = text.request;

/** Return the part of the form about links; `onChange(links)` gets them as the API wants them. */
export function linkFields(draft, infrastructure, onChange) {
  const names = namesOf(draft);
  return html`<fieldset class="card"><legend>${words.links}</legend>${
    !infrastructure.supports_qkd ? html`<p class="quiet">${words.noLinks}</p>`
    : names.length < 2 ? html`<p class="quiet">${words.linksNeedTwo}</p>`
    : html`<p class="hint">${words.linksHint}</p><ul class="plain">${pairsOf(names).slice(0, MOST_PAIRS).map((pair, index) => pairField(draft.links, pair, index, onChange))}</ul>
      ${pairsOf(names).length > MOST_PAIRS ? html`<p class="hint">${words.morePairs(MOST_PAIRS)}</p>` : nothing}`
  }</fieldset>`;
}

function pairField(links, [source, destination], index, onChange) {
  const others = links.filter((entry) => entry.source !== source || entry.destination !== destination);
  const current = links.find((entry) => !others.includes(entry));
  const make = (rate) => ({ friendly_name: words.linkName(source, destination), type: "qkd", source, destination, ...(rate ? { min_bandwidth_bit_per_s: rate } : {}) });
  return html`<li class="row"><span class="field check"><input id="link-${index}" type="checkbox" .checked=${Boolean(current)} @change=${(event) => onChange(event.target.checked ? [...others, make()] : others)}>
      <label for="link-${index}">${words.linkBetween(source, destination)}</label></span>
    ${current ? html`<span class="row tight"><label class="small quiet" for="link-rate-${index}">${words.linkRate}</label>
      <input id="link-rate-${index}" type="number" min="1" class="short" .value=${String(current.min_bandwidth_bit_per_s ?? "")} @input=${(event) => onChange([...others, make(Number(event.target.value))])}></span>` : nothing}</li>`;
}
