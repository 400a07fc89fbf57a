// A member looks for a lesson: by a word, or in a topic.
import { excerpt } from "./desk-lessons.js";
import { actions, field, fold, h, show } from "./dom.js";
import { duration } from "./format.js";
import { read } from "./lesson-reading.js";

/** The part; `reader` is as for `studyParts`. */
export function findingPart(me, reader) {
  const wanted = h("input", { type: "search", maxlength: "60" });
  const place = h("div", { class: "work" });
  return fold(
    "找资料、看专题",
    field("找什么", wanted),
    actions(
      {
        label: "找",
        small: true,
        run: async (tell) => {
          if (!wanted.value.trim()) return tell("warn", "请先写要找的词。");
          const { items } = await me.call("GET", `/search?q=${encodeURIComponent(wanted.value.trim())}`);
          return void show(place, items.length === 0 ? h("p", { class: "soft" }, "没有找到，换个词试试。") : lessons(me, reader, items, (each) => excerpt(each.snippet)));
        },
      },
      { label: "看专题", quiet: true, small: true, run: async () => void show(place, topics(me, reader, await me.all("/topics"))) },
    ),
    place,
  );
}

function topics(me, reader, found) {
  if (found.length === 0) return h("p", { class: "soft" }, "还没有公开的专题。");
  return h("ul", { class: "items" }, found.map((topic) => {
    const opened = h("div", { class: "work" });
    const open = async () => {
      const whole = await me.call("GET", `/topics/${topic.id}`);
      show(opened, lessons(me, reader, whole.lessons, (each) => `约 ${duration(each.required_seconds)}`));
    };
    return h("li", { class: "item" }, h("strong", {}, topic.title), topic.summary && h("p", { class: "small soft" }, topic.summary), actions({ label: `看这 ${topic.lessons} 篇`, quiet: true, small: true, run: open }), opened);
  }));
}

function lessons(me, reader, found, words) {
  const listed = found.map((each) => ({ lesson_id: each.id, title: each.title }));
  return h("ul", { class: "items" }, found.map((each, at) =>
    h(
      "li",
      { class: "item" },
      h("strong", {}, each.title),
      h("p", { class: "small soft" }, words(each)),
      actions({ label: "阅读", quiet: true, small: true, run: () => read(me, reader, { lessons: listed }, listed[at]) }),
    ),
  ));
}
