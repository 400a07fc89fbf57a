// The fields of a person on the roster: to change one, or to add one.
import { actions, field, fold, h, options } from "./dom.js";
import { ROSTERS, STAGES } from "./format.js";

const BLANK = { name: "", stage: "full_member", roster: "in_service", birth_month: null, joined_on: null, tags: [], exempt_reason: null, phone_masked: null };

/** The fields with a button; `send(json)` gets what differs from `member`, and gives back what to say. */
export function personForm(member, label, send) {
  const text = (name, more = {}) => h("input", { type: "text", maxlength: "100", value: member[name] ?? "", ...more });
  const controls = {
    name: text("name", { maxlength: "30" }),
    stage: h("select", {}, options(Object.entries(STAGES), member.stage)),
    roster: h("select", {}, options(Object.entries(ROSTERS), member.roster)),
    birth_month: text("birth_month", { placeholder: "1985-07", maxlength: "7" }),
    joined_on: text("joined_on", { placeholder: "2008-07-01", maxlength: "10" }),
    exempt_reason: text("exempt_reason"),
  };
  const phone = h("input", { type: "tel", inputmode: "numeric", maxlength: "20", placeholder: member.phone_masked ?? "11 位手机号" });
  const certain = h("input", { type: "checkbox", id: `certain-${member.id ?? "new"}` });
  const tags = h("input", { type: "text", maxlength: "400", value: member.tags.join("、") });
  const changed = () => {
    const json = {};
    for (const [name, control] of Object.entries(controls)) {
      const given = control.value.trim() || null;
      if (given !== (member[name] || null)) json[name] = given;
    }
    if (phone.value.trim()) json.phone = phone.value.trim();
    const given = tags.value.split(/[、,，;；\s]+/).filter(Boolean);
    if (given.join() !== member.tags.join()) json.tags = given;
    return json;
  };
  return [
    h(
      "div",
      { class: "fields" },
      field("姓名", controls.name),
      field("人员类别", controls.stage),
      field("名册", controls.roster),
      field("手机号", phone, member.phone_masked ? "不改就不填" : ""),
      field("出生年月", controls.birth_month),
      field("入党时间", controls.joined_on),
      field("免学原因", controls.exempt_reason, "填了就不计入应学人数"),
      field("标签", tags, "用顿号隔开"),
    ),
    h("div", { class: "row" }, certain, h("label", { for: certain.id }, "名册里有相似的人也仍然保存（已核对，确是另一个人）")),
    actions({
      label,
      small: true,
      run: async (tell) => {
        const json = changed();
        if (Object.keys(json).length === 0) return tell("warn", "没有改动。");
        return send(certain.checked ? { ...json, allow_duplicate: true } : json);
      },
    }),
  ];
}

export function newPerson(actor, places) {
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  return fold(
    "新增一位党员",
    field("组织", place),
    personForm(BLANK, "新增", async (json) => {
      const made = await actor.call("POST", "/members", { json: { ...json, organisation_id: Number(place.value) }, once: true });
      return `已新增：${made.name}，${made.organisation}。`;
    }),
  );
}
