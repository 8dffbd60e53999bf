// Challenges, in the orders that they came in.
import { get, query, watched } from "./api.js";
import { drawChallenges } from "./challenges.js";
import { $, button, chip, el, keyed, set } from "./dom.js";
import { onChallenge } from "./live.js";
import { Pager } from "./pager.js";
import * as place from "./place.js";
import { ago } from "./times.js";

const SIZE = 25, FATES_MAX = 8;
const TONES = { pending: "busy", withdrawing: "busy", ready: "good", failed: "bad", gone: "idle" };
const GROUPS = [
  { state: "pending", tone: "busy", title: "in work", of: c => c.pending + c.withdrawing },
  { state: "ready", tone: "good", title: "ready", of: c => c.ready },
  { state: "failed", tone: "bad", title: "failed", of: c => c.failed },
  { state: "gone", tone: "idle", title: "gone", of: c => c.gone },
];

const read = watched();
const filter = { state: "", search: "", order: "" };
const fresh = new Set();  // orders that an event was about since they were drawn
const fates = new Map();  // of orders that are gone: how it ended; asked for once
let pager, shown = false, reading = false, again = false, last = null;

function choose(change) {
  Object.assign(filter, { order: "" }, change);
  pager.reset();
  place.write("challenges", filter);
  load();
}

// ---- how those that are gone ended

function fateOf(challenges) {
  if (challenges.some(c => c.authority === "invalid"))
    return ["refused by the authority", "bad"];
  if (challenges.every(c => c.authority === "valid"))
    return ["validated, withdrawn", "good"];
  if (challenges.every(c => c.was_ready))
    return ["withdrawn after it was ready", "idle"];
  return ["withdrawn before it was ready", "busy"];
}

async function learnFates(orders) {
  for (const order of orders) {
    const mark = order.id + order.updated;
    if (order.state !== "gone" || order.count > FATES_MAX || fates.has(mark))
      continue;
    fates.set(mark, null);
    const all = await Promise.all(order.challenges.map(id => get(`v1/challenges/${encodeURIComponent(id)}`).catch(() => null)));
    if (all.every(Boolean))
      fates.set(mark, fateOf(all));
    const row = [...$("list").children].find(node => node.dataset.key === order.id);
    if (row)
      drawOrder(row, order);
  }
}

// ---- rows

function names(order) {
  const more = order.count - order.names.length;
  return more > 0 ? `${order.names.join(", ")} and ${more} more` : order.names.join(", ");
}

function makeOrder() {
  const press = button("", () => toggle(node), ".open");
  press.append(set(el("span.mark"), { "aria-hidden": "true" }), el("span.names"));
  press.setAttribute("aria-expanded", "false");
  const node = el("li.order", el("h3", press), el("span.chip"), el("span.meta.quiet"), el("p.reason"), el("div.body"));
  node.querySelector(".body").hidden = true;
  return node;
}

function drawOrder(node, order) {
  const fate = fates.get(order.id + order.updated), why = order.reason || (order.waiting_for ? `Waiting: ${order.waiting_for}` : "");
  node.order = order;
  node.querySelector(".names").textContent = names(order);
  chip(fate ? fate[0] : order.state === "pending" ? "in work" : order.state, fate ? fate[1] : TONES[order.state], node.querySelector(".chip"));
  node.querySelector(".meta").textContent = [order.count === 1 ? order.types[0] : `${order.ready} of ${order.count} ready`, order.label || order.client, ago(order.updated)].join(" · ");
  node.querySelector(".reason").textContent = why;
  node.querySelector(".reason").classList.toggle("waits", !order.reason);
  node.querySelector(".reason").hidden = !why;
  if (!node.querySelector(".body").hidden && node.drawn !== order.updated)
    openBody(node);
  if (fresh.delete(order.id))
    flash(node);
}

function flash(node) {
  node.classList.remove("fresh");
  void node.offsetWidth;
  node.classList.add("fresh");
}

async function openBody(node) {
  const body = node.querySelector(".body");
  node.drawn = node.order.updated;
  try {
    drawChallenges(body, (await get(`v1/orders/${encodeURIComponent(node.order.id)}`)).challenges);
  } catch (error) {
    body.replaceChildren(el("p", error.status === 404 ? "It is forgotten already." : error.message));
  }
}

