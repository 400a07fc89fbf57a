// The parts of a question of the bank: for a new one, and to change one.
import { field, h, options } from "./dom.js";
import { KINDS } from "./question.js";

export const DIFFICULTIES = ["不填", "容易", "较易", "中等", "较难", "困难"];
const ANSWERS = {
  single: "选项的字母，如 B",
  multiple: "选项的字母，如 ABD",
  true_false: "对 或 错",
  fill_in: "每行一个都算对的写法",
  ordering: "从先到后的字母，如 BACD",
};

/** The fields; `question` is what is in the bank, or {} for a new one, whose kind can be chosen. */
export function questionFields(question) {
  const text = (value, rows, most) => h("textarea", { class: "short", rows, maxlength: most, spellcheck: "false", value: value ?? "" });
  const kind = h("select", { disabled: Boolean(question.id) }, options(Object.entries(KINDS), question.kind ?? "single"));
  const stem = text(question.stem, "2", "500");
  const choices = text(question.options?.join("\n"), "4", "1700");
  const answer = text(question.answer?.join(question.kind === "fill_in" ? "\n" : ""), "1", "2000");
  const line = (value, most) => h("input", { type: "text", maxlength: most, value: value ?? "" });
  const explanation = text(question.explanation, "2", "1000");
  const [source, tags] = [line(question.source, "200"), line(question.tags?.join("、"), "220")];
  const difficulty = h("select", {}, options(DIFFICULTIES.map((name, at) => [at, name]), question.difficulty ?? 0));
  const chosen = field("选项（每行一个）", choices, "2 至 8 个，不写字母");
  const answered = field("答案", answer, " ");
  const follow = () => {
    chosen.hidden = ["true_false", "fill_in"].includes(kind.value);
    answered.querySelector(".hint").textContent = ANSWERS[kind.value];
  };
  kind.addEventListener("change", follow);
  follow();
  const lines = (control) => control.value.split("\n").map((each) => each.trim()).filter(Boolean);
  return {
    element: [
      h("div", { class: "fields" }, field("题型", kind), field("难度", difficulty), field("标签（可不填）", tags, "用顿号分开，如 党章、组织生活")),
      field("题干", stem),
      chosen,
      answered,
      h("div", { class: "fields" }, field("解析（可不填）", explanation), field("出处（可不填）", source)),
    ],
    kind: () => kind.value,
    read: () => ({
      stem: stem.value,
      options: chosen.hidden ? [] : lines(choices),
      answer: kind.value === "fill_in" ? lines(answer) : [answer.value.trim()].filter(Boolean),
      explanation: explanation.value,
      source: source.value,
      difficulty: Number(difficulty.value),
      tags: tags.value.split(/[、,，]/).map((each) => each.trim()).filter(Boolean),
    }),
  };
}
