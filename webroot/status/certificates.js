// The enrollments of Akamai CPS: what needs somebody first, and all others behind it.
import { get, query, watched } from "./api.js";
import { $, breakable, button, el, keyed, set, unseen } from "./dom.js";
import { drawDetail } from "./enrollment.js";
import { drawAccounts } from "./accounts.js";
import { Pager } from "./pager.js";
import * as place from "./place.js";
import { drawSteps, steps } from "./steps.js";
import { date, daysLeft, length, minute, since } from "./times.js";
import { drawWeeks, weeksNote } from "./weeks.js";

const SIZE = 50, LIFE_DAYS = 90;
const CARDS = [
  { need: "held", tone: "bad", title: "wait for you", note: "an approval, or a warning that no policy allows" },
  { need: "failing", tone: "bad", title: "fail", note: "a name, an order or CPS itself" },
  { need: "alarm", tone: "busy", title: "end soon or are late", note: "without a change that brings the next" },
  { need: "working", tone: "good", title: "in work", note: "dcvd drives their change" },
  { need: "", tone: "idle", title: "enrollments", note: "" },
];
const WORDS = { held: "waits for you", failing: "fails", alarm: "look at it", working: "in work", pending: "change at CPS", nothing: "quiet" };
const PHASES = { held: "held", failing: "failed", alarm: "no change", working: "starting", pending: "not driven here", nothing: "–" };

const read = watched();
const filter = { need: "", class: "", account: "", sort: "need", search: "", week: "" };
const open = new Map(); // keys of open rows -> their enrollment as it was drawn last
let pager, shown = false, reading = false, again = false, last = null;

// ---- what is asked for

function wanted() {
  const week = filter.week === "" ? {} : { "expiring-days": 7 * (Number(filter.week) + 1), "expiring-after-days": 7 * Number(filter.week) || "" };
  const { need, account, sort, search } = filter;
  return { need, class: filter.class, sort, search: search.trim(), limit: SIZE, after: pager.after, ...week,
           ...(account === "" ? {} : { account: account === "main" ? "" : account }) };
}

function path() {
  const { account, ...others } = wanted();
  return query("v1/cps/inventory", others) + (account === undefined ? "" : `&account=${encodeURIComponent(account)}`);
}

function choose(change) {
  Object.assign(filter, change);
  pager.reset();
  remember();
  load();
}

function remember() {
  place.write("certificates", { ...filter, sort: filter.sort === "need" ? "" : filter.sort });
}

// ---- the parts above the list

function card(one) {
  const node = button("", () => choose({ need: filter.need === one.need ? "" : one.need }), ".card");
  node.append(el("b"), el("span.title", one.title), el("span.note", one.note));
  node.dataset.tone = one.tone;
  return node;
}

function drawCards(data) {
  const { needs, total, managed, monitored, ignored } = data.counts;
  keyed($("cards"), CARDS, c => c.need || "all", card, (node, one) => {
    const count = one.need ? needs[one.need] : total;
    node.firstElementChild.textContent = count.toLocaleString();
    set(node, { "aria-pressed": String(filter.need === one.need), "data-empty": count === 0 });
    if (!one.need)
      node.lastElementChild.textContent = `${managed} managed, ${monitored} monitored, ${ignored} ignored`;
  });
}

function drawChoices(data) {
  const accounts = data.accounts.map(a => a.name), select = $("account");
  if (select.options.length !== accounts.length + 1)
    select.replaceChildren(new Option("all", ""), ...accounts.map(a => new Option(a || "main", a || "main")));
  select.value = filter.account;
  select.closest("label").hidden = accounts.length < 2;
  $("class").value = filter.class;
  $("sort").value = filter.sort;
  if (document.activeElement !== $("search"))
    $("search").value = filter.search;
}

function filters() {
  const parts = [filter.need && (WORDS[filter.need] || "needs somebody"), filter.class, filter.account, filter.search.trim() && `“${filter.search.trim()}”`,
                 filter.week !== "" && "of one week"];
  return parts.filter(Boolean).join(", ");
}

function clear() {
  $("search").value = "";
  choose({ need: "", class: "", account: "", search: "", week: "" });
  $("search").focus();
}

