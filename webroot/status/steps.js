// The way of a change to production, as six small bars.
import { el, unseen } from "./dom.js";

export const STEPS = ["checks", "validation", "issuance", "staging", "approval", "production"];

export function steps() {
  const node = el("span.steps", ...STEPS.map(() => el("i")));
  node.append(unseen(""));
  return node;
}

export function drawSteps(node, row) {
  const at = STEPS.indexOf(row.step);
  STEPS.forEach((_, i) => {
    const state = at < 0 || i > at ? "" : i < at ? "done" : row.need === "held" || row.need === "failing" ? row.need : "now";
    node.children[i].dataset.state = state;
  });
  node.lastElementChild.textContent = at < 0 ? "" : `, step ${at + 1} of ${STEPS.length}`;
}
