// The privacy notice of an organisation: its versions, how many have agreed, and publishing a new one.
import { actions, facts, field, fold, h, options, part, show, told } from "./dom.js";
import { time } from "./format.js";
import { textFrame } from "./lesson-frame.js";
import { admin } from "./staff.js";

export async function notices(area, said, chosen) {
  const places = await admin.all("/organisations");
  const place = h("select", {}, options(places.map((each) => [each.id, each.name]), chosen));
  place.addEventListener("change", () => notices(area, "", Number(place.value)));
  const id = Number(place.value);
  const [list, counts, shipped] = await Promise.all([
    admin.call("GET", `/organisations/${id}/privacy-notices`),
    admin.call("GET", `/organisations/${id}/consents`),
    admin.call("GET", "/privacy-notices/shipped"),
  ]);
  const again = (text) => notices(area, text, id);
  show(
    area,
    told(said),
    part(
      "个人信息保护告知书",
      h("p", { class: "soft" }, "党员同意之后才能学习；不同意的，名册照旧，学习和通知不提供。这里只有人数，不列名字。"),
      field("组织", place),
      facts([["已同意", `${counts.given} 人`], ["还没有同意", `${counts.not_given} 人`], ["还没有绑定", `${counts.not_bound} 人`]]),
      h("p", { class: "soft" }, inForce(list, shipped)),
      list.items.map((each) => fold(`${each.title}（${time(each.published_at)} 发布${each.version === list.in_force ? "，现行" : ""}）`, h("div", { class: "reading" }, textFrame(each, { label: "告知书" }).element))),
      fold("发布新的告知书", publishing(id, list.items[0] ?? shipped, () => place.selectedOptions[0].textContent, again)),
    ),
  );
}

function inForce(list, shipped) {
  if (list.in_force === shipped.version) return "现行的是产品自带的告知书。";
  return list.items.some((each) => each.version === list.in_force) ? "现行的是本组织发布的告知书。" : "现行的是上级组织发布的告知书。";
}

function publishing(id, before, name, again) {
  const title = h("input", { type: "text", maxlength: "100", value: before.title });
  const body = h("textarea", { value: before.body, maxlength: "20000", rows: "14" });
  return [
    field("标题", title),
    field("正文", body, "从现行的文字改起。空一行分段；行首“## ”是小标题。"),
    actions({
      label: "发布",
      confirm: () => `${name()} 和它的下级改用这份告知书，所有党员下次打开时都会被重新询问；同意之前不能学习。`,
      run: async () => {
        await admin.call("POST", `/organisations/${id}/privacy-notices`, { json: { title: title.value.trim(), body: body.value }, once: true });
        await again("已发布新的告知书。");
      },
    }),
  ];
}
