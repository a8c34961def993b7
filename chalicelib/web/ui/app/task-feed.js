// The tasks of several experiments as one list, newest first, read a page at a time.
import { readPage } from "./api.js";

const PAGE_ITEMS = 100;

export class TaskFeed {
  #known = new Map();
  #ends = new Map(); // by experiment: where its list goes on, and how far back it is known

  /** Read the newest tasks of these experiments, and return all that is known. */
  async refresh(experimentIds) {
    await Promise.all(experimentIds.map(async (id) => {
      const page = await readPage("/tasks", { experiment_id: id, limit: PAGE_ITEMS });
      this.#keep(page.items);
      if (!this.#ends.has(id)) this.#endAt(id, page);
    }));
    return this;
  }

  /** Read on where the lists end. */
  async readOlder() {
    const open = [...this.#ends].filter(([, { cursor }]) => cursor);
    await Promise.all(open.map(async ([id, { cursor }]) => {
      const page = await readPage("/tasks", { experiment_id: id, limit: PAGE_ITEMS, cursor });
      this.#keep(page.items);
      this.#endAt(id, page);
    }));
    return this;
  }

  get hasOlder() {
    return [...this.#ends.values()].some(({ cursor }) => cursor);
  }

  /** The tasks, as far back as every list is known: what lies further back would have gaps. */
  get tasks() {
    const horizon = [...this.#ends.values()].filter(({ cursor }) => cursor).map(({ oldest }) => oldest).sort().at(-1) ?? "";
    return [...this.#known.values()].filter((task) => task.created_at >= horizon).sort((a, b) => b.created_at.localeCompare(a.created_at));
  }

  #keep(tasks) {
    for (const task of tasks) this.#known.set(task.id, task);
  }

  #endAt(id, { items, cursor }) {
    this.#ends.set(id, { cursor, oldest: items.at(-1)?.created_at ?? "" });
  }
}
