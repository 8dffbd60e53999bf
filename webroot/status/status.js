// The status page: what the API tells, and what its event stream adds. Read-only.
// Everything that came from outside is set as text, never as markup.
"use strict";

const PAGE = 200;          // challenges asked for at once
const CPS_PAGE = 20;       // enrollments shown at once: each costs a call to CPS for its expiry
const WORK = ["queued", "publishing", "propagating", "withdrawing"];
const STATES = ["queued", "publishing", "propagating", "ready", "withdrawing", "gone", "failed"];

const $ = id => document.getElementById(id);
const orders = new Map();  // id -> {id, challenges: Map, item, open}
let next = null, changed = new Set(), refreshing = null, enrollments = [], enrollmentsShown = 0;

async function get(path) {
  const reply = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store" });
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok)
    throw Object.assign(new Error(body.detail || `${path}: ${reply.status}`), { status: reply.status });
  return body;
}

function complain(text) {
  $("notice").textContent = text || "";
  $("notice").hidden = !text;
}

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined && text !== null)
    e.textContent = text;
  if (className)
    e.className = className;
  return e;
}

function chip(node, state) {
  node.textContent = state;
  node.dataset.state = state;
}

function when(text) {
  const time = element("time", text ? new Date(text).toLocaleString() : "–");
  if (text)
    time.dateTime = text;
  return time;
}

function age(text) {
  const s = Math.max(0, (Date.now() - new Date(text)) / 1000);
  if (s < 90) return `${Math.round(s)} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  if (s < 129600) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} d ago`;
}

// ---- the model

function take(challenge) {
  let order = orders.get(challenge.order);
  if (!order)
    orders.set(challenge.order, order = { id: challenge.order, challenges: new Map() });
  order.challenges.set(challenge.id, { ...order.challenges.get(challenge.id), ...challenge });
  return order;
}

function orderState(order) {
  const states = [...order.challenges.values()].map(c => c.state);
  for (const state of ["failed", ...WORK])
    if (states.includes(state))
      return state === "failed" || state === "withdrawing" ? state : "pending";
  return states.includes("ready") ? "ready" : "gone";
}

function names(order) {
  const all = [...new Set([...order.challenges.values()].map(c => c.domain))];
  return all.length > 3 ? `${all.slice(0, 3).join(", ")} and ${all.length - 3} more` : all.join(", ");
}

// ---- rows; made once, then only their changing parts are written, so that focus and open rows stay

function disclosure(node, open) {
  const button = node.querySelector("button"), body = node.querySelector(".body");
  button.addEventListener("click", () => {
    const now = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", now);
    body.hidden = !now;
    if (now)
      open();
  });
}

const isOpen = node => node.querySelector("button").getAttribute("aria-expanded") === "true";

function newest(order) {
  return [...order.challenges.values()].reduce((t, c) => (c.updated > t ? c.updated : t), "");
}

function drawOrder(order) {
  if (!order.item) {
    order.item = $("order-row").content.firstElementChild.cloneNode(true);
    order.rows = new Map();
    disclosure(order.item, () => drawChallenges(order));
  }
  const list = [...order.challenges.values()], ready = list.filter(c => c.state === "ready").length;
  order.item.querySelector(".names").textContent = names(order);
  chip(order.item.querySelector(".chip"), orderState(order));
  order.item.querySelector(".meta").textContent =
    `${list.length === 1 ? list[0].type : `${ready} of ${list.length} ready`} · ${list[0].client} · ${age(newest(order))}`;
  if (isOpen(order.item))
    drawChallenges(order);
}

function drawChallenges(order) {
  const body = order.item.querySelector(".body");
  for (const c of order.challenges.values()) {
    let row = order.rows.get(c.id);
    if (!row) {
      row = $("challenge-row").content.firstElementChild.cloneNode(true);
      order.rows.set(c.id, row);
      disclosure(row, () => loadDetails(c.id, row));
      body.append(row);
    }
    row.querySelector(".name").textContent = c.domain;
    chip(row.querySelector(".chip"), c.state);
    row.querySelector(".meta").textContent = [c.type, c.provider, c.fqdn, c.id].filter(Boolean).join(" · ");
    const why = c.reason || (c.waiting_for ? `Waiting: ${c.waiting_for} (first told ${age(c.waiting_since)})` : "");
    row.querySelector(".reason").textContent = why;
    row.querySelector(".reason").hidden = !why;
    if (isOpen(row) && row.drawn !== c.updated + c.state)
      loadDetails(c.id, row);
    row.drawn = c.updated + c.state;
  }
}

function table(headings, rows, label) {
  const scroll = element("div", null, "scroll"), t = element("table"), head = element("tr");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", label);
  for (const text of headings)
    Object.assign(head.appendChild(element("th", text)), { scope: "col" });
  t.createTHead().append(head);
  const body = t.createTBody();
  for (const cells of rows) {
    const tr = body.insertRow();
    for (const cell of cells)
      tr.insertCell().append(cell ?? "");
  }
  scroll.append(t);
  return scroll;
}

function look(l) {
  const answer = element("span", l.ok ? "right" : "wrong", "chip");
  answer.dataset.state = l.ok ? "ok" : "bad";
  return [answer, l.server, element("span", l.address, "mono"), l.status, `${l.elapsed_ms} ms`, l.ok ? "" : l.detail || (l.values || []).join(", ")];
}

function verdict(v) {
  const all = element("div");
  all.append(element("h5", `Last check: ${v.result}`), element("p", v.detail));
  if (v.mends && v.mends.length) {
    const list = element("ul", null, "mends");
    list.append(...v.mends.map(m => element("li", m)));
    all.append(list);
  }
  if (v.looks && v.looks.length)
    all.append(table(["Answer", "Server", "Address", "Status", "Time", "Detail"], v.looks.map(look), "What each server said"));
  return all;
}

