import { html, nothing } from "lit";
import { Remote } from "../app/controllers.js";
import { formatAge, formatDate, formatDisk, formatMemory, formatNeeds } from "../app/format.js";
import { catalog } from "../app/site.js";
import { text } from "../app/strings.js";
import { PageElement } from "../components/base.js";
import { choose } from "../app/draft.js";
import { emptyView, remoteView } from "../components/views.js";

const REFRESH_SECONDS = 60;
const words = text.catalog;

class CatalogPage extends PageElement {
  constructor() {
    super();
    this.remote = new Remote(this, () => catalog(), { seconds: REFRESH_SECONDS });
  }

  render() {
    return html`<h1>${words.title}</h1>${remoteView(this.remote, renderCatalog)}`;
  }
}

function renderCatalog({ diskImages, flavors, infrastructure }) {
  const checkedAt = infrastructure.catalog_checked_at;
  return html`<p class="quiet" title=${formatDate(checkedAt)}>${checkedAt ? words.synced(formatAge(checkedAt)) : words.neverSynced}</p>
    <div class="stack">
    <section class="card" aria-labelledby="images"><h2 id="images">${words.images}</h2>${diskImages.length ? renderImages(diskImages) : emptyView(words.emptyImages, words.neverSynced)}</section>
    <section class="card" aria-labelledby="flavors"><h2 id="flavors">${words.flavors}</h2>${flavors.length ? renderFlavors(flavors) : emptyView(words.emptyFlavors, words.neverSynced)}</section></div>`;
}

function renderImages(diskImages) {
  return html`<div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col">${text.columns.username}</th>
    <th scope="col">${text.columns.minimum}</th><th scope="col">${text.columns.tags}</th><td></td></tr></thead>
    <tbody>${diskImages.map((image) => html`<tr><th scope="row">${image.friendly_name}${image.short_description ? html`<span class="sub quiet">${image.short_description}</span>` : nothing}</th>
      <td class="mono" data-label=${text.columns.username}>${image.default_username}</td><td class="nowrap" data-label=${text.columns.minimum}>${formatNeeds(image)}</td>
      <td>${image.tags.map((tag) => html`<span class="tag">${tag}</span> `)}</td>
      <td class="right">${useLink({ diskImageId: image.id }, image.friendly_name)}</td></tr>`)}</tbody></table></div>`;
}

function renderFlavors(flavors) {
  return html`<div class="table-wrap"><table class="cards-on-phones"><thead><tr><th scope="col">${text.columns.name}</th><th scope="col" class="right">${text.columns.vcpus}</th>
    <th scope="col" class="right">${text.columns.memory}</th><th scope="col" class="right">${text.columns.disk}</th><td></td></tr></thead>
    <tbody>${flavors.map((flavor) => html`<tr><th scope="row">${flavor.friendly_name}${flavor.description ? html`<span class="sub quiet">${flavor.description}</span>` : nothing}</th>
      <td class="right" data-label=${text.columns.vcpus}>${flavor.vcpus}</td><td class="right nowrap" data-label=${text.columns.memory}>${formatMemory(flavor.ram_mib)}</td><td class="right nowrap" data-label=${text.columns.disk}>${formatDisk(flavor.disk_mb)}</td>
      <td class="right">${useLink({ flavorId: flavor.id }, flavor.friendly_name)}</td></tr>`)}</tbody></table></div>`;
}

const useLink = (choice, name) => html`<a class="button small-button" href="#/request" aria-label=${words.useLabel(name)} @click=${() => choose(choice)}>${words.use}</a>`;

customElements.define("bi-catalog", CatalogPage);

/** Return the page of images and flavors. */
export const page = () => html`<bi-catalog></bi-catalog>`;
