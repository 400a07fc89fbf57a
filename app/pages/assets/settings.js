// Settings of the tree: what holds here, where it comes from, and what it means to switch something on.
import { actions, field, h, options, part, show, tag, told } from "./dom.js";
import { admin } from "./staff.js";

const ZONES = {
  "Asia/Shanghai": "北京时间",
  "Asia/Urumqi": "乌鲁木齐时间",
  "Asia/Hong_Kong": "香港时间",
  "Asia/Macau": "澳门时间",
  "Asia/Taipei": "台北时间",
};
const UNITS = { daily_notices: " 条", reviews_required: " 人", hours_a_year: " 学时", hour_minutes: " 分钟", hours_a_day: " 学时", quiz_minutes: " 分钟" };
const LEAST = { hour_minutes: 10, quiz_minutes: 0 };
const MOST = { daily_notices: 20, reviews_required: 3, hours_a_year: 400, hour_minutes: 120, hours_a_day: 24, quiz_minutes: 120 };
const BETWEEN = { quiet_from: ["18:00", "23:59"], quiet_until: ["05:00", "12:00"] };

export async function settings(area, said, chosen) {
  const places = await admin.all("/organisations");
  const place = h("select", {}, options(places.map((each) => [each.id, each.name]), chosen));
  place.addEventListener("change", () => settings(area, {}, Number(place.value)));
  const id = Number(place.value);
  const { items } = await admin.call("GET", `/organisations/${id}/settings`);
  show(
    area,
    part(
      "设置",
      h("p", { class: "soft" }, "上级设了的，下级自动沿用；下级可以自己另设，也可以随时恢复沿用。"),
      h("div", { class: "fields" }, field("组织", place)),
      h("ul", { class: "items" }, items.map((each) => row(area, id, each, said?.[each.key]))),
    ),
  );
}

function shown(each) {
  if (each.value === true) return "开";
  if (each.value === false) return "关";
  if (each.key === "timezone") return ZONES[each.value] ?? each.value;
  return `${each.value}${UNITS[each.key] ?? ""}`;
}

/** The control of a value that is no switch. */
function control(each) {
  if (each.key === "timezone") return h("select", {}, options(Object.entries({ [each.value]: each.value, ...ZONES }), each.value));
  if (each.key in BETWEEN) {
    const [min, max] = BETWEEN[each.key];
    return h("input", { type: "time", value: each.value, min, max, required: true });
  }
  if (typeof each.value === "string") return h("input", { type: "text", value: each.value, maxlength: "64", required: true });
  return h("input", { type: "number", value: String(each.value), min: String(LEAST[each.key] ?? 1), max: String(MOST[each.key]), step: "1", inputmode: "numeric" });
}

function row(area, id, each, said) {
  const change = async (method, body, text) => {
    await admin.call(method, `/organisations/${id}/settings/${each.key}`, body);
    // Said beside what was changed.
    await settings(area, { [each.key]: text }, id);
  };
  const put = (value) => change("PUT", { json: { value } }, `${each.label}：已改为 ${shown({ ...each, value })}`);
  const drop = each.overridden_here && { label: "恢复沿用", quiet: true, small: true, run: () => change("DELETE", {}, `${each.label}：已恢复沿用`) };
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, each.label), tag(shown(each), each.value === true ? "warn" : "")),
    h("p", { class: "small soft" }, each.overridden_here ? "在本组织设定" : each.from ? `沿用自：${each.from.organisation}` : "产品默认"),
    each.note && h("p", { class: "small soft" }, each.note),
    each.warning && h("p", { class: "small soft" }, each.warning),
    told(said),
    typeof each.value === "boolean" ? switching(each, put, drop) : entering(each, put, drop),
  );
}

function switching(each, put, drop) {
  const on = !each.value;
  return actions(
    {
      label: on ? "打开" : "关闭",
      quiet: true,
      small: true,
      // What has no effect cannot be switched on; what was, can be switched off.
      disabled: on && !each.effective,
      confirm: on ? [`“${each.label}”对本组织和它的全部下级打开。`, each.warning].filter(Boolean).join("\n") : null,
      run: () => put(on),
    },
    drop,
  );
}

function entering(each, put, drop) {
  const input = control(each);
  input.setAttribute("aria-label", each.label);
  const value = () => (typeof each.value === "number" ? Number(input.value) : input.value);
  input.disabled = !each.effective;
  return h("div", { class: "work" }, input, actions({
    label: "保存",
    quiet: true,
    small: true,
    disabled: !each.effective,
    run: (tell) => (input.value && value() !== each.value ? put(value()) : tell("warn", input.value ? "没有改动。" : "请先填写。")),
  }, drop));
}
