// Times as people read them, in the time zone of the browser.
import { el } from "./dom.js";

const DAY = 86400000;
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export function length(ms) {
  const s = Math.max(0, ms / 1000);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

export const since = text => length(Date.now() - new Date(text));
export const ago = text => `${since(text)} ago`;
export const daysLeft = text => Math.floor((new Date(text) - Date.now()) / DAY);

export function date(text) {
  const at = new Date(text);
  return (at.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(at);
}

export const minute = text => new Date(text).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const weekFrom = index => day.format(new Date(Date.now() + index * 7 * DAY));

export function time(text) {
  if (!text)
    return el("span", "–");
  const node = el("time", new Date(text).toLocaleString());
  node.dateTime = text;
  return node;
}

export function clockTime(text) {
  const node = el("time", clock.format(new Date(text)));
  node.dateTime = text;
  node.title = new Date(text).toLocaleString();
  return node;
}
