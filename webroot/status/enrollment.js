// One enrollment, opened: what it waits for, what a person can do about it, and what happened so far.
import { get, query } from "./api.js";
import { ask } from "./approval.js";
import { button, chip, el, facts, table } from "./dom.js";
import { STEPS } from "./steps.js";
import { ago, clockTime, date, time } from "./times.js";

const STATES = { running: "busy", done: "good", failed: "bad", cancelled: "idle", unknown: "idle" };

// ---- what a person must decide

function hold(row, all) {
  const h = row.hold, missing = h.approvals - h.approved_by.length;
  const node = el("section.panel", el("h4", `Change ${h.change} waits for approval`),
    facts([["Hash of what CPS shows", el("code", h.hash)], ["CPS deploys by itself", h.deadline ? time(h.deadline) : "never"],
           ["Approvals", `${h.approved_by.length} of ${h.approvals}${h.approved_by.length ? `: ${h.approved_by.join(", ")}` : ""}`]]));
  node.dataset.tone = "bad";
  if (h.messages)
    node.append(el("pre", h.messages));
  if (h.not_before)
    node.append(el("p", "It is approved; dcvd tells CPS from ", time(h.not_before), " on."));
  else if (h.can_approve === false)
    node.append(el("p.quiet", "It is not approved here: CPS shows errors, or the policy takes no approvals. By hand:"),
      el("pre", `dcvd cps ack ${row.id} --change-management --hash ${h.hash}${row.account ? ` --account ${row.account}` : ""}`));
  else if (all.may_approve)
    node.append(button(`Approve change ${h.change}…`, () => ask(row), ".main"));
  else
    node.append(el("p.quiet", "Approving needs the token of an operator; you only look."));
  if (missing > 1 && h.can_approve !== false)
    node.append(el("p.quiet", `${missing} different people must approve.`));
  return node;
}

function warnings(row) {
  const node = el("section.panel", el("h4", "Warnings hold the change"));
  const list = el("ul.warnings", ...row.warnings.warnings.map(w => el("li", el("code", w.code), el("span", w.text))));
  node.dataset.tone = "bad";
  node.append(list, el("p.quiet", "Somebody who has read them acknowledges exactly this text with"),
    el("pre", `dcvd cps ack ${row.id} --warnings --expect-sha256 ${row.warnings.digest.replace("text-sha256:", "")}${row.account ? ` --account ${row.account}` : ""}`));
  return node;
}

function reason(row) {
  const text = row.error?.detail || row.waits_for || row.alarm;
  if (!text)
    return null;
  const node = el("section.panel", el("h4", row.error ? "It failed" : row.waits_for ? "It waits" : "Look at it"), el("p", text));
  node.dataset.tone = row.need === "working" ? "busy" : "bad";
  return node;
}

function panels(row, all) {
  const list = [];
  if (row.need === "held" && row.hold && row.step === "approval")
    list.push(hold(row, all));
  else if (row.need === "held" && row.warnings)
    list.push(warnings(row));
  else
    list.push(reason(row));
  if (row.alarm && list[0] && (row.error || row.waits_for))
    list.push(el("p.quiet", row.alarm));
  return list.filter(Boolean);
}

// ---- what happened

function timeline(validation, row) {
  const list = el("ol.timeline");
  let step = null, day = null;
  for (const s of validation.sentences) {
    if (date(s.at) !== day)
      list.append(el("li.day.quiet", day = date(s.at)));
    if (s.step && s.step !== step)
      list.append(el("li.step", el("b", s.step), el("span.quiet", ` ${STEPS.indexOf(s.step) + 1} of ${STEPS.length}`)));
    step = s.step || step;
    list.append(el("li", clockTime(s.at), el("span", s.text)));
  }
  if (validation.waits_for && row.need !== "held")
    list.append(el("li.waits", el("span", "waits"), el("span", validation.waits_for)));
  if (validation.error)
    list.append(el("li.failed", validation.finished ? clockTime(validation.finished) : "", el("span", validation.error.detail)));
  return list;
}

