// The days of the year that an organisation keeps.
import { actions, field, h, options, show, tag, told } from "./dom.js";
import { admin } from "./staff.js";

const MONTHS = Array.from({ length: 12 }, (_, index) => [index + 1, `${index + 1} 月`]);
const DAYS = Array.from({ length: 31 }, (_, index) => [index + 1, `${index + 1} 日`]);

/** The list of one of the places; which one is chosen here. */
export function anniversaries(places) {
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const area = h("div", { class: "work" });
  const open = () => list(area, Number(place.value));
  place.addEventListener("change", open);
  return [
    h("p", { class: "soft" }, "每个组织有自己的纪念日。要到日子发消息，还需新建一个“纪念日”定时。"),
    h("div", { class: "fields" }, field("组织", place)),
    actions({ label: "查看", quiet: true, small: true, run: open }),
    area,
  ];
}

async function list(area, organisation, said) {
  const { items, suggested } = await admin.call("GET", `/organisations/${organisation}/anniversaries`);
  const again = (words) => list(area, organisation, words);
  const add = async (json, words) => {
    await admin.call("POST", `/organisations/${organisation}/anniversaries`, { json, once: true });
    await again(words);
  };
  const fresh = dayFields({ month: 7, day: 1, name: "", words: "" });
  show(
    area,
    told(said),
    items.length === 0 && h("p", { class: "soft" }, "还没有纪念日。"),
    h("ul", { class: "items" }, items.map((each) => row(each, again))),
    suggested.length > 0 && h("h4", {}, "可以选用"),
    suggested.length > 0 &&
      h("ul", { class: "items" }, suggested.map((each) =>
        h("li", { class: "item" },
          h("div", { class: "split" }, h("strong", {}, `${each.month}月${each.day}日　${each.name}`)),
          h("p", { class: "small soft" }, each.words),
          actions({ label: "加入", quiet: true, small: true, run: () => add(each, `已加入：${each.name}`) }),
        ))),
    h("h4", {}, "自己加一个"),
    fresh.element,
    actions({ label: "加入纪念日", run: () => add(fresh.read(), `已加入：${fresh.read().name}`) }),
  );
}

function row(each, again) {
  const fields = dayFields(each);
  const change = async (json, words) => {
    await admin.call("PATCH", `/anniversaries/${each.id}`, { json });
    await again(words);
  };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, `${each.month}月${each.day}日　${each.name}`), tag(each.enabled ? "启用" : "已停用", each.enabled ? "good" : "")),
    each.words && h("p", { class: "small soft" }, each.words),
    actions(
      { label: each.enabled ? "停用" : "启用", quiet: true, small: true, run: () => change({ enabled: !each.enabled }, each.enabled ? "已停用" : "已启用") },
      {
        label: "删除",
        quiet: true,
        small: true,
        confirm: `“${each.name}”会从名单里删掉，已经发过的消息不受影响。`,
        run: async () => {
          await admin.call("DELETE", `/anniversaries/${each.id}`);
          await again("已删除");
        },
      },
    ),
    h("details", {}, h("summary", {}, "修改"), h("div", { class: "work" }, fields.element, actions({ label: "保存纪念日", small: true, run: () => change(fields.read(), "已保存") }))),
  );
}

function dayFields(each) {
  const month = h("select", {}, options(MONTHS, each.month));
  const day = h("select", {}, options(DAYS, each.day));
  const name = h("input", { type: "text", maxlength: "30", value: each.name });
  const words = h("textarea", { rows: "2", maxlength: "200", class: "short" }, each.words);
  return {
    element: [h("div", { class: "fields" }, field("月", month), field("日", day), field("名称", name)), field("想说的话（可不填）", words)],
    read: () => ({ month: Number(month.value), day: Number(day.value), name: name.value.trim(), words: words.value.trim() }),
  };
}