function drawSummary(data) {
  const by = filters(), node = $("matching"), count = data.matching.toLocaleString();
  node.replaceChildren(by ? `${count} of ${data.counts.total.toLocaleString()}: ${by} ` : `${count} enrollments, ${filter.sort === "need" ? "the most urgent first" : "sorted"}`);
  if (by)
    node.append(button("Show all", clear, ".plain"));
  $("none").hidden = data.enrollments.length > 0;
  $("none").textContent = data.enrollments.length ? "" : data.counts.total ? `No enrollment is ${by ? `found for ${by}` : "here"}; there are ${data.counts.total.toLocaleString()} in all.`
    : data.watch === "off" ? "" : data.last_look ? "The accounts have no enrollments." : "The first look at CPS is under way.";
}

// ---- rows

function makeRow(row) {
  const press = button("", () => toggle(node), ".open");
  press.append(el("span.mark"), el("span.name"));
  set(press.firstElementChild, { "aria-hidden": "true" });
  press.setAttribute("aria-expanded", "false");
  const node = el("li.row",
    el("div.who", el("h3", press, el("span.more")), el("p.about")),
    el("div.phase", el("span.step"), steps()),
    el("p.why"),
    el("div.ends", unseen("Certificate: "), el("span.left", el("i")), el("span.days")),
    el("p.next"),
    el("div.detail"));
  node.querySelector(".detail").hidden = true;
  node.dataset.fresh = row.key;
  return node;
}

function untilDeadline(hold) {
  if (!hold.deadline)
    return "";
  return new Date(hold.deadline) > Date.now() ? `, until ${minute(hold.deadline)}; then CPS deploys by itself` : `; since ${minute(hold.deadline)} CPS may deploy it by itself`;
}

function reason(row) {
  if (row.need === "held" && row.step === "approval" && row.hold)
    return `approval of change ${row.hold.change}${untilDeadline(row.hold)}`;
  if (row.need === "held" && row.warnings)
    return `warnings that no policy allows: ${row.warnings.warnings.map(w => w.code).join(", ")}`;
  if (row.waits_for || row.error || row.alarm)
    return row.waits_for || row.error?.detail || row.alarm;
  return row.need === "pending" ? `CPS has a change (${row.change_type || "of unknown type"}) that dcvd only watches` : row.need === "working" ? "CPS, which is at work on it" : "–";
}

function next(row) {
  if (row.need === "held")
    return row.since ? `held ${since(row.since)}` : "held";
  if (row.error)
    return row.error.at ? `failed ${since(row.error.at)} ago` : "failed";
  if (row.change)
    return row.since ? `for ${since(row.since)}` : "in work";
  if (!row.auto_renewal_start)
    return "–";
  return new Date(row.auto_renewal_start) > Date.now() ? `renews ${date(row.auto_renewal_start)}` : "renewal is due";
}

function drawEnd(node, row) {
  const [, bar, text] = node.children, days = row.expiry ? daysLeft(row.expiry) : null;
  bar.firstElementChild.style.width = days === null ? "0" : `${Math.min(100, Math.max(2, days / LIFE_DAYS * 100))}%`;
  bar.dataset.tone = days === null ? "idle" : days < 14 ? "bad" : days < 28 ? "busy" : "good";
  text.textContent = days === null ? "not known" : days < 0 ? `ended ${length(Date.now() - new Date(row.expiry))} ago` : `${days} d`;
  text.title = row.expiry ? new Date(row.expiry).toLocaleString() : "";
}

function drawRow(node, row) {
  node.dataset.need = row.need;
  node.querySelector(".name").textContent = row.cn || `enrollment ${row.id}`;
  node.querySelector(".more").textContent = row.names > 1 ? `+${row.names - 1}` : "";
  node.querySelector(".about").textContent = [row.id, row.account, row.class, row.type].filter(Boolean).join(" · ");
  node.querySelector(".step").textContent = row.step || PHASES[row.need];
  drawSteps(node.querySelector(".steps"), row);
  node.querySelector(".why").replaceChildren(...breakable(reason(row)));
  drawEnd(node.querySelector(".ends"), row);
  node.querySelector(".next").textContent = next(row);
  if (open.has(row.key))
    drawDetail(node.querySelector(".detail"), row, last);
  open.has(row.key) && open.set(row.key, row);
  node.row = row;
}

