// Who is reached by no channel: the leader helps, or tells them in person.
import { actions, h, part, show } from "./dom.js";
import { MESSAGES, day } from "./format.js";

export function unreachedPart(leader, post) {
  const result = h("div", { class: "work" });
  return part(
    "通知送不到的党员",
    h("p", { class: "soft" }, "几种方式都送不到的人在这里，请帮一把；以后送到了，就自动从这里消失。"),
    actions({
      label: "查看名单",
      quiet: true,
      run: async () => show(result, list(await leader.all(`/organisations/${post.organisation_id}/unreached`))),
    }),
    result,
  );
}

function list(items) {
  if (items.length === 0) return h("p", { class: "said good" }, "没有送不到的人。");
  return h("ul", { class: "items" }, items.map((each) =>
    h(
      "li",
      { class: "item" },
      h("div", { class: "split" }, h("strong", {}, each.name), h("span", { class: "small soft" }, each.organisation)),
      h("p", {}, `${each.why}。`),
      h("p", { class: "small" }, each.advice),
      h("p", { class: "small soft" }, `${day(each.since)}起；最近没有送到的是${MESSAGES[each.kind] ?? each.kind}`),
    ),
  ));
}
