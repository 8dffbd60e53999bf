// What keeps the page up to date: the stream of events, and a look every few seconds while somebody sees it.
import { $, chip } from "./dom.js";

const EVERY_MS = 5000, SOON_MS = 250, AGAIN_MS = 5000;
const readers = new Set(), hearers = new Set();
let soon = null, source = null;

export const onRefresh = reader => readers.add(reader);
export const onChallenge = hearer => hearers.add(hearer);

export function refresh() {
  soon = null;
  for (const reader of readers)
    reader();
}

export function refreshSoon() {
  soon ??= setTimeout(refresh, SOON_MS);
}

export function speak(text) {
  $("spoken").textContent = text;
}

function heard(message) {
  const event = JSON.parse(message.data);
  for (const hearer of hearers)
    hearer(event);
  if (["ready", "failed"].includes(event.state))
    speak(`${event.domain} is ${event.state}`);
  refreshSoon();
}

// A browser opens six connections to a server for all its pages, so a page that nobody sees holds none.
function listen() {
  if (source || document.visibilityState !== "visible")
    return;
  source = new EventSource("v1/events");
  source.addEventListener("challenge", heard);
  source.onopen = () => {
    chip("live", "good", $("link"));
    refresh(); // what happened while nobody listened
  };
  source.onerror = () => {
    chip("offline", "bad", $("link"));
    if (source.readyState === EventSource.CLOSED) {
      hangUp();
      setTimeout(listen, AGAIN_MS);
    }
  };
}

function hangUp() {
  source?.close();
  source = null;
}

export function begin() {
  listen();
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? listen() : hangUp()));
  window.addEventListener("pagehide", hangUp); // the browser may keep the page for its "back" button
  window.addEventListener("pageshow", listen);
}
