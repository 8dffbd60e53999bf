// The console of dcvd: two views on what the API tells, kept up to date by its stream of events.
// It changes nothing but what an operator approves.
import * as approval from "./approval.js";
import * as certificates from "./certificates.js";
import { $ } from "./dom.js";
import * as live from "./live.js";
import * as orders from "./orders.js";
import * as place from "./place.js";

const views = { certificates, challenges: orders };
let present = null;

function go({ view, wanted }) {
  const name = views[view] && !$(`tab-${view}`).hidden ? view : $("tab-certificates").hidden ? "challenges" : "certificates";
  for (const [other, module] of Object.entries(views)) {
    $(other).hidden = other !== name;
    $(`tab-${other}`).toggleAttribute("data-here", other === name);
    if (other === name)
      $(`tab-${other}`).setAttribute("aria-current", "page");
    else {
      $(`tab-${other}`).removeAttribute("aria-current");
      module.hide();
    }
  }
  present = name;
  views[name].show(wanted);
}

// "/" goes to the search, as on many pages.
function onKey(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName))
    return;
  event.preventDefault();
  $(present === "certificates" ? "search" : "name").focus();
}

async function begin() {
  const there = await certificates.isThere();
  $("tab-certificates").hidden = !there;
  certificates.begin();
  orders.begin();
  approval.begin();
  place.onMove(go);
  live.onRefresh(certificates.refresh);
  live.onRefresh(orders.refresh);
  addEventListener("keydown", onKey);
  go(place.read());
  live.begin();
}

begin();
