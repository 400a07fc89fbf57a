// Paper and home: an issue is printed, and what was studied on paper or at home is recorded and taken back.
import { actions, field, h, options, part, save, show, table, tag, told } from "./dom.js";
import { time, weekText, weeks } from "./format.js";
import { WAYS, today } from "./record.js";

const PAST_WEEKS = 4;
const FORMS = [["pdf", "normal", "打印（PDF）"], ["pdf", "large", "大字打印（PDF）"], ["docx", "normal", "Word 文件"], ["docx", "large", "大字 Word 文件"]];

export function paperPart(leader, post) {
  const week = h("select", {}, options(weeks(-PAST_WEEKS, PAST_WEEKS + 1).reverse().map((each) => [each.value, each.text])));
  const area = h("div", { class: "work" });
  week.addEventListener("change", () => show(area));
  const open = async (said) => {
    const [{ issues }, members] = await Promise.all([
      leader.call("GET", `/organisations/${post.organisation_id}/completion?week=${week.value}`),
      leader.all(`/organisations/${post.organisation_id}/members`),
    ]);
    show(area, told(said), issues.length ? issues.map((issue) => issueOf(leader, post, issue, members, open)) : h("p", { class: "soft" }, `${weekText(week.value)}没有发布学习。`));
  };
  const list = async (said) => show(area, told(said), await recorded(leader, post, list));
  return part(
    "纸质学习、送学上门",
    h("p", { class: "soft" }, "给看不清手机、出不了门的党员：把学习打印出来，或者送到家里；学过之后在这里代为登记，不用拍照。免学的同志愿意学，也可以登记。"),
    h("div", { class: "fields" }, field("周", week)),
    actions({ label: "打印或登记这一周", quiet: true, run: () => open() }, { label: "看已登记的", quiet: true, run: () => list() }),
    classOf(leader, post, list),
    area,
  );
}

// A class or training that is no meeting here: recorded for whoever was there.
function classOf(leader, post, again) {
  const area = h("div", { class: "work" });
  const open = async () => {
    const members = await leader.all(`/organisations/${post.organisation_id}/members`);
    const title = h("input", { maxlength: "200", required: true, placeholder: "如：县委党校集中培训" });
    const on = h("input", { type: "date", value: today(), max: today(), required: true });
    const minutes = h("input", { type: "number", min: "15", max: "600", step: "1", value: "180", required: true, inputmode: "numeric" });
    const boxes = members.map((each) => ({ each, box: h("input", { type: "checkbox" }) }));
    const keep = async (tell) => {
      const chosen = boxes.filter(({ box }) => box.checked).map(({ each }) => each.id);
      if (chosen.length === 0) {
        tell("warn", "请勾选参加的党员。");
        return;
      }
      const json = { title: title.value, member_ids: chosen, studied_on: on.value, minutes: Number(minutes.value) };
      const kept = await leader.call("POST", `/organisations/${post.organisation_id}/recorded-classes`, { json, once: true });
      show(area);
      await again(`《${title.value}》：已登记 ${kept.recorded} 人${kept.already ? `，${kept.already} 人早已登记，没有重复计算` : ""}。`);
    };
    show(area,
      h("div", { class: "fields" }, field("培训名称", title), field("日期", on), field("时长（分钟）", minutes)),
      h("fieldset", {},
        h("legend", {}, "勾选参加的党员"),
        h("ul", { class: "items" }, boxes.map(({ each, box }) => h("li", {}, h("label", { class: "choice" }, box, `${each.name}${each.exempt ? "（免学）" : ""}`))))),
      actions({ label: "登记培训", small: true, run: keep }));
  };
  return [actions({ label: "登记集中培训、外出党课", quiet: true, run: open }), area];
}

function issueOf(leader, post, issue, members, again) {
  const way = h("select", {}, options([["paper", WAYS.paper], ["home_visit", WAYS.home_visit]]));
  const on = h("input", { type: "date", value: today(), max: today(), required: true });
  const boxes = members.map((each) => ({
    each,
    box: h("input", { type: "checkbox" }),
    score: h("input", { type: "number", min: "0", max: "100", step: "1", inputmode: "numeric", "aria-label": `${each.name}的测验成绩`, placeholder: "成绩" }),
  }));
  const print = ([form, type, label]) => ({
    label,
    quiet: true,
    small: true,
    run: async () => {
      const { blob, name } = await leader.call("GET", `/issues/${issue.id}/print.${form}?type=${type}`, { as: "file" });
      save(blob, name);
      return `已下载：${name}`;
    },
  });
  const keep = async (tell) => {
    const chosen = boxes.filter(({ box }) => box.checked).map(({ each }) => each.id);
    const scores = boxes.filter(({ score }) => score.value !== "").map(({ each, score }) => ({ member_id: each.id, score: Number(score.value) }));
    if (chosen.length + scores.length === 0) {
      tell("warn", "请勾选学过的党员，或填写测验成绩。");
      return;
    }
    const json = { issue_id: issue.id, member_ids: chosen, scores, way: way.value, studied_on: on.value };
    const kept = await leader.call("POST", `/organisations/${post.organisation_id}/recorded-studies`, { json, once: true });
    await again(`《${issue.title}》：已登记 ${kept.recorded} 项${kept.already ? `，${kept.already} 项早已登记，没有重复计算` : ""}。`);
  };
  return h(
    "div",
    { class: "item" },
    h("h4", {}, `《${issue.title}》`),
    actions(...FORMS.map(print)),
    h("details", {},
      h("summary", {}, "登记谁学过"),
      h("div", { class: "work" },
        h("div", { class: "fields" }, field("方式", way), field("学习日期", on)),
        h("fieldset", {},
          h("legend", {}, "勾选学完全部资料的党员；做了纸质测验的填写成绩（百分制）"),
          h("ul", { class: "items" }, boxes.map(({ each, box, score }) => h("li", { class: "pupil" }, h("label", { class: "choice" }, box, `${each.name}${each.exempt ? "（免学）" : ""}`), score)))),
        actions({ label: "登记", small: true, run: keep }))),
  );
}

async function recorded(leader, post, again) {
  const { items } = await leader.call("GET", `/organisations/${post.organisation_id}/recorded-studies?limit=50`);
  const withdraw = (row) => ({
    label: "撤销",
    quiet: true,
    small: true,
    confirm: `撤销 ${row.member} 的《${row.title}》，完成和学时一并收回；本人在手机上学过的不受影响。`,
    run: async () => {
      await leader.call("POST", `/recorded-studies/${row.id}/withdrawal`, { json: { reason: "登记有误" } });
      await again(`已撤销：${row.member}《${row.title}》。`);
    },
  });
  if (items.length === 0) return h("p", { class: "soft" }, "还没有登记。");
  return table("最近登记的，单独列出", [
    ["姓名", (row) => h("span", { class: "whole" }, row.member)],
    ["内容", (row) => `${row.title}${row.minutes === null ? "" : `　${row.minutes} 分钟`}${row.score === null ? "" : `　${row.score} 分`}`],
    ["方式", (row) => `${WAYS[row.way]}　${row.studied_on}`],
    ["登记", (row) => `${row.recorded_by}　${time(row.recorded_at)}`],
    ["状态", (row) => (row.withdrawn_at ? tag(`已撤销：${row.withdrawal}`) : actions(withdraw(row)))],
  ], items);
}
