// Small helpers for markup. What came from outside is set as text, never as markup.

export const $ = id => document.getElementById(id);

// el("p.quiet", "text", otherElement): a tag with classes, and what stands in it.
export function el(what, ...content) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag || "span");
  if (classes.length)
    node.className = classes.join(" ");
  node.append(...content.filter(c => c !== null && c !== undefined && c !== ""));
  return node;
}

export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes))
    if (value === null || value === undefined || value === false)
      node.removeAttribute(name);
    else
      node.setAttribute(name, value === true ? "" : value);
  return node;
}

export function button(label, press, classes = "") {
  const node = el(`button${classes}`, label);
  node.type = "button";
  node.addEventListener("click", press);
  return node;
}

export function chip(text, tone, node = el("span.chip")) {
  node.textContent = text;
  node.dataset.tone = tone;
  return node;
}

// Long words of CPS may break behind an underscore.
export const breakable = text => text.split(/(?<=_)/).flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part]));

// Words for those who do not see the page.
export const unseen = text => el("span.unseen", text);

// Rows made once and then updated, so that focus and what is open stay: `make(item)` gives a node, `update(node, item)` writes it.
export function keyed(list, items, key, make, update) {
  const old = new Map([...list.children].map(node => [node.dataset.key, node]));
  items.forEach((item, i) => {
    const name = String(key(item));
    let node = old.get(name);
    if (!node) {
      node = make(item);
      node.dataset.key = name;
    }
    old.delete(name);
    update(node, item);
    if (list.children[i] !== node)
      list.insertBefore(node, list.children[i] || null);
  });
  old.forEach(node => node.remove());
}

export function table(label, headings, rows) {
  const t = el("table"), head = t.createTHead().insertRow(), body = t.createTBody();
  for (const text of headings)
    head.append(set(el("th", text), { scope: "col" }));
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells)
      row.insertCell().append(...[cell ?? ""].flat());
  }
  return set(el("div.scroll", t), { tabindex: 0, role: "region", "aria-label": label });
}

export function facts(pairs) {
  const list = el("dl.facts");
  for (const [name, value] of pairs)
    if (value !== null && value !== undefined && value !== "")
      list.append(el("div", el("dt", name), el("dd", value)));
  return list;
}
