// A practice organisation: made-up people and accounts to try everything with, counted nowhere.
import { actions, field, h, options, part, show, table } from "./dom.js";
import { ROLES } from "./format.js";
import { admin } from "./staff.js";

export async function practice(area) {
  const places = await admin.all("/organisations");
  const place = h("select", {}, options(places.filter((each) => each.kind !== "group").map((each) => [each.id, each.name])));
  const result = h("div", { class: "work" });
  const picked = () => place.selectedOptions[0]?.textContent ?? "";
  show(
    area,
    part(
      "演练",
      h("p", { class: "soft" }, "建一个演练组织：虚构的党员和三个演练账号，可以放心地点。演练不计入任何统计，也不会通知真实的党员。"),
      field("建在哪个组织下", place),
      actions(
        {
          label: "建立演练组织",
          run: async () => {
            show(result);
            show(result, made(await admin.call("POST", `/organisations/${place.value}/practice`, { json: {} })));
          },
        },
        {
          label: "结束演练",
          quiet: true,
          confirm: () => `${picked()} 下的演练组织归档：演练党员和演练账号马上停用。`,
          run: async () => {
            await admin.call("DELETE", `/organisations/${place.value}/practice`);
            show(result);
            return "演练已结束。";
          },
        },
      ),
      result,
    ),
  );
}

function made(given) {
  return [
    h("p", { class: "said warn" }, `已建立：${given.organisation.name}，${given.members} 名演练党员。密码只显示这一次，请现在抄下来；忘了可以在“账号”里重置。`),
    table("演练账号", [
      ["姓名", (each) => each.name],
      ["职务", (each) => ROLES[each.role]],
      ["登录名", (each) => h("code", {}, each.login)],
      ["密码", (each) => h("code", { class: "whole" }, each.password)],
    ], given.accounts),
  ];
}
