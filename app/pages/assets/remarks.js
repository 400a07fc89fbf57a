// What colleagues remarked on an issue or a lesson, with its history below.
import { actions, field, h, show, tag } from "./dom.js";
import { time } from "./format.js";
import { change } from "./history.js";

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
