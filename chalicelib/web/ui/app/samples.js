// A time series as charts and files need it.

const GAP_FACTOR = 4;

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

/** Return the series as the API's own CSV has it: units and provenance first, as comments. */
export function csvOf(qkdLinkId, { samples, units, provenance }) {
  const columns = [...Object.keys(units), "provenance", "faults"];
  const cell = (value) => (Array.isArray(value) ? value.join("+") : value ?? "");
  return [
    `# QKD link ${qkdLinkId}, ${provenance} data`,
    `# ${Object.entries(units).map(([name, unit]) => `${name} in ${unit}`).join(", ")}`,
    columns.join(","),
    ...samples.map((sample) => columns.map((name) => cell(sample[name])).join(",")),
    "",
  ].join("\n");
}
