// Finding somebody by name, pinyin, initials or the end of a phone number; and who else may see them, and why.
import { actions, facts, field, h, options, part, save, show, table, tag } from "./dom.js";
import { ROLES, ROSTERS, STAGES, day } from "./format.js";
import { admin } from "./staff.js";

export async function people(area) {
  const words = h("input", { type: "search", maxlength: "50", placeholder: "张三、zhangsan、zs、手机尾号 4 位" });
  const stage = h("select", {}, options([["", "全部类别"], ...Object.entries(STAGES)]));
  const roster = h("select", {}, options([["", "全部名册"], ...Object.entries(ROSTERS)]));
  const result = h("div", { class: "work" });
  const query = () => {
    const chosen = { q: words.value.trim(), stage: stage.value, roster: roster.value };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
  };
  show(
    area,
    part(
      "找人",
      h("div", { class: "fields" }, field("姓名或手机尾号", words), field("人员类别", stage), field("名册", roster)),
      actions(
        { label: "查找", run: async () => found(result, await admin.call("GET", `/members?limit=50&${query()}`)) },
        {
          label: "导出 Excel（手机号遮盖）",
          quiet: true,
          run: async () => {
            const { blob, name } = await admin.call("GET", `/members.xlsx?${query()}`, { as: "file" });
            save(blob, name);
            return `已下载：${name}。导出已记入审计日志。`;
          },
        },
      ),
      result,
    ),
  );
}

function found(result, page) {
  const person = h("div", { class: "work" });
  show(
    result,
    person,
    page.items.length === 0 && h("p", { class: "said" }, "没有找到。可以只输入姓，或换成拼音首字母。"),
    page.items.length > 0 &&
      table(page.next ? "前 50 人，请缩小范围" : `共 ${page.items.length} 人`, [
        ["姓名", (member) => h("button", { type: "button", class: "quiet small", onclick: () => open(person, member.id) }, member.name)],
        ["组织", (member) => member.organisation],
        ["类别", (member) => STAGES[member.stage]],
        ["手机", (member) => member.phone_masked],
        ["微信", (member) => (member.bound ? tag("已绑定", "good") : tag("未绑定"))],
      ], page.items, "compact"),
  );
}

async function open(place, id) {
  const [member, placements, viewers] = await Promise.all([
    admin.call("GET", `/members/${id}`),
    admin.call("GET", `/members/${id}/placements`),
    admin.call("GET", `/members/${id}/viewers`),
  ]);
  show(
    place,
    part(
      member.name,
      facts([["组织", member.organisation], ["类别", STAGES[member.stage]], ["名册", ROSTERS[member.roster]], ["出生年月", member.birth_month ?? "—"], ["入党时间", member.joined_on ?? "—"], ["手机", member.phone_masked ?? "—"]]),
      h("h4", {}, "历次所在支部"),
      h("ul", {}, placements.items.map((each) => h("li", {}, `${each.organisation}：${day(each.from_at)}起${each.until_at ? `，至 ${day(each.until_at)}` : ""}`))),
      h("h4", {}, "谁能看到这位党员，为什么"),
      h("ul", {}, viewers.items.map((each) => h("li", {}, `${each.account}（${ROLES[each.role] ?? each.role}${each.acting ? "，代理" : ""}）：${each.why}`))),
    ),
  );
  place.scrollIntoView({ block: "nearest" });
}
