// Elements and actions. Text only ever goes in as text: nothing here takes HTML.
import { Problem } from "./api.js";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return element;
}

let counter = 0;

/** A labelled control; `hint` is read with it. */
export function field(label, control, hint) {
  control.id ||= `control-${(counter += 1)}`;
  const note = hint ? h("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

export function options(pairs, chosen) {
  return pairs.map(([value, text]) => h("option", { value: String(value), selected: value === chosen }, text));
}

/** What is said after an action: `tone` is good, bad, warn or nothing. */
export function say(place, tone, text, lines = []) {
  place.className = `said ${tone}`.trim();
  place.setAttribute("role", tone === "bad" ? "alert" : "status");
  show(place, text, lines.length ? h("ul", {}, lines.map((line) => h("li", {}, line))) : null);
}

function report(place, error) {
  if (error instanceof Problem) {
    say(place, "bad", error.detail, error.lines());
    return;
  }
  console.error(error);
  say(place, "bad", `页面出错：${error.message}。请刷新页面后重试。`);
}

/** Whether the person goes on with what they began: the question says what it does and to how many. */
function sure({ title, text, go }) {
  const dialog = h(
    "dialog",
    {},
    h(
      "form",
      { method: "dialog" },
      h("h2", {}, title),
      h("p", { class: "lines" }, text),
      h("div", { class: "row" }, h("button", { type: "submit", value: "ok" }, go), h("button", { type: "submit", value: "", class: "quiet", autofocus: true }, "先不办")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "ok");
    });
  });
}

/**
 * Buttons with one line below that says what came of it. Each is {label, run, quiet?, confirm?}; `run(say)` may give
 * back what to say; `confirm` is asked before it: a text, or a function (it may wait) that gives one, or nothing to
 * ask. All are disabled while one runs.
 */
export function actions(...specs) {
  const place = h("div", { class: "said", role: "status", "aria-live": "polite" });
  const buttons = specs.filter(Boolean).map((spec) => {
    const { label, quiet, small, disabled } = spec;
    const button = h("button", { type: "button", class: [quiet && "quiet", small && "small"].filter(Boolean).join(" ") }, label);
    button.disabled = Boolean(disabled);
    button.addEventListener("click", () => perform(buttons, button, place, spec));
    return button;
  });
  return h("div", { class: "actions" }, h("div", { class: "row" }, buttons), place);
}

async function perform(buttons, button, place, { label, run, confirm }) {
  const before = buttons.map((each) => each.disabled);
  const focused = document.activeElement === button;
  buttons.forEach((each) => (each.disabled = true));
  button.setAttribute("aria-busy", "true");
  say(place, "", "");
  try {
    const text = typeof confirm === "function" ? await confirm() : confirm;
    if (text && !(await sure({ title: `${label}？`, text, go: label }))) return;
    const said = await run((tone, words, lines) => say(place, tone, words, lines));
    if (typeof said === "string") say(place, "good", said);
  } catch (error) {
    if (error !== CANCELLED) report(place, error);
  } finally {
    button.removeAttribute("aria-busy");
    buttons.forEach((each, index) => (each.disabled = before[index]));
    if (focused && button.isConnected && document.activeElement === document.body) button.focus();
  }
}

/** Thrown where the person changed their mind: nothing is said. */
export const CANCELLED = new Error("cancelled");

/** Ends what a button began: something must be filled in first, and `detail` says what. */
export function incomplete(detail) {
  throw new Problem(0, { code: "incomplete", detail });
}

/**
 * A table whose rows become blocks on a phone; `compact` ones stand two by two there, without the first headings.
 * Columns are [heading, cell(row), "figure"?].
 */
export function table(caption, columns, rows, compact = "") {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: `stack ${compact}`.trim() },
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, columns.map(([name, , kind]) => h("th", { scope: "col", class: kind }, name)))),
      h(
        "tbody",
        {},
        rows.map((row) => h("tr", {}, columns.map(([name, cell, kind]) => h("td", { "data-label": name, class: kind }, cell(row) ?? "—")))),
      ),
    ),
  );
}

const NO_FILE = "还没有选择文件";

/**
 * A file chooser that looks like a button and says what was chosen. `read()` gives the file as it is on the disk now,
 * or null where none was chosen: a file that was corrected meanwhile is asked for again, never sent as it was.
 */
export function fileField(label, accept, chosen) {
  const input = h("input", { type: "file", accept, class: "unseen", id: `control-${(counter += 1)}` });
  const name = h("span", { class: "soft" }, NO_FILE);
  let picked = null;
  // Else choosing the same file again would change nothing, and the browser would keep quiet.
  input.addEventListener("click", () => (input.value = ""));
  input.addEventListener("change", () => {
    picked = input.files[0] ?? null;
    name.textContent = picked?.name ?? NO_FILE;
    if (picked) chosen?.(picked);
  });
  const read = async () => {
    if (!picked) return null;
    try {
      return new File([await picked.arrayBuffer()], picked.name, { type: picked.type });
    } catch {
      picked = null;
      input.value = "";
      name.textContent = NO_FILE;
      throw new Problem(0, { code: "file_changed", detail: "文件已被修改，请重新选择一次。" });
    }
  };
  return { read, picked: () => picked, element: h("div", { class: "row file" }, input, h("label", { for: input.id, class: "button quiet" }, label), name) };
}

export function part(title, ...children) {
  return h("section", { class: "part" }, h("h3", {}, title), children);
}

export function tag(text, tone = "") {
  return h("span", { class: `tag ${tone}`.trim() }, text);
}

/** Figures in large type; `words` for what is no figure. */
export function facts(pairs, words = "") {
  return h("dl", { class: `facts ${words}`.trim() }, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** Only web addresses become links; anything else stays text. */
export function safeLink(address, text) {
  if (!/^https?:\/\/[^\s]+$/i.test(address)) return address;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text ?? address);
}

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function done(step) {
  document.querySelector(`.toc a[href="#step-${step}"]`)?.parentElement.classList.add("done");
}

export function fold(summary, ...children) {
  return h("details", {}, h("summary", {}, summary), h("div", { class: "work" }, children));
}

/** What came of a change, in a list that is read again for it: brought into view, for the list may be long. */
export function told(said) {
  if (!said) return null;
  const place = h("p", { class: "said good", role: "status" }, said);
  requestAnimationFrame(() => place.scrollIntoView({ block: "nearest" }));
  return place;
}
