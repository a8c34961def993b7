// Form fields: label, hint and error belong to their control, for eyes and for screen readers.
import { html, nothing } from "lit";

/** Return a field; `control({describedBy, invalid})` makes its control, whose id is `name`. */
export function field({ name, label, hint = "", error = "", isWide = false, control }) {
  const parts = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  return html`<div class=${isWide ? "field full-row" : "field"}><label for=${name}>${label}</label>
    ${control({ describedBy: parts || nothing, invalid: error ? "true" : nothing })}
    ${hint ? html`<p class="hint" id="${name}-hint">${hint}</p>` : nothing}
    ${error ? html`<p class="field-error" id="${name}-error">${error}</p>` : nothing}</div>`;
}

/** Return a choice among options [value, label]. */
export function selectField({ name, label, value, options, onChange, error = "", hint = "", isWide = false }) {
  return field({ name, label, hint, error, isWide, control: (aria) => html`<select id=${name} name=${name} aria-describedby=${aria.describedBy} aria-invalid=${aria.invalid} @change=${(event) => onChange(event.target.value)}>
    ${options.map(([key, words]) => html`<option value=${key} ?selected=${key === value}>${words}</option>`)}</select>` });
}

/** Return the message about the first field whose path begins with `start` and ends with `end`. */
export function errorFor(errors, start, end = "") {
  return errors.find((entry) => entry.field.startsWith(start) && entry.field.endsWith(end))?.message ?? "";
}
