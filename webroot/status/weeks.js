// When certificates end, week by week. Every bar is a button that shows those certificates.
import { el, set, unseen } from "./dom.js";
import { weekFrom } from "./times.js";

const tone = week => (week < 2 ? "bad" : week < 4 ? "busy" : "good");

function bar(week, choose) {
  const node = el("button.week", el("span.count"), el("span.bar"), el("span.label"));
  node.type = "button";
  node.addEventListener("click", () => choose(week));
  return node;
}

function write(node, week, count, most, chosen) {
  const [number, column, label] = node.children, from = week === 0 ? "now" : weekFrom(week);
  number.textContent = count;
  label.textContent = from;
  column.dataset.tone = tone(week);
  column.style.height = count ? `max(3px, calc((100% - 2.9rem) * ${count / most}))` : "0";
  set(node, { "aria-pressed": String(chosen === week), "data-empty": count === 0,
              "aria-label": `${count} ${count === 1 ? "certificate ends" : "certificates end"} in the week from ${from}${week === 0 ? " or earlier" : ""}` });
}

export function drawWeeks(plot, data, chosen, choose) {
  const most = Math.max(1, ...data.weeks);
  data.weeks.forEach((count, week) => {
    if (!plot.children[week])
      plot.append(bar(week, choose));
    write(plot.children[week], week, count, most, chosen);
  });
}

export function weeksNote(data) {
  const parts = [];
  if (data.later)
    parts.push(`${data.later} end later`);
  if (data.unknown)
    parts.push(`of ${data.unknown} the end is not known: nothing is in production, or it was not read yet`);
  return parts.length ? [parts.join(" · "), unseen(".")] : [""];
}
