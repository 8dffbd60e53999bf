// Agreeing to what change management showed. What is sent is what stood on the screen: the change and its hash.
import { get, post, query } from "./api.js";
import { $, el, facts } from "./dom.js";
import { refreshSoon, speak } from "./live.js";
import { time } from "./times.js";

let shown = null; // the enrollment as it was when the dialog opened

function draw(row) {
  shown = row;
  $("approval-title").textContent = `Approve change ${row.hold.change} of ${row.cn}?`;
  $("approval-what").replaceChildren(facts([["Enrollment", `${row.id}${row.account ? ` of ${row.account}` : ""}`], ["Change", String(row.hold.change)],
    ["Hash", el("code", row.hold.hash)], ["CPS deploys by itself", row.hold.deadline ? time(row.hold.deadline) : "never"],
    ["Approved by", row.hold.approved_by.join(", ") || "nobody yet"]]),
    el("pre", row.hold.messages || "CPS has neither errors nor warnings about it."));
}

function tell(text, isBad) {
  $("approval-said").textContent = text;
  $("approval-said").hidden = !text;
  $("approval-said").className = isBad ? "notice" : "notice good";
}

export function ask(row) {
  draw(row);
  tell("");
  $("approval-again").hidden = true;
  $("approval-yes").disabled = false;
  $("approval").showModal();
}

async function approve() {
  const { id, account, hold } = shown;
  $("approval-yes").disabled = true;
  try {
    const answer = await post(`v1/cps/enrollments/${id}/approve?account=${encodeURIComponent(account || "")}`, { change: hold.change, hash: hold.hash });
    const text = answer.approved ? `Change ${hold.change} is approved.` : `Noted. ${answer.missing} more must approve change ${hold.change}.`;
    $("approval").close();
    speak(text);
    $("done").textContent = text;
    $("done").hidden = false;
    setTimeout(() => { $("done").hidden = true; }, 8000);
  } catch (error) {
    tell(error.status === 409 ? `Not approved, for it is not what was shown any more: ${error.message}` : error.message, true);
    $("approval-again").hidden = error.status !== 409;
  }
  refreshSoon();
}

async function lookAgain() {
  const found = (await get(query("v1/cps/inventory", { search: String(shown.id), limit: 100 }))).enrollments.find(row => row.key === shown.key);
  if (!found?.hold || found.need !== "held") {
    tell("It does not wait for an approval any more.", true);
    return;
  }
  draw(found);
  tell("");
  $("approval-again").hidden = true;
  $("approval-yes").disabled = false;
}

export function begin() {
  $("approval-yes").addEventListener("click", approve);
  $("approval-again").addEventListener("click", () => lookAgain().catch(error => tell(error.message, true)));
  $("approval-no").addEventListener("click", () => $("approval").close());
}