function headline(v) {
  const node = el("p.headline", chip(v.state, STATES[v.state]), el("span", `change ${v.change ?? "–"}, `), el("span.quiet", `began ${ago(v.started)}`));
  if (v.order_id) {
    const link = el("a", "its challenges");
    link.href = `#challenges?order=${encodeURIComponent(v.order_id)}`;
    node.append(" · ", link);
  }
  return node;
}

async function history(row, node) {
  const list = (await get(query(`v1/cps/validations`, { enrollment: row.id }) + `&account=${encodeURIComponent(row.account || "")}`)).validations;
  const newest = list.length ? await get(`v1/cps/validations/${list[0].id}`).catch(() => null) : null;
  const mark = JSON.stringify([list.map(v => [v.id, v.state]), newest?.sentences.length, newest?.waits_for]);
  if (node.dataset.mark === mark)
    return;
  node.dataset.mark = mark;
  node.replaceChildren(el("h4", "What happened"), ...(newest ? [headline(newest), timeline(newest, row)]
    : [el("p.quiet", row.change ? "dcvd has not worked on this change since it was started." : "Nothing since dcvd was started.")]),
    ...list.slice(1, 6).map(headline));
}

// ---- what CPS itself says; it costs requests, so only when somebody wants it

function names(change) {
  return table("Names of the change", ["Name", "Status", "Error", "Expires"],
    change.names.map(n => [n.domain, `${n.status || "–"}${n.validation_status ? ` (${n.validation_status})` : ""}`, n.error, n.expires ? time(n.expires) : "–"]));
}

async function fromCps(row, node) {
  node.replaceChildren(el("p.quiet", "Asking CPS…"));
  try {
    const e = await get(`v1/cps/enrollments/${row.id}?account=${encodeURIComponent(row.account || "")}`), c = e.change;
    node.replaceChildren(...[el("h4", "What CPS says now"), e.note && el("p", e.note),
      facts([["State", c && `${c.state}, ${c.status}`], ["Description", c?.description], ["Error", c?.error], ["Deploys not before", c?.schedule?.not_before && time(c.schedule.not_before)],
             ["Certificate ends", e.expiry ? time(e.expiry) : "nothing is in production"], ["Names", (e.sans || []).join(", ")]]),
      c?.names?.length && names(c)].filter(Boolean));
  } catch (error) {
    node.replaceChildren(el("p.bad", error.message));
  }
}

// ---- all of it

function about(row) {
  return facts([["Enrollment", String(row.id)], ["Account", row.account], ["Contract", row.contract], ["Type", row.type], ["Names", String(row.names)],
    ["Change", row.change && `${row.change} (${row.change_type || "of unknown type"})`],
    ["Certificate ends", row.expiry && time(row.expiry)], ["CPS renews it", row.auto_renewal_start && date(row.auto_renewal_start)], ["Last error", row.last_error], ["Seen", row.seen && ago(row.seen)]]);
}

function build(node, row) {
  const answer = el("div.from-cps"), press = button("Ask CPS now", () => fromCps(row, answer));
  node.parts = { panels: el("div"), facts: el("div"), history: el("section") };
  node.replaceChildren(node.parts.panels, node.parts.history, node.parts.facts,
    el("p.ask", press, el("span.quiet", " takes a few requests of the account's budget")), answer);
}

export function drawDetail(node, row, all) {
  if (!node.parts)
    build(node, row);
  const mark = JSON.stringify([row.need, row.step, row.hold, row.warnings, row.error, row.waits_for, row.alarm, all?.may_approve]);
  if (node.parts.panels.dataset.mark !== mark) {
    node.parts.panels.dataset.mark = mark;
    node.parts.panels.replaceChildren(...panels(row, all || {}));
  }
  node.parts.facts.replaceChildren(about(row));
  history(row, node.parts.history).catch(error => node.parts.history.replaceChildren(el("p.bad", error.message)));
}