function toggle(node) {
  const press = node.querySelector(".open"), detail = node.querySelector(".detail"), opens = detail.hidden;
  press.setAttribute("aria-expanded", String(opens));
  detail.hidden = !opens;
  node.classList.toggle("opened", opens);
  if (opens) {
    open.set(node.row.key, node.row);
    drawDetail(detail, node.row, last);
  } else {
    open.delete(node.row.key);
  }
}

// ---- reading

function draw(data) {
  last = data;
  drawAccounts(data);
  drawCards(data);
  drawWeeks($("weeks"), data, filter.week === "" ? null : Number(filter.week), week => choose({ week: filter.week === String(week) ? "" : String(week) }));
  $("weeks-note").replaceChildren(...weeksNote(data));
  drawChoices(data);
  drawSummary(data);
  keyed($("rows"), data.enrollments, row => row.key, makeRow, drawRow);
  pager.draw(data.enrollments.length, data.next, data.matching);
}

// Without the watcher nothing is known but what CPS says when it is asked, which costs requests: once, when the page opens.
let listed = false;
async function listFromCps(data) {
  listed = true;
  const list = (await get("v1/cps/enrollments")).enrollments;
  const rows = list.map(e => ({ key: String(e.id), id: e.id, cn: e.cn, account: e.account, names: (e.sans || []).length, type: e.validation_type, class: "",
    need: e.pending_changes?.length ? "pending" : "nothing", change: e.pending_changes?.at(-1)?.id ?? null, change_type: e.pending_changes?.at(-1)?.type,
    auto_renewal_start: e.auto_renewal_start, expiry: null }));
  $("rows").dataset.source = "cps";
  keyed($("rows"), rows.slice(0, SIZE), row => row.key, makeRow, drawRow);
  $("none").hidden = true;
  $("matching").textContent = `${rows.length} enrollments, as CPS lists them now`;
  for (const row of rows.slice(0, SIZE)) {
    row.expiry = (await get(`v1/cps/enrollments/${row.id}/certificate`).catch(() => ({}))).expiry;
    keyed($("rows"), rows.slice(0, SIZE), one => one.key, makeRow, drawRow);
  }
  return data;
}

export async function load() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    const data = await read(path());
    if (data)
      draw(data);
    else if (last)
      keyed($("rows"), last.enrollments, row => row.key, makeRow, drawRow); // times go on
    if (last?.watch === "off" && !last.counts.total && !listed)
      listFromCps(last).catch(error => { $("none").hidden = false; $("none").textContent = error.message; });
  } catch (error) {
    if (error.status === 400 && pager.passed.length)
      choose({}); // the page that was passed is no more: from the front
    else
      $("matching").textContent = error.message;
  } finally {
    reading = false;
    if (again) {
      again = false;
      load();
    }
  }
}

export function show(place_) {
  shown = true;
  for (const name of Object.keys(filter))
    filter[name] = place_?.[name] ?? (name === "sort" ? "need" : "");
  remember();
  return load();
}

export const hide = () => { shown = false; };
export const refresh = () => shown && load();

// Whether this service and this client know CPS at all.
export async function isThere() {
  try {
    return Boolean((await get(query("v1/cps/inventory", { limit: 1 }))).counts);
  } catch (error) {
    return error.status === 0;
  }
}

export function begin() {
  let typing = null;
  pager = new Pager($("pages"), SIZE, load);
  for (const name of ["class", "account", "sort"])
    $(name).addEventListener("change", event => choose({ [name]: event.target.value }));
  $("search").addEventListener("input", event => {
    clearTimeout(typing);
    typing = setTimeout(() => choose({ search: event.target.value }), 150);
  });
  $("choices").addEventListener("submit", event => event.preventDefault());
  $("rows").addEventListener("keydown", event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], buttons = [...$("rows").querySelectorAll(".open")], at = buttons.indexOf(event.target);
    if (!step || at < 0 || !buttons[at + step])
      return;
    event.preventDefault();
    buttons[at + step].focus();
  });
}
