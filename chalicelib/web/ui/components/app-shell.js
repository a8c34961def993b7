// The frame of every page: navigation, tokens and their clocks, and the page itself.
import { html, nothing } from "lit";
import { Clock, Remote, TokenWatch } from "../app/controllers.js";
import { formatRough } from "../app/format.js";
import { go, link, parse } from "../app/router.js";
import { session } from "../app/session.js";
import { caller, knownConfig, siteName } from "../app/site.js";
import { text } from "../app/strings.js";
import { currentTheme, THEMES, useTheme } from "../app/theme.js";
import { PageElement } from "./base.js";
import { tokenDialog } from "./dialogs.js";
import { errorView, loadingView } from "./views.js";

const SOON_SECONDS = 180;
const BASE = document.documentElement.dataset.base;
const NAVIGATION = [
  ["overview", "#/"], ["request", "#/request"], ["catalog", "#/catalog"],
  ["qkd-links", "#/qkd-links"], ["tasks", "#/tasks"],
];
// Each page is a module of its own, fetched when it is first opened.
const PAGES = {
  overview: () => import("../pages/overview.js"),
  request: () => import("../pages/request.js"),
  resource: () => import("../pages/resource.js"),
  catalog: () => import("../pages/catalog.js"),
  "qkd-links": () => import("../pages/qkd-links.js"),
  tasks: () => import("../pages/tasks.js"),
  task: () => import("../pages/task.js"),
  administration: () => import("../pages/administration.js"),
  "sign-in": () => import("../pages/sign-in.js"),
  "not-found": () => import("../pages/not-found.js"),
};

class App extends PageElement {
  static properties = { isReady: {}, failure: {}, message: {}, route: { state: true }, view: { state: true }, isAccountOpen: { state: true } };

  constructor() {
    super();
    this.isReady = false;
    this.isAccountOpen = false;
    new TokenWatch(this);
    new Clock(this);
    this.who = new Remote(this, caller);
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("hashchange", this.#navigate);
    this.#navigate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.#navigate);
  }

  render() {
    if (this.failure) return html`<main class="content narrow">${errorView(this.failure, () => location.reload())}</main>`;
    if (!this.isReady) return html`<main class="content narrow">${loadingView()}</main>`;
    return html`<a class="skip" href="#content" @click=${this.#skip}>${text.skip}</a>
      <div class="frame"><header class="side">${this.#renderBrand()}${session.isEmpty ? nothing : this.#renderNavigation()}${this.#renderFoot()}</header>
      <main class="content" id="content" tabindex="-1">
        ${this.#renderBanners()}
        ${this.message ? html`<p class="notice" data-kind="bad" role="alert">${this.message}</p>` : nothing}
        ${this.view ?? loadingView()}
      </main></div>`;
  }

  updated() {
    document.title = text.title(text.pages[this.route.name], siteName());
  }

  #renderBrand() {
    return html`<a class="brand" href="#/"><svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9"></rect><circle cx="10" cy="16" r="4"></circle><circle class="ring" cx="22" cy="16" r="4"></circle><path d="M14 16h4"></path></svg>
      <span>${siteName()}</span></a>`;
  }

  #renderNavigation() {
    const entries = this.who.data?.is_admin ? [...NAVIGATION, ["administration", "#/administration"]] : NAVIGATION;
    const current = { resource: "overview", task: "tasks" }[this.route.name] ?? this.route.name;
    return html`<nav aria-label=${text.navigation}><ul>${entries.map(([name, target]) => html`<li>
      <a href=${target} aria-current=${name === current ? "page" : nothing}>${text.pages[name]}</a></li>`)}</ul></nav>`;
  }

  #renderFoot() {
    const user = session.get("user");
    return html`<button type="button" class="small-button account-toggle" aria-expanded=${this.isAccountOpen ? "true" : "false"} aria-controls="account" @click=${() => { this.isAccountOpen = !this.isAccountOpen; }}>${text.account}</button>
      <div class="side-foot stack tight" id="account" data-open=${this.isAccountOpen ? "yes" : "no"}>
      ${user ? html`<p class="small">${text.tokens.signedInAs(user.claims.preferred_username ?? "?")}</p>` : nothing}
      ${session.isEmpty ? nothing : html`${["user", "experiment"].map((kind) => this.#renderToken(kind))}
        <div class="row tight"><button type="button" class="small-button" data-action="tokens" @click=${tokenDialog}>${text.tokens.renewTitle}</button>
        <button type="button" class="small-button" @click=${this.#signOut}>${text.tokens.signOut}</button></div>`}
      <div class="row tight"><label class="small quiet" for="theme">${text.theme.label}</label>
        <select id="theme" class="small-select" @change=${(event) => useTheme(event.target.value)}>
          ${THEMES.map((theme) => html`<option value=${theme} ?selected=${theme === currentTheme()}>${text.theme[theme]}</option>`)}</select></div>
      <a class="small" href="${BASE}/docs">${text.apiDocs}</a>
    </div>`;
  }

  #renderToken(kind) {
    const left = session.secondsLeft(kind);
    const words = left === null ? text.tokens.missing : left > 0 ? text.tokens.left(formatRough(left)) : text.tokens.expired;
    const state = left === null ? "none" : left > SOON_SECONDS ? "good" : left > 0 ? "soon" : "over";
    return html`<p class="token-line small" data-kind=${kind} data-state=${state}><span>${text.tokens[kind]}</span><span>${words}</span></p>`;
  }

  #renderBanners() {
    return ["user", "experiment"].filter((kind) => {
      const left = session.secondsLeft(kind);
      return left !== null && left <= SOON_SECONDS;
    }).map((kind) => {
      const left = session.secondsLeft(kind);
      return html`<div class="notice banner" data-kind="warn" data-token=${kind}><p role="status"><strong>${left > 0 ? text.tokens.soon(text.tokens[kind], formatRough(left)) : text.tokens.over(text.tokens[kind])}</strong> ${text.tokens.harmless}</p>
        <button type="button" @click=${tokenDialog}>${text.tokens.renew}</button></div>`;
    });
  }

  #navigate = async () => {
    if (location.hash === "#content") return;
    const isFirst = !this.route;
    const route = parse(location.hash);
    if (session.isEmpty && route.name !== "sign-in" && route.name !== "not-found") {
      this.#rememberedGoal = location.hash;
      route.name = "sign-in";
    }
    this.route = route;
    if (!isFirst) this.message = "";
    try {
      const { page } = await PAGES[route.name]();
      if (route !== this.route) return; // somebody has gone on meanwhile
      this.view = page(route);
    } catch (error) {
      this.view = html`<div class="notice" data-kind="warn" role="alert"><p>${text.states.updated}</p><p class="quiet small">${error.message}</p>
        <button type="button" @click=${() => location.reload()}>${text.actions.reload}</button></div>`;
    }
    await this.updateComplete;
    if (!isFirst) this.#beginReading();
  };

  #rememberedGoal = "";

  /** Show the page that was wanted before there was a token. */
  proceed() {
    const goal = this.#rememberedGoal;
    this.#rememberedGoal = "";
    if (goal && goal !== location.hash) go(goal);
    else if (location.hash === "#/sign-in") go(link(""));
    else this.#navigate();
  }

  #beginReading() {
    scrollTo(0, 0);
    this.querySelector("#content")?.focus({ preventScroll: true });
  }

  #skip = (event) => {
    event.preventDefault();
    this.querySelector("#content").focus();
  };

  #signOut = () => {
    session.forget();
    sessionStorage.clear();
    if (knownConfig()) go("#/sign-in");
  };
}

customElements.define("bi-app", App);
