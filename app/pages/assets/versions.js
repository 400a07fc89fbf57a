// The publications of a lesson, and what changed from one to the next.
import { difference } from "./compare.js";
import { actions, field, h, options, show, tag } from "./dom.js";
import { time } from "./format.js";

export async function versions(place, actor, lesson) {
  const found = await actor.all(`/lessons/${lesson.id}/versions`);
  const opened = h("div", { class: "work" });
  const names = found.map((each) => [each.number, `第 ${each.number} 版`]);
  const [older, newer] = [names[1], names[0]].map((each) => h("select", {}, options(names, each?.[0])));
  show(
    place,
    h("h4", {}, `《${lesson.title}》的版本`),
    found.length === 0 && h("p", { class: "soft" }, "还没有发布过。"),
    h("ul", { class: "items" }, found.map((each) =>
      h(
        "li",
        { class: "item" },
        h("div", { class: "split" }, h("strong", {}, `第 ${each.number} 版　${each.title}`), h("span", {}, each.current && tag("党员正在读", "good"), found.some((other) => other.number < each.number && other.edition < each.edition) && tag("需要重读"))),
        h("p", { class: "small soft" }, `${time(each.created_at)}${each.note ? ` · 更正说明：${each.note}` : ""}`),
      ),
    )),
    found.length > 1 && [
      h("div", { class: "fields" }, field("从", older), field("到", newer)),
      actions({
        label: "看改了什么",
        small: true,
        run: async () => {
          const [before, after] = await Promise.all([older, newer].map((each) => actor.call("GET", `/lessons/${lesson.id}/versions/${each.value}`)));
          show(opened, difference(text(before), text(after)));
        },
      }),
    ],
    opened,
  );
}

/** A version with what stands around its text, a line each. */
export function text(version) {
  return [version.title, version.summary, `出处：${version.source} ${version.article}`.trim(), version.author_line && `作者：${version.author_line}`, version.text].filter(Boolean).join("\n");
}
