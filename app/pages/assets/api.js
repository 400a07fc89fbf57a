// The real API: calls, problems, and who is signed in (for this tab only).

/** An error as the service tells it, or one of the way to it; `detail` says in Chinese what to do. */
export class Problem extends Error {
  constructor(status, body, requestId) {
    super(body.detail);
    this.status = status;
    this.code = body.code;
    this.detail = body.detail;
    this.errors = body.errors ?? [];
    this.requestId = requestId;
  }

  lines() {
    // Where the validator found one thing, `detail` says it already.
    const said = this.code === "invalid_input" && this.errors.length === 1;
    const found = (said ? [] : this.errors).map((each) => {
      const where = each.line ? `第 ${each.line} 行：` : each.label ? `${each.label}：` : "";
      return where + (each.detail ?? each.reason ?? each.code);
    });
    if (this.status >= 500 && this.requestId) found.push(`请求编号：${this.requestId}`);
    return found;
  }
}

function unreadable(status) {
  return { code: "unreadable", detail: `服务返回了无法识别的内容（HTTP ${status}），请稍后重试。` };
}

async function answer(path, init) {
  try {
    return await fetch(path, { ...init, credentials: "omit", redirect: "error" });
  } catch {
    throw new Problem(0, { code: "unreachable", detail: "连接不上服务。请确认启动演示的终端仍在运行，然后重试。" });
  }
}

export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One call: `json`, `form` or `piece` is the body, `once` marks a POST that creates, `as` is "json", "file" or "lesson", with its ticket. */
export async function call(method, path, { token, json, form, piece, once, headers: more, as = "json" } = {}) {
  const headers = { ...more };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (once) headers["Idempotency-Key"] = randomKey();
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const response = await answer(path, { method, headers, body: json === undefined ? (form ?? piece) : JSON.stringify(json) });
  const requestId = response.headers.get("X-Request-Id");
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Problem(response.status, body?.detail ? body : unreadable(response.status), requestId);
  }
  if (response.status === 204) return null;
  if (as === "file") return { blob: await response.blob(), name: nameOf(response) };
  const body = await response.json().catch(() => {
    throw new Problem(response.status, unreadable(response.status), requestId);
  });
  return as === "lesson" ? { lesson: body, ticket: response.headers.get("Reading-Ticket") } : body;
}

function nameOf(response) {
  const given = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get("Content-Disposition") ?? "");
  return given ? decodeURIComponent(given[1]) : "下载.xlsx";
}

/** An event of a stream; the data of ours is always JSON on one line. */
function eventOf(text) {
  const lines = text.split("\n").map((line) => line.split(/: (.*)/s));
  const { event, data } = Object.fromEntries(lines);
  return { event, data: data && JSON.parse(data) };
}

const API = "/api/v1";

/** Somebody who acts: signs in when first needed, and once more when the session has ended. */
class Actor {
  constructor(key, signIn) {
    this.key = key;
    this.signIn = signIn;
  }

  get session() {
    return JSON.parse(sessionStorage.getItem(this.key) ?? "null");
  }

  async open() {
    if (!this.session) sessionStorage.setItem(this.key, JSON.stringify(await this.signIn()));
    return this.session;
  }

  async call(method, path, more = {}) {
    const { token } = await this.open();
    try {
      return await call(method, API + path, { ...more, token });
    } catch (error) {
      if (error.status !== 401) throw error;
      sessionStorage.removeItem(this.key);
      return call(method, API + path, { ...more, token: (await this.open()).token });
    }
  }

  /** The events of a live stream, {event, data}, as they come; a comment has no event. */
  async *events(path, signal) {
    const { token } = await this.open();
    const response = await answer(API + path, { headers: { Authorization: `Bearer ${token}` }, signal });
    if (!response.ok) {
      const body = await response.json().catch(() => null);
      throw new Problem(response.status, body?.detail ? body : unreadable(response.status), response.headers.get("X-Request-Id"));
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true }));
      if (done) return;
      text += value;
      const whole = text.split("\n\n");
      text = whole.pop();
      yield* whole.map(eventOf);
    }
  }

  /** All items of a list, over its pages (at most 20 of 200). */
  async all(path) {
    const items = [];
    let cursor = null;
    for (let turn = 0; turn < 20; turn += 1) {
      const mark = path.includes("?") ? "&" : "?";
      const page = await this.call("GET", `${path}${mark}limit=200${cursor ? `&cursor=${cursor}` : ""}`);
      items.push(...page.items);
      cursor = page.next;
      if (!cursor) break;
    }
    return items;
  }
}

/** A member on one of the phones of the fake WeChat. */
export function member(phone) {
  return new Actor(`member:${phone}`, async () => {
    const { app, code } = await call("POST", `/demonstration/phones/${phone}/login`);
    return call("POST", `${API}/sessions/wechat`, { json: { app, code } });
  });
}

// The accounts of the demonstration begin with one password; who sets their own has that one kept beside it.
const SHARED = "password";
const own = (login) => `password:${login}`;

/** A member of staff; `ask` gives the password where none is kept. */
export function staff(login, ask) {
  return new Actor(`staff:${login}`, async () => {
    const password = sessionStorage.getItem(own(login)) ?? sessionStorage.getItem(SHARED) ?? (await ask());
    try {
      const session = await call("POST", `${API}/sessions/password`, { json: { login, password } });
      sessionStorage.setItem(SHARED, sessionStorage.getItem(SHARED) ?? password);
      sessionStorage.setItem(own(login), password);
      return session;
    } catch (error) {
      if (error.status === 401) [SHARED, own(login)].forEach((key) => sessionStorage.removeItem(key));
      throw error;
    }
  });
}

/** Sets the own password of a member of staff, with the one in use. */
export async function setOwnPassword(actor, current, chosen) {
  await actor.call("PUT", "/staff/me/password", { json: { current, new: chosen } });
  sessionStorage.setItem(own(actor.key.replace(/^staff:/, "")), chosen);
}

/** Ends every session of this tab, at the service too. */
export async function forgetAll() {
  const keys = Object.keys(sessionStorage).filter((key) => /^(member|staff):/.test(key));
  const tokens = keys.map((key) => JSON.parse(sessionStorage.getItem(key)).token);
  sessionStorage.clear();
  await Promise.allSettled(tokens.map((token) => call("DELETE", `${API}/sessions/current`, { token })));
  return keys.length;
}
