// The challenges of an order: what each server said, and what happened.
import { get } from "./api.js";
import { button, chip, el, keyed, set, table } from "./dom.js";
import { ago, time } from "./times.js";

const TONES = { queued: "busy", publishing: "busy", propagating: "busy", withdrawing: "busy", ready: "good", failed: "bad", gone: "idle" };

function look(l) {
  return [chip(l.ok ? "right" : "wrong", l.ok ? "good" : "bad"), l.server, el("code", l.address), l.status, `${l.elapsed_ms} ms`,
    l.ok ? "" : l.detail || (l.values || []).join(", ")];
}

function verdict(v) {
  const all = el("div", el("h5", `Last check: ${v.result}`), el("p", v.detail));
  const fixes = v.fixes ?? v.mends; // verdicts of an older dcvd have the latter only
  if (fixes?.length)
    all.append(el("ul.fixes", ...fixes.map(fix => el("li", fix))));
  if (v.looks?.length)
    all.append(table("What each server said", ["Answer", "Server", "Address", "Status", "Time", "Detail"], v.looks.map(look)));
  return all;
}

function fate(c) {
  if (c.state !== "gone")
    return null;
  if (c.authority)
    return el("p", c.authority === "valid" ? "The authority found it valid; then it was withdrawn." : "The authority found it invalid.");
  return el("p", c.was_ready ? "It was ready, and then withdrawn. What the authority said is not known here." : "It was withdrawn before it was ready.");
}

async function loadDetails(node) {
  const body = node.querySelector(".body");
  try {
    const c = await get(`v1/challenges/${encodeURIComponent(node.challenge.id)}`);
    body.replaceChildren(...[fate(c), c.verdict && verdict(c.verdict), el("h5", "Events"),
      el("ol.events", ...c.events.map(e => el("li", time(e.at), el("span", e.text))))].filter(Boolean));
  } catch (error) {
    body.replaceChildren(el("p", error.status === 404 ? "It is forgotten already." : error.message));
  }
}

function make() {
  const press = button("", () => {
    const body = node.querySelector(".body");
    press.setAttribute("aria-expanded", String(body.hidden));
    body.hidden = !body.hidden;
    if (!body.hidden)
      loadDetails(node);
  }, ".open");
  press.append(set(el("span.mark"), { "aria-hidden": "true" }), el("span.name"));
  press.setAttribute("aria-expanded", "false");
  const node = el("article.challenge", el("h4", press), el("span.chip"), el("span.meta.quiet"), el("p.reason"), el("div.body"));
  node.querySelector(".body").hidden = true;
  return node;
}

function draw(node, c) {
  const why = c.reason || (c.waiting_for ? `Waiting: ${c.waiting_for} (first told ${ago(c.waiting_since)})` : ""), mark = c.updated + c.state;
  node.challenge = c;
  node.querySelector(".name").textContent = c.domain;
  chip(c.state, TONES[c.state], node.querySelector(".chip"));
  node.querySelector(".meta").textContent = [c.type, c.provider, c.fqdn, c.id].filter(Boolean).join(" · ");
  node.querySelector(".reason").textContent = why;
  node.querySelector(".reason").classList.toggle("waits", !c.reason);
  node.querySelector(".reason").hidden = !why;
  if (!node.querySelector(".body").hidden && node.drawn !== mark)
    loadDetails(node);
  node.drawn = mark;
}

export function drawChallenges(body, challenges) {
  keyed(body, challenges, c => c.id, make, draw);
}