async function loadDetails(id, row) {
  try {
    const c = await get(`v1/challenges/${encodeURIComponent(id)}`), parts = [];
    const events = element("ol", null, "events");
    for (const e of c.events) {
      const item = element("li");
      item.append(when(e.at), e.text);
      events.append(item);
    }
    if (c.verdict)
      parts.push(verdict(c.verdict));
    parts.push(element("h5", "Events"), events);
    row.querySelector(".body").replaceChildren(...parts);
  } catch (error) {
    row.querySelector(".body").replaceChildren(element("p", error.status === 404 ? "It is forgotten already." : error.message));
  }
}

// ---- the list

function wanted(order) {
  const name = $("name").value.trim().toLowerCase(), state = $("state").value;
  if (state && orderState(order) !== state && !(state === "pending" && orderState(order) === "withdrawing"))
    return false;
  return !name || [...order.challenges.values()].some(c => c.domain.includes(name) || (c.fqdn || "").includes(name));
}

function drawTotals() {
  const counts = Object.fromEntries(STATES.map(s => [s, 0]));
  for (const order of orders.values())
    for (const c of order.challenges.values())
      counts[c.state]++;
  const groups = { "in work": WORK.reduce((n, s) => n + counts[s], 0), ready: counts.ready, failed: counts.failed, gone: counts.gone };
  $("totals").replaceChildren(...Object.entries(groups).map(([name, count]) => {
    const box = element("div");
    box.append(element("dt", name), element("dd", count));
    return box;
  }));
}

function draw() {
  const sorted = [...orders.values()].sort((a, b) => (created(a) < created(b) ? 1 : -1));
  const shown = sorted.filter(wanted);
  shown.forEach(drawOrder);
  const list = $("list");
  shown.forEach((order, i) => {
    if (list.children[i] !== order.item)
      list.insertBefore(order.item, list.children[i] || null);
  });
  while (list.children.length > shown.length)
    list.lastElementChild.remove();
  $("shown").textContent = orders.size ? `${shown.length} of ${orders.size} orders` : "";
  $("empty").hidden = orders.size > 0;
  $("older").hidden = !next;
  drawTotals();
}

const created = order => [...order.challenges.values()][0].created;

async function load(after) {
  const page = await get(`v1/challenges?limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
  page.challenges.forEach(take);
  if (after || next === null)
    next = page.next;
  draw();
}

// ---- what happens

async function refresh() {
  const ids = [...changed];
  changed = new Set();
  refreshing = null;
  try {
    if (ids.length > 20)
      await load();
    else
      for (const c of await Promise.all(ids.map(id => get(`v1/challenges/${encodeURIComponent(id)}`).catch(() => null))))
        if (c)
          drawFresh(take(c));
    draw();
  } catch (error) {
    complain(error.message);
  }
}

function drawFresh(order) {
  drawOrder(order);
  order.item.classList.remove("fresh");
  void order.item.offsetWidth;
  order.item.classList.add("fresh");
}

function onEvent(message) {
  const e = JSON.parse(message.data);
  changed.add(e.challenge);
  if (["ready", "failed"].includes(e.state))
    $("spoken").textContent = `${e.domain} is ${e.state}`;
  refreshing ??= setTimeout(refresh, 200);
}

function listen() {
  const source = new EventSource("v1/events");
  source.addEventListener("challenge", onEvent);
  source.onopen = () => {
    chip($("link"), "live");
    load().then(() => complain(), e => complain(e.message)); // what happened while nobody listened
  };
  source.onerror = () => {
    chip($("link"), "offline");
    if (source.readyState === EventSource.CLOSED)
      setTimeout(listen, 5000);
  };
}

// ---- CPS

function drawEnrollments() {
  for (const e of enrollments.slice(enrollmentsShown, enrollmentsShown + CPS_PAGE)) {
    const row = $("cps-rows").insertRow(), cells = [String(e.id), e.cn, String((e.sans || []).length || 1), e.validation_type,
      (e.pending_changes || []).map(c => `${c.id} ${c.type || ""}`).join(", ") || "none", "…"];
    for (const cell of cells)
      row.insertCell().textContent = cell ?? "";
    row.cells[2].className = "number";
    e.cell = row.cells[5];
  }
  loadExpiries(enrollments.slice(enrollmentsShown, enrollmentsShown + CPS_PAGE));
  enrollmentsShown += CPS_PAGE;
  $("cps-more").hidden = enrollmentsShown >= enrollments.length;
}

async function loadExpiries(list) {
  for (const e of list) {
    try {
      const certificate = await get(`v1/cps/enrollments/${e.id}/certificate`);
      e.cell.replaceChildren(certificate.expiry ? when(certificate.expiry) : "no certificate yet");
    } catch (error) {
      e.cell.textContent = "not known";
      e.cell.title = error.message;
    }
  }
}

async function loadEnrollments() {
  try {
    enrollments = (await get("v1/cps/enrollments")).enrollments;
    $("cps").hidden = false;
    drawEnrollments();
  } catch {
    $("cps").hidden = true; // no CPS here, no credentials, or not for this client
  }
}

$("filter").addEventListener("input", draw);
$("filter").addEventListener("submit", event => event.preventDefault());
$("older").addEventListener("click", () => load(next).catch(e => complain(e.message)));
$("cps-more").addEventListener("click", drawEnrollments);
setInterval(draw, 30000); // ages
listen();
loadEnrollments();
