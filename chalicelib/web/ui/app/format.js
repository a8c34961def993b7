// Times, sizes and rates as people read them.
import { text } from "./strings.js";

const LANGUAGE = document.documentElement.lang;
const MINUTE = 60, HOUR = 3600, DAY = 86_400;
const DAY_PARTS = { year: "numeric", month: "short", day: "numeric" };
const HOUR_PARTS = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const dateTime = new Intl.DateTimeFormat(LANGUAGE, { ...DAY_PARTS, ...HOUR_PARTS, timeZoneName: "short" });
const moment = new Intl.DateTimeFormat(LANGUAGE, { ...DAY_PARTS, ...HOUR_PARTS, second: "2-digit" });
const timeOfDay = new Intl.DateTimeFormat(LANGUAGE, { ...HOUR_PARTS, second: "2-digit" });
const hour = new Intl.DateTimeFormat(LANGUAGE, HOUR_PARTS);
const day = new Intl.DateTimeFormat(LANGUAGE, { month: "short", day: "numeric" });
const number = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const formatDate = (value) => (value ? dateTime.format(new Date(value)) : text.none);
export const formatMoment = (value) => (value ? moment.format(new Date(value)) : text.none);
export const formatTime = (value) => (value ? timeOfDay.format(new Date(value)) : text.none);

/** Return a moment as an axis needs it that spans so many seconds. */
export function formatTick(value, spanSeconds) {
  const format = spanSeconds < 15 * MINUTE ? timeOfDay : spanSeconds < 2 * DAY ? hour : day;
  return format.format(new Date(value));
}

export const formatNumber = (value) => (value === null || value === undefined ? text.none : number.format(value));

/** Return a length of time in its two largest units: "2 h 5 min". */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return text.units.seconds(whole);
  if (whole < HOUR) return pair(whole, MINUTE, text.units.minutes, 1, text.units.seconds);
  if (whole < DAY) return pair(whole, HOUR, text.units.hours, MINUTE, text.units.minutes);
  return pair(whole, DAY, text.units.days, HOUR, text.units.hours);
}

/** Return a length of time in one unit, rounded up: calm enough to stand beside what people do. */
export function formatRough(seconds) {
  if (seconds < MINUTE) return text.units.seconds(Math.ceil(seconds / 10) * 10);
  return seconds < 2 * HOUR ? text.units.minutes(Math.ceil(seconds / MINUTE)) : formatDuration(seconds);
}

function pair(seconds, large, nameLarge, small, nameSmall) {
  const rest = Math.floor((seconds % large) / small);
  const first = nameLarge(Math.floor(seconds / large));
  return rest ? `${first} ${nameSmall(rest)}` : first;
}

export const formatAge = (value) => text.ago(formatDuration((Date.now() - new Date(value)) / 1000));
export const secondsUntil = (value) => (new Date(value) - Date.now()) / 1000;
export const formatMemory = (mib) => (mib >= 1024 ? `${number.format(mib / 1024)} GiB` : `${number.format(mib)} MiB`);
export const formatDisk = (mb) => (mb >= 1000 ? `${number.format(mb / 1000)} GB` : `${number.format(mb)} MB`);
/** Return what a disk image needs at least. */
export function formatNeeds({ min_ram_mib: ram, min_disk_mb: disk }) {
  return [ram && formatMemory(ram), disk && formatDisk(disk)].filter(Boolean).join(", ") || text.none;
}
export const formatQber = (fraction) => (fraction === null || fraction === undefined ? text.none : `${percent.format(fraction * 100)} %`);
export const formatBits = (bits) => `${number.format(bits)} bit`;
export const formatKeys = (bits, keyBits) => text.qkd.keys(Math.floor(bits / keyBits), number.format(Math.floor(bits / keyBits)));

export function formatRate(bitPerS) {
  if (bitPerS === null || bitPerS === undefined) return text.none;
  if (bitPerS >= 1e6) return `${number.format(bitPerS / 1e6)} Mbit/s`;
  return bitPerS >= 1000 ? `${number.format(bitPerS / 1000)} kbit/s` : `${number.format(bitPerS)} bit/s`;
}

/** Return the telling end of an identifier; the whole belongs into a title. */
export function shortId(id) {
  if (!id || id.length <= 24) return id ?? text.none;
  const [kind] = id.split("_");
  return `${kind.length < 12 ? kind : id.slice(0, 8)}…${id.slice(-6)}`;
}
