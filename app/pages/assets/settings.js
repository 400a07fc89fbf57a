// Settings of the tree: what holds here, where it comes from, and what it means to switch something on.
import { actions, field, h, options, part, show, tag } from "./dom.js";
import { admin } from "./staff.js";

export async function settings(area, said, chosen) {
  const places = await admin.all("/organisations");
  const place = h("select", {}, options(places.map((each) => [each.id, each.name]), chosen));
  place.addEventListener("change", () => settings(area, "", Number(place.value)));
  const id = Number(place.value);
  const { items } = await admin.call("GET", `/organisations/${id}/settings`);
  show(
    area,
    said && h("p", { class: "said good", role: "status" }, said),
    part(
      "设置",
      h("p", { class: "soft" }, "上级设了的，下级自动沿用；下级可以自己另设，也可以随时恢复沿用。"),
      h("div", { class: "fields" }, field("组织", place)),
      h("ul", { class: "items" }, items.map((each) => row(area, id, each))),
    ),
  );
}

function shown(value) {
  if (value === true) return "开";
  if (value === false) return "关";
  return String(value);
}

function row(area, id, each) {
  const change = async (method, body, text) => {
    await admin.call(method, `/organisations/${id}/settings/${each.key}`, body);
    await settings(area, text, id);
  };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.label), tag(shown(each.value), each.value === true ? "warn" : "")),
    h("p", { class: "small soft" }, each.overridden_here ? "在本组织设定" : each.from ? `沿用自：${each.from.organisation}` : "产品默认"),
    each.note && h("p", { class: "small soft" }, each.note),
    each.warning && h("p", { class: "small soft" }, each.warning),
    actions(
      typeof each.value === "boolean" && {
        label: each.value ? "关闭" : "打开",
        quiet: true,
        small: true,
        run: () => change("PUT", { json: { value: !each.value } }, `${each.label}：已${each.value ? "关闭" : "打开"}`),
      },
      each.overridden_here && { label: "恢复沿用", quiet: true, small: true, run: () => change("DELETE", {}, `${each.label}：已恢复沿用`) },
    ),
  );
}
