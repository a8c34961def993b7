// Reactive controllers: what a component keeps up to date while it is on the page.
import { read, Unreachable, NeedsToken, Problem } from "./api.js";
import { session } from "./session.js";

const RETRY_SECONDS = 5;
const LONG_POLL_SECONDS = 20;
const CLOSED = ["finished", "failed"];

/** Holds the answer of `load()`; asks again every `seconds` (of the data, where that is a function),
 * and at once when tokens change.
 *
 * When no answer comes, the last one stays, and `lostAt` says since when it may be old.
 */
export class Remote {
  data = null;
  error = null;
  lostAt = null;
  #host;
  #load;
  #seconds;
  #timer = 0;
  #round = 0;
  #isOn = false;
  #onTokens = () => this.refresh();

  constructor(host, load, { seconds = null } = {}) {
    this.#host = host;
    this.#load = load;
    this.#seconds = seconds;
    host.addController(this);
  }

  get isLoading() {
    return this.data === null && this.error === null;
  }

  hostConnected() {
    this.#isOn = true;
    session.addEventListener("change", this.#onTokens);
    this.refresh();
  }

  hostDisconnected() {
    this.#isOn = false;
    this.#round += 1;
    clearTimeout(this.#timer);
    session.removeEventListener("change", this.#onTokens);
  }

  /** Begin anew: for another object. */
  reset() {
    this.data = this.error = this.lostAt = null;
    if (this.#isOn) this.refresh();
  }

  async refresh() {
    clearTimeout(this.#timer);
    const round = ++this.#round;
    try {
      const data = await this.#load();
      if (round !== this.#round) return;
      this.data = data;
      this.error = this.lostAt = null;
    } catch (error) {
      if (round !== this.#round) return;
      this.#failed(error);
    }
    this.#host.requestUpdate();
    const seconds = this.lostAt ? RETRY_SECONDS : this.#pause();
    if (seconds && this.#isOn) this.#timer = setTimeout(() => this.refresh(), seconds * 1000);
  }

  #pause() {
    return typeof this.#seconds === "function" ? this.#seconds(this.data) : this.#seconds;
  }

  #failed(error) {
    if (error instanceof Unreachable || (error instanceof Problem && error.status >= 500)) {
      this.lostAt ??= new Date();
      if (this.data === null) this.error = error;
    } else if (error instanceof NeedsToken || error.status === 401) {
      if (this.data === null) this.error = error; // what was read stays readable
    } else if (error instanceof Problem) {
      this.error = error;
    } else {
      throw error;
    }
  }
}

/** Follows one task by long polls until it is closed; calls `onClosed(task)` once. */
export class TaskWatch {
  task = null;
  error = null;
  isLost = false;
  #host;
  #onClosed;
  #abort = null;
  #id = null;
  #onTokens = () => this.error && this.#restart();

  constructor(host, onClosed = () => {}) {
    this.#host = host;
    this.#onClosed = onClosed;
    host.addController(this);
  }

  hostConnected() {
    session.addEventListener("change", this.#onTokens);
    this.#restart();
  }

  hostDisconnected() {
    session.removeEventListener("change", this.#onTokens);
    this.#abort?.abort();
  }

  /** Follow this task from now on. */
  follow(taskId) {
    if (taskId === this.#id) return;
    this.#id = taskId;
    this.task = null;
    this.#restart();
  }

  #restart() {
    this.#abort?.abort();
    if (!this.#id) return;
    this.error = null;
    this.#abort = new AbortController();
    this.#run(this.#id, this.#abort.signal);
  }

  async #run(taskId, signal) {
    let wait = 0;
    const wasClosed = CLOSED.includes(this.task?.status);
    while (!signal.aborted) {
      try {
        this.task = await read(`/tasks/${encodeURIComponent(taskId)}`, { wait }, { signal });
        this.isLost = false;
        wait = LONG_POLL_SECONDS;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Unreachable) && !(error.status >= 500)) {
          this.error = error;
          this.#host.requestUpdate();
          return;
        }
        this.isLost = true;
        wait = 0;
        this.#host.requestUpdate();
        await pause(RETRY_SECONDS, signal);
        continue;
      }
      this.#host.requestUpdate();
      if (CLOSED.includes(this.task.status)) {
        if (!wasClosed) this.#onClosed(this.task);
        return;
      }
    }
  }
}

/** Updates its host every second, or seldom when only minutes show. */
export class Clock {
  #host;
  #seconds;
  #timer = 0;

  constructor(host, seconds = 1) {
    this.#host = host;
    this.#seconds = seconds;
    host.addController(this);
  }

  hostConnected() {
    this.#timer = setInterval(() => this.#host.requestUpdate(), this.#seconds * 1000);
  }

  hostDisconnected() {
    clearInterval(this.#timer);
  }
}

/** Updates its host whenever tokens come, go or expire. */
export class TokenWatch {
  #host;
  #update = () => this.#host.requestUpdate();

  constructor(host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected() {
    session.addEventListener("change", this.#update);
  }

  hostDisconnected() {
    session.removeEventListener("change", this.#update);
  }
}

function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
