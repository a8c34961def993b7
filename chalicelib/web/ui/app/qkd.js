// What the page concludes from what the API says of a QKD link.

const TUNNEL_DOWN = "tunnel_down";

export const nameOf = (qkdLink) => qkdLink.ends.join(" – ");

/** Say whether nothing new is heard of a QKD link: no agent at its ends answers. */
export const isUnreachable = (qkdLink) =>
  qkdLink.ends.every((end) => qkdLink.alarms.some(({ kind, subject }) => kind === TUNNEL_DOWN && subject === end));
