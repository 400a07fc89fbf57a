// What the scheduler does when.
import { actions, field, fold, h, options, part, show, tag, told } from "./dom.js";
import { SCHEDULES, cronText, time } from "./format.js";
import { admin } from "./staff.js";

const LATEST = 15;
const DAYS = [["mon", "周一"], ["tue", "周二"], ["wed", "周三"], ["thu", "周四"], ["fri", "周五"], ["sat", "周六"], ["sun", "周日"]];

export async function schedules(area, said) {
  const [all, places] = await Promise.all([admin.all("/schedules"), admin.all("/organisations")]);
  const names = new Map(places.map((each) => [each.id, each.name]));
  const latest = [...all].sort((one, other) => other.id - one.id).slice(0, LATEST);
  const again = (text, id) => schedules(area, { text, id });
  show(
    area,
    said && !said.id && told(said.text),
    part(
      "定时",
      h("ul", { class: "items" }, latest.map((each) => row(each, names, said?.id === each.id && said.text, again))),
      fold("新建：每周提醒没有学完的人", adding(places, again)),
    ),
  );
}

function rhythm(schedule) {
  if (!schedule.cron) return time(schedule.once_at);
  return `${cronText(schedule.cron)}${schedule.next_due_at && schedule.enabled ? ` · 下次 ${time(schedule.next_due_at)}` : ""}`;
}

/** What is called off has no next time either, though its own is still to come. */
function state(schedule) {
  if (schedule.next_due_at) return schedule.enabled ? ["等待中", "warn"] : ["已关闭", ""];
  const ahead = schedule.once_at && new Date(schedule.once_at) > Date.now();
  return ahead || !schedule.enabled ? ["已取消", ""] : ["已完成", "good"];
}

function row(schedule, names, said, again) {
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, SCHEDULES[schedule.kind] ?? schedule.kind), tag(...state(schedule))),
    h("p", { class: "small soft" }, [names.get(schedule.organisation_id), rhythm(schedule)].filter(Boolean).join(" · ")),
    told(said),
    schedule.next_due_at &&
      actions({
        label: schedule.enabled ? "关闭" : "打开",
        quiet: true,
        small: true,
        confirm: schedule.enabled ? `“${SCHEDULES[schedule.kind] ?? schedule.kind}”（${rhythm(schedule)}）到时不再进行，可以再打开。` : null,
        run: async () => {
          await admin.call("PATCH", `/schedules/${schedule.id}`, { json: { enabled: !schedule.enabled } });
          await again(schedule.enabled ? "已关闭" : "已打开", schedule.id);
        },
      }),
  );
}

function adding(places, again) {
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const weekday = h("select", {}, options(DAYS, "fri"));
  const at = h("input", { type: "time", value: "15:00", required: true });
  return [
    h("div", { class: "fields" }, field("组织", place), field("每周", weekday), field("时间", at)),
    actions({
      label: "新建",
      run: async (tell) => {
        if (!at.value) return tell("warn", "请先选择时间。");
        const [hour, minute] = at.value.split(":").map(Number);
        const json = { organisation_id: Number(place.value), kind: "unfinished_reminder", cron: `${minute} ${hour} * * ${weekday.value}` };
        const made = await admin.call("POST", "/schedules", { json, once: true });
        await again(`已新建，下次 ${time(made.next_due_at)}`, made.id);
        return undefined;
      },
    }),
  ];
}
