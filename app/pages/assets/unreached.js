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

/** What is in the way, with what helps, said once for all whom it concerns. */
function list(items) {
  if (items.length === 0) return h("p", { class: "said good" }, "没有送不到的人。");
  const why = [...new Set(items.map((each) => each.why))];
  return h("ul", { class: "items" }, why.map((one) => together(items.filter((each) => each.why === one))));
}

function together(people) {
  return h(
    "li",
    { class: "item" },
    h("strong", {}, `${people[0].why}（${people.length} 人）`),
    h("p", {}, people[0].advice),
    h("ul", { class: "small" }, people.map((each) => h("li", {}, each.name, h("span", { class: "soft" }, `　${each.organisation} · ${day(each.since)}起 · ${MESSAGES[each.kind] ?? each.kind}`)))),
  );
}
