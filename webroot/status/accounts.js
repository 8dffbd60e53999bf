// How it goes with the accounts at CPS: budgets, and whether anybody answers.
import { $, el } from "./dom.js";
import { ago, length } from "./times.js";

const nameOf = (account, all) => account.name || (all.length > 1 ? "main" : "CPS");

function budget(account, all) {
  return el("span.budget", `${nameOf(account, all)} `, el("b", `${account.used}`), ` of ${account.per_minute} requests this minute`);
}

function troubles(data) {
  const said = [];
  for (const account of data.accounts) {
    const name = nameOf(account, data.accounts), where = account.name ? ` (${account.name})` : "";
    if (account.closed_seconds)
      said.push(`CPS asks to slow down${where}: the next request leaves in ${length(account.closed_seconds * 1000)}; ${account.waiting} wait.`);
    else if (account.waiting)
      said.push(`The budget of ${name} is spent: ${account.used} of ${account.per_minute} requests this minute, ${account.waiting} wait. What is shown may be older.`);
    if (account.trouble)
      said.push(`CPS does not answer as it should${where}, since ${ago(account.trouble_since)}: ${account.trouble}`);
  }
  if (data.trouble && !said.length)
    said.push(`The last look at CPS failed: ${data.trouble}`);
  if (data.watch === "off")
    said.push("Nobody watches the enrollments: cps.watch is off. Set it to read or act to see what they need.");
  return said;
}

export function drawAccounts(data) {
  const used = data.accounts.filter(a => a.used || a.waiting || data.accounts.length === 1);
  $("budgets").replaceChildren(...used.map(a => budget(a, data.accounts)));
  $("seen").textContent = data.last_look ? `${data.counts.total?.toLocaleString() ?? 0} enrollments, seen ${ago(data.last_look)}` : "";
  const said = troubles(data), list = $("troubles");
  if (list.dataset.said === said.join("\n"))
    return;
  list.dataset.said = said.join("\n");
  list.replaceChildren(...said.map(text => el("li", text)));
  list.hidden = !said.length;
}
