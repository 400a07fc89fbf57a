// Whom an issue is meant for, and how many members that reaches.
import { actions, facts, field, h, show } from "./dom.js";
import { ROSTERS, STAGES } from "./format.js";

/** The audience of a draft; `keep(audience)` saves it. */
export function audienceFields(actor, issue, keep) {
  const place = h("div", { class: "work" });
  const boxes = (names, chosen) => Object.entries(names).map(([value, name]) => ({ name, box: h("input", { type: "checkbox", value, checked: chosen.includes(value) }) }));
  const [stages, rosters] = [boxes(STAGES, issue.audience.stages), boxes(ROSTERS, issue.audience.rosters)];
  const tags = h("input", { type: "text", maxlength: "420", value: issue.audience.tags.join("、") });
  const values = (some) => some.filter(({ box }) => box.checked).map(({ box }) => box.value);
  const read = () => ({ stages: values(stages), rosters: values(rosters), tags: tags.value.split(/[、,，]/).map((each) => each.trim()).filter(Boolean) });
  const choices = (legend, some) => h("fieldset", {}, h("legend", {}, legend), h("div", { class: "choices-grid" }, some.map(({ name, box }) => h("label", { class: "choice" }, box, h("span", {}, name)))));
  return h(
    "details",
    {},
    h("summary", {}, "学习对象"),
    h(
      "div",
      { class: "work" },
      h("p", { class: "soft" }, "都不选就是本组织和下级的全体党员。"),
      choices("发展阶段", stages),
      choices("名册类别", rosters),
      field("岗位、行业标签（可不填）", tags, "用顿号分开，有其中一个即可"),
      actions(
        { label: "看能覆盖多少人", quiet: true, small: true, run: async () => void show(place, reached(await actor.call("POST", "/desk/reach", { json: { organisation_id: issue.organisation_id, audience: read() } }))) },
        { label: "保存学习对象", small: true, run: () => keep(read()) },
      ),
      place,
    ),
  );
}

/** How many members are reached; small numbers are not told, so that nobody is made out. */
export function reached(found) {
  const few = (count) => (count === null ? "不足 5 人" : `${count} 人`);
  return facts([["覆盖", `${found.members} 人`], ["其中流动党员", few(found.floating)], ["其中免学", few(found.exempt)]]);
}
