// What every component shares. They render into the document itself: one style sheet, plain
// labels and headings, and forms that reach across components.
import { LitElement } from "lit";

export class PageElement extends LitElement {
  createRenderRoot() {
    return this;
  }
}
