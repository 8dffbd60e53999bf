// Where one is on the page stands behind "#": the view and its filters, so that it can be kept, sent, and gone back to.

const listeners = new Set();
let written = "";

export function read() {
  const [view, wanted] = location.hash.slice(1).split("?");
  return { view, wanted: Object.fromEntries(new URLSearchParams(wanted || "")) };
}

export function write(view, wanted) {
  const text = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();
  written = `#${view}${text ? `?${text}` : ""}`;
  if (location.hash !== written)
    history.replaceState(null, "", written);
}

export const onMove = listener => listeners.add(listener);

addEventListener("hashchange", () => {
  if (location.hash !== written)
    listeners.forEach(listener => listener(read()));
});
