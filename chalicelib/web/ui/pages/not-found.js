import { html } from "lit";
import { text } from "../app/strings.js";
import { emptyView } from "../components/views.js";

/** Return the page for an address that names nothing. */
export const page = () => html`<h1>${text.pages["not-found"]}</h1>
  ${emptyView(text.states.notFound, text.states.notFoundHint, html`<p><a class="button" href="#/">${text.signIn.go}</a></p>`)}`;
