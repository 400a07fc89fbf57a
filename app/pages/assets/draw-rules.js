// A quiz that is drawn from the bank anew for each attempt: so many questions of a kind, a tag, a difficulty.
import { actions, field, h, options, show, tag } from "./dom.js";
import { KINDS } from "./question.js";
import { DIFFICULTIES } from "./question-form.js";
import { settingsOf } from "./quiz-settings.js";

const MOST_RULES = 10;
const ANY = ["", "不限"];

/** The rules of the quiz of an issue; `title()` is what a new quiz is called. */
export function drawRules(actor, issue, title) {
  const rows = h("div", { class: "work" });
  const came = h("div", { class: "work" });
  const add = (rule) => rows.children.length < MOST_RULES && rows.append(ruleFields(rule));
  return h(
    "details",
    { ontoggle: (event) => event.target.open && rows.children.length === 0 && begin(actor, issue, add, came) },
    h("summary", {}, "测验按条件从题库抽题"),
    h(
      "div",
      { class: "work" },
      h("p", { class: "soft" }, "每人每次答题时按这些条件另抽一套；保存后，原来固定的试题不再使用。"),
      rows,
      actions(
        { label: "再加一个条件", quiet: true, small: true, run: () => void add({ count: 5 }) },
        {
          label: "保存抽题条件",
          small: true,
          run: async (tell) => {
            const draw = [...rows.children].map((row) => row.read()).filter((rule) => rule.count > 0);
            if (draw.length === 0) return tell("warn", "请至少写一个条件，题数大于 0。");
            const { title: named, ...settings } = await settingsOf(issue.id);
            const quiz = await actor.call("PUT", `/issues/${issue.id}/quiz`, { json: { ...settings, title: named ?? `${title()}小测验`, draw } });
            show(came, outcome(quiz));
            return `已保存：每次抽 ${quiz.draw.reduce((sum, rule) => sum + rule.count, 0)} 题。`;
          },
        },
      ),
      came,
    ),
  );
}

async function begin(actor, issue, add, came) {
  try {
    const quiz = await actor.call("GET", `/desk/issues/${issue.id}/quiz`);
    (quiz.draw.length ? quiz.draw : [{ count: 5 }]).forEach(add);
    show(came, outcome(quiz));
  } catch (error) {
    if (error.status === 404) add({ count: 5 });
    else show(came, h("p", { class: "said bad" }, error.detail ?? error.message));
  }
}

/** How many questions of the bank each rule can draw from now. */
export function outcome(quiz) {
  return h("ul", { class: "items" }, quiz.draw.map((rule) =>
    h("li", { class: "split" }, h("span", {}, `抽 ${rule.count} 题：${words(rule)}`), tag(`题库现有 ${rule.available} 题`, rule.available < rule.count ? "bad" : "good")),
  ));
}

function words(rule) {
  const [from, to] = [rule.difficulty_from, rule.difficulty_to];
  const hard = (from || to) && `难度 ${DIFFICULTIES[from ?? 1]} 到 ${DIFFICULTIES[to ?? 5]}`;
  return [rule.kinds.map((kind) => KINDS[kind]).join("、"), rule.tags.join("、"), hard].filter(Boolean).join(" · ") || "不限";
}

function ruleFields(rule) {
  const count = h("input", { type: "number", min: "0", max: "100", value: String(rule.count) });
  const kind = h("select", { multiple: true, size: "5" }, Object.entries(KINDS).map(([value, name]) => h("option", { value, selected: rule.kinds?.includes(value) }, name)));
  const tags = h("input", { type: "text", maxlength: "220", value: rule.tags?.join("、") ?? "" });
  const level = (chosen) => h("select", {}, options([ANY, ...DIFFICULTIES.slice(1).map((name, at) => [at + 1, name])], chosen ?? ""));
  const [from, to] = [level(rule.difficulty_from), level(rule.difficulty_to)];
  const element = h(
    "fieldset",
    {},
    h("legend", {}, "一个条件"),
    h("div", { class: "fields" }, field("抽几题（0 即去掉）", count), field("标签（可不填）", tags, "用顿号分开，有其中一个即可"), field("最低难度", from), field("最高难度", to), field("题型（可多选，不选即不限）", kind)),
  );
  element.read = () => ({
    count: Number(count.value),
    kinds: [...kind.selectedOptions].map((each) => each.value),
    tags: tags.value.split(/[、,，]/).map((each) => each.trim()).filter(Boolean),
    difficulty_from: from.value ? Number(from.value) : null,
    difficulty_to: to.value ? Number(to.value) : null,
  });
  return element;
}
