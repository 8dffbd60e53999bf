// Pages of a list that the server sorts: a cursor for each page that was passed.
import { button, el } from "./dom.js";

export class Pager {
  constructor(node, size, move) {
    this.size = size;
    this.passed = [];
    this.next = null;
    this.back = button("Previous", () => { this.passed.pop(); move(); });
    this.on = button("Next", () => { this.passed.push(this.next); move(); });
    this.where = el("span.quiet");
    node.append(this.back, this.where, this.on);
    this.node = node;
  }

  get after() {
    return this.passed.at(-1) ?? "";
  }

  reset() {
    this.passed = [];
  }

  draw(shown, next, of) {
    const first = this.passed.length * this.size;
    this.next = next;
    this.back.disabled = !this.passed.length;
    this.on.disabled = !next;
    this.where.textContent = shown ? `${first + 1}–${first + shown}${of ? ` of ${of}` : ""}` : "";
    this.node.hidden = !this.passed.length && !next;
  }
}
