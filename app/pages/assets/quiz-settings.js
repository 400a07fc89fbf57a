// How the quiz of an issue is taken: its time, its answers, its score.
import { field, h, options } from "./dom.js";
import { editor } from "./staff.js";

const EXPLANATIONS = [["after_submission", "每次交卷后"], ["after_last_attempt", "次数用完或及格后"], ["after_week", "本周结束后"]];
const COUNTS = [["best", "取最好一次"], ["first", "取第一次"], ["last", "取最后一次"]];
const KEPT = ["title", "pass_mark", "attempts_allowed", "time_limit_seconds", "shuffle_options", "shuffle_questions", "explanations", "score_counts"];

/** How the quiz is taken: the rest stays as the service has it. */
export function quizFields() {
  const limit = h("select", {}, options([["", "不限时"], ["300", "5 分钟"], ["600", "10 分钟"], ["1200", "20 分钟"]], ""));
  const shown = h("select", {}, options(EXPLANATIONS, "after_submission"));
  const counts = h("select", {}, options(COUNTS, "best"));
  return {
    fields: [field("测验限时", limit, "以服务器时间为准"), field("何时看到答案和解析", shown), field("成绩", counts)],
    settings: () => ({ time_limit_seconds: limit.value ? Number(limit.value) : null, explanations: shown.value, score_counts: counts.value }),
  };
}

/** How the quiz of an issue is taken now, so that other questions change nothing of it; nothing where it has none. */
export async function settingsOf(issueId) {
  try {
    const quiz = await editor.call("GET", `/desk/issues/${issueId}/quiz`);
    return Object.fromEntries(KEPT.map((name) => [name, quiz[name]]));
  } catch (error) {
    if (error.status === 404) return {};
    throw error;
  }
}
