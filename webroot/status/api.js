// Calls to the API of the service that served this page, with the credentials that the browser was given.

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function answer(path, reply) {
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok)
    throw new Refusal(reply.status, body.detail || `${path} was answered with ${reply.status}`);
  return body;
}

async function ask(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Refusal(0, "dcvd does not answer: the service is stopped, or the network is down.");
  }
}

export async function get(path) {
  return answer(path, await ask(path, { headers: { Accept: "application/json" } }));
}

export async function post(path, body) {
  return answer(path, await ask(path, {
    method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body),
  }));
}

// A list that is read again and again: null as long as it is what it was.
export function watched() {
  let path = null, tag = null;
  return async wanted => {
    const reply = await ask(wanted, { headers: { Accept: "application/json", ...(wanted === path && tag ? { "If-None-Match": tag } : {}) } });
    if (reply.status === 304)
      return null;
    const body = await answer(wanted, reply);
    path = wanted;
    tag = reply.headers.get("ETag");
    return body;
  };
}

export function query(path, wanted) {
  const text = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== "" && value !== null && value !== undefined)).toString();
  return text ? `${path}?${text}` : path;
}
