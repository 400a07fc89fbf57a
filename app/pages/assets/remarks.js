// What colleagues remarked on an issue or a lesson, and who did what to it.
import { action } from "./audit.js";
import { difference } from "./compare.js";
import { actions, field, h, show, tag } from "./dom.js";
import { STATES, time, weekText } from "./format.js";

const FIELDS = {
  title: "标题", summary: "摘要", source: "出处", article: "条款", source_url: "原文网址", markdown: "正文", author_line: "作者",
  reprint_permission: "转载授权", week: "周", lessons: "资料", audience: "学习对象", state: "状态", publish_at: "发布时间", published_at: "发布时间", note: "更正说明",
};

/** Remarks and history of what is at `path`, such as /issues/1; `actor` is somebody of the desk. */
export async function remarks(place, actor, path) {
  const [comments, history] = await Promise.all([actor.all(`${path}/comments`), actor.all(`${path}/history`)]);
  const body = h("textarea", { class: "short", rows: "2", maxlength: "1000", spellcheck: "false" });
  const again = () => remarks(place, actor, path);
  show(
    place,
    h("h4", {}, "批注"),
    comments.length ? h("ul", { class: "items" }, comments.map((each) => comment(actor, each, again))) : h("p", { class: "soft" }, "还没有批注。"),
    field("写一条批注", body, "给一起办这篇稿的同事看，党员看不到"),
    actions({
      label: "发出批注",
      small: true,
      run: async (tell) => {
        if (!body.value.trim()) return tell("warn", "请先写批注。");
        await actor.call("POST", `${path}/comments`, { json: { body: body.value.trim() }, once: true });
        return again();
      },
    }),
    h("h4", {}, "办理记录"),
    history.length ? h("ul", { class: "items" }, history.map((each) => change(actor, path, each))) : h("p", { class: "soft" }, "还没有记录。"),
  );
}

function comment(actor, each, again) {
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("span", { class: "small soft" }, `${each.by.name} · ${time(each.created_at)}`), tag(each.resolved_at ? "已处理" : "待处理", each.resolved_at ? "good" : "warn")),
    h("p", { class: "lines" }, each.body),
    each.resolved_at ? null : actions({
      label: "标为已处理",
      quiet: true,
      small: true,
      run: async () => {
        await actor.call("PUT", `/comments/${each.id}/resolution`);
        await again();
      },
    }),
  );
}

function change(actor, path, each) {
  const opened = h("div", { class: "work" });
  const changed = each.fields.map((name) => FIELDS[name] ?? name).join("、");
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, action(each)), h("span", { class: "small soft" }, `${each.by?.name ?? "系统"} · ${time(each.at)}`)),
    changed && h("p", { class: "small" }, `改动：${changed}`),
    changed && actions({
      label: "看改了什么",
      quiet: true,
      small: true,
      run: async () => show(opened, sides(await actor.call("GET", `${path}/history/${each.id}`))),
    }),
    opened,
  );
}

function sides(found) {
  return found.fields.map((name) => [
    h("h4", {}, FIELDS[name] ?? name),
    difference(written(name, found.before[name]), written(name, found.after[name])),
  ]);
}

function written(name, value) {
  if (value === null || value === undefined) return "";
  if (name === "state") return STATES[value] ?? String(value);
  if (name === "week" && /^\d{4}-W\d\d$/.test(value)) return weekText(value);
  if (name.endsWith("_at")) return time(value);
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}
