// Time series of QKD links, as charts and files need them.
import { read, readTextPage } from "./api.js";

const GAP_FACTOR = 4;
const MOST_POINTS = 10_000; // that an answer gives
const CUT = "# Cut at"; // of an answer; the file goes on

/** Return the samples with their time in seconds, and an empty one wherever some are missing. */
export function withGaps(samples) {
  const timed = samples.map((sample) => ({ ...sample, seconds: Date.parse(sample.at) / 1000 }));
  const steps = timed.slice(1).map((sample, index) => sample.seconds - timed[index].seconds).sort((a, b) => a - b);
  const longest = Math.max(1, steps[steps.length >> 1] ?? 0) * GAP_FACTOR;
  return timed.flatMap((sample, index) => {
    const before = timed[index - 1];
    const isGap = before && sample.seconds - before.seconds > longest;
    return isGap ? [{ seconds: (before.seconds + sample.seconds) / 2 }, sample] : [sample];
  });
}

/** Read the points of a time series from a moment on: {samples, provenance, isCut}; at most so many answers. */
export async function readPoints(qkdLinkId, { from, step }, mostAnswers) {
  const samples = [];
  let answer = { next_cursor: null };
  let count = 0;
  do {
    answer = await read(pathOf(qkdLinkId), { from, step, limit: MOST_POINTS, cursor: answer.next_cursor });
    samples.push(...answer.samples);
    count += 1;
  } while (answer.is_cut && count < mostAnswers);
  return { samples, provenance: answer.provenance, isCut: answer.is_cut };
}

/** Read every sample of a period as the API's CSV, to its end; `told(rows)` hears how far it is. */
export async function readCsv(qkdLinkId, { from, to }, told) {
  const parts = [];
  let cursor = null, rows = 0;
  do {
    const page = await readTextPage(pathOf(qkdLinkId), { from, to, format: "csv", limit: MOST_POINTS, cursor });
    const { head, body } = splitCsv(page.content);
    parts.push(...(parts.length ? [] : head.filter((line) => !line.startsWith(CUT))), ...body);
    rows += body.length;
    cursor = page.cursor;
    told(rows);
  } while (cursor);
  return `${parts.join("\n")}\n`;
}

/** Return the comments and the names of the columns, and the rows. */
function splitCsv(content) {
  const lines = content.split("\n").filter(Boolean);
  const columns = lines.findIndex((line) => !line.startsWith("#"));
  return { head: lines.slice(0, columns + 1), body: lines.slice(columns + 1) };
}

const pathOf = (qkdLinkId) => `/qkd-links/${encodeURIComponent(qkdLinkId)}/samples`;
