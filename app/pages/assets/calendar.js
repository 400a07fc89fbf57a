// The weeks of an organisation with the issues that reach it, and the gaps.
import { h, show, table, tag } from "./dom.js";
import { STATES, weekText } from "./format.js";

const TONES = { published: "good", in_review: "warn" };

export async function calendar(place, actor, organisation) {
  const { weeks } = await actor.call("GET", `/desk/calendar?organisation_id=${organisation}`);
  const gaps = weeks.filter((each) => each.gap).length;
  show(
    place,
    h("p", { class: "soft" }, `前四周到后一个季度，其中 ${gaps} 周还没有面向全体党员的学习（标为“空周”）。上级组织的学习也算。`),
    table("学习日历", [
      ["周", (each) => weekText(each.week)],
      ["学习", (each) => h("div", {}, each.gap && tag("空周", "bad"), each.issues.length > 0 && h("ul", { class: "items" }, each.issues.map(issue)))],
    ], weeks),
  );
}

function issue(each) {
  const from = each.own ? (each.plan_id ? "本组织 · 按计划生成" : "本组织") : each.organisation;
  const some = each.narrowed ? " · 只面向部分党员" : "";
  return h("li", { class: "split" }, h("span", {}, each.title, h("span", { class: "small soft" }, `　${from}${some}`)), tag(STATES[each.state], TONES[each.state] ?? ""));
}