function toggle(node) {
  const press = node.querySelector(".open"), body = node.querySelector(".body");
  press.setAttribute("aria-expanded", String(body.hidden));
  body.hidden = !body.hidden;
  if (!body.hidden)
    openBody(node);
}

// ---- the list

function drawTotals(counts) {
  const make = one => {
    const node = button("", () => choose({ state: filter.state === one.state ? "" : one.state }), ".card");
    node.append(el("b"), el("span.title", one.title));
    node.dataset.tone = one.tone;
    return node;
  };
  keyed($("totals"), GROUPS, g => g.state, make, (node, one) => {
    node.firstElementChild.textContent = one.of(counts).toLocaleString();
    set(node, { "aria-pressed": String(filter.state === one.state), "data-empty": one.of(counts) === 0 });
  });
}

function drawEmpty(data, total) {
  const search = filter.search.trim(), filtered = filter.state || search || filter.order;
  $("empty").hidden = data.orders.length > 0;
  $("empty").replaceChildren(...(!total ? ["No challenge yet. ", el("code", "dcvd present NAME --value V"), " makes one."]
    : filtered ? [`Nothing is found${search ? ` for “${search}”` : ""}${filter.state ? ` that is ${filter.state}` : ""}. `, button("Show all", clear, ".plain")] : ["No order on this page."]));
}

function clear() {
  $("name").value = "";
  choose({ state: "", search: "" });
  $("name").focus();
}

function draw(data) {
  const total = Object.values(data.counts).reduce((a, b) => a + b, 0);
  last = data;
  drawTotals(data.counts);
  $("state").value = filter.state;
  if (document.activeElement !== $("name"))
    $("name").value = filter.search;
  keyed($("list"), data.orders, order => order.id, makeOrder, drawOrder);
  $("shown").replaceChildren(...(!total ? [""] : filter.order ? ["1 order ", button("Show all", clear, ".plain")] : [`${data.orders.length} of ${total} orders`]));
  drawEmpty(data, total);
  pager.draw(data.orders.length, data.next);
  learnFates(data.orders);
}

// One order that somebody was sent to.
async function readOne() {
  const o = await get(`v1/orders/${encodeURIComponent(filter.order)}`), list = o.challenges;
  const counts = last?.counts || (await get("v1/orders?limit=1")).counts;
  return { counts, next: null, orders: [{ ...o, names: list.slice(0, 3).map(c => c.domain), types: [...new Set(list.map(c => c.type))], count: list.length,
    ready: list.filter(c => c.state === "ready").length, reason: list.find(c => c.reason)?.reason, waiting_for: list.find(c => c.waiting_for)?.waiting_for,
    updated: list.reduce((t, c) => (c.updated > t ? c.updated : t), o.created), challenges: list.map(c => c.id) }] };
}

export async function load() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    const data = filter.order ? await readOne() : await read(query("v1/orders", { state: filter.state, search: filter.search.trim(), limit: SIZE, after: pager.after }));
    if (data)
      draw(data);
    else if (last)
      keyed($("list"), last.orders, order => order.id, makeOrder, drawOrder); // times go on
  } catch (error) {
    if (error.status === 400 && pager.passed.length)
      choose({});
    else
      $("shown").textContent = error.status === 404 ? "This order is forgotten already." : error.message;
  } finally {
    reading = false;
    if (again) {
      again = false;
      load();
    }
  }
}

export function show(wanted) {
  shown = true;
  for (const name of Object.keys(filter))
    filter[name] = wanted?.[name] ?? "";
  pager.reset();
  place.write("challenges", filter);
  return load();
}

export const hide = () => { shown = false; };
export const refresh = () => shown && load();

export function begin() {
  let typing = null;
  pager = new Pager($("order-pages"), SIZE, load);
  $("name").addEventListener("input", event => {
    clearTimeout(typing);
    typing = setTimeout(() => choose({ search: event.target.value }), 150);
  });
  $("state").addEventListener("change", event => choose({ state: event.target.value }));
  $("filter").addEventListener("submit", event => event.preventDefault());
  onChallenge(event => fresh.add(event.order));
}
