// Finding somebody by name, pinyin, initials or the end of a phone number.
import { actions, field, h, options, part, save, show, table, tag } from "./dom.js";
import { ROSTERS, STAGES } from "./format.js";
import { person } from "./person.js";
import { newPerson } from "./person-form.js";

const AT_ONCE = 50;

export async function people(area, actor) {
  const places = await actor.all("/organisations");
  const words = h("input", { type: "search", maxlength: "50", placeholder: "张三、zhangsan、zs、手机尾号 4 位" });
  const stage = h("select", {}, options([["", "全部类别"], ...Object.entries(STAGES)]));
  const roster = h("select", {}, options([["", "全部名册"], ...Object.entries(ROSTERS)]));
  const state = h("select", {}, options([["active", "在册"], ["archived", "已归档"]]));
  const result = h("div", { class: "work" });
  const query = () => {
    const chosen = { q: words.value.trim(), stage: stage.value, roster: roster.value, state: state.value };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
  };
  const look = async () => found(result, actor, places, await actor.call("GET", `/members?limit=${AT_ONCE}&${query()}`), look);
  show(
    area,
    part(
      "找人",
      h("div", { class: "fields" }, field("姓名或手机尾号", words), field("人员类别", stage), field("名册", roster), field("在册或归档", state)),
      actions(
        { label: "查找", run: look },
        {
          label: "导出 Excel（手机号遮盖）",
          quiet: true,
          run: async () => {
            const { blob, name } = await actor.call("GET", `/members.xlsx?${query()}`, { as: "file" });
            save(blob, name);
            return `已下载：${name}。导出已记入审计日志。`;
          },
        },
      ),
      result,
      newPerson(actor, places),
    ),
  );
}

function found(result, actor, places, page, again) {
  const place = h("div", { class: "work" });
  const open = (member) => person(place, actor, places, member.id, again);
  show(
    result,
    page.items.length === 0 && h("p", { class: "said" }, "没有找到。可以只输入姓，或换成拼音首字母；已归档的，请在“在册或归档”里选“已归档”。"),
    page.items.length > 0 &&
      table(page.next ? `前 ${AT_ONCE} 人，请缩小范围` : `共 ${page.items.length} 人`, [
        ["姓名", (member) => h("button", { type: "button", class: "quiet small", onclick: () => open(member) }, member.name)],
        ["微信", (member) => (member.archived_at ? tag("已归档", "warn") : member.bound ? tag("已绑定", "good") : tag("未绑定"))],
        ["组织", (member) => member.organisation],
        ["类别", (member) => STAGES[member.stage]],
        ["手机", (member) => member.phone_masked && h("span", { class: "whole" }, member.phone_masked)],
      ], page.items, "compact"),
    place,
  );
}
