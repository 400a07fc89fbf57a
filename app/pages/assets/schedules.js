// What the scheduler does when.
import { anniversaries } from "./anniversaries.js";
import { actions, field, fold, h, options, part, show, tag, told } from "./dom.js";
import { dryRun } from "./dry-run.js";
import { SCHEDULES, comingText, cronText, time } from "./format.js";
import { STANDING, lateText, scheduleFields, zoneText } from "./schedule-form.js";
import { admin } from "./staff.js";

const LATEST = 15;

export async function schedules(area, said) {
  const [own, derived, places] = await Promise.all([
    admin.all("/schedules?standing=true"),
    admin.call("GET", `/schedules?standing=false&limit=${LATEST}`),
    admin.all("/organisations"),
  ]);
  const names = new Map(places.map((each) => [each.id, each.name]));
  const again = (text, id) => schedules(area, { text, id });
  const rows = (some) => h("ul", { class: "items" }, some.map((each) => row(each, names, said?.id === each.id && said.text, again)));
  show(
    area,
    said && !said.id && told(said.text),
    part(
      "定时提醒和问候",
      own.length === 0 && h("p", { class: "soft" }, "还没有。不设就不会发。"),
      rows(own),
      fold("新建定时", adding(places, again)),
      fold("纪念日", anniversaries(places)),
    ),
    part("学习和会议自动产生的", rows(derived.items)),
  );
}

function rhythm(schedule) {
  if (!schedule.cron) return time(schedule.once_at);
  return `${cronText(schedule.cron)}${schedule.next_due_at && schedule.enabled ? ` · ${comingText(schedule)}` : ""}`;
}

/** What is called off has no next time either, though its own is still to come. */
function state(schedule) {
  if (schedule.next_due_at) return schedule.enabled ? ["等待中", "warn"] : ["已关闭", ""];
  const ahead = schedule.once_at && new Date(schedule.once_at) > Date.now();
  return ahead || !schedule.enabled ? ["已取消", ""] : ["已完成", "good"];
}

function row(schedule, names, said, again) {
  const kind = SCHEDULES[schedule.kind] ?? schedule.kind;
  const name = schedule.title ? `${kind} · ${schedule.title}` : kind;
  const standing = STANDING.includes(schedule.kind);
  const tried = h("div", {});
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, name), tag(...state(schedule))),
    h("p", { class: "small soft" }, [names.get(schedule.organisation_id), rhythm(schedule), standing && zoneText(schedule), standing && lateText(schedule)].filter(Boolean).join(" · ")),
    told(said),
    (schedule.next_due_at || standing) &&
      actions(
        schedule.next_due_at && {
          label: schedule.enabled ? "关闭" : "打开",
          quiet: true,
          small: true,
          confirm: schedule.enabled ? `“${name}”（${rhythm(schedule)}）到时不再进行，可以再打开。` : null,
          run: async () => {
            const kept = await admin.call("PATCH", `/schedules/${schedule.id}`, { json: { enabled: !schedule.enabled } });
            const on = kept.next_due_at ? "已打开" : "关闭期间时间已过，不再进行；还要发的话，请修改时间。";
            await again(schedule.enabled ? "已关闭" : on, schedule.id);
          },
        },
        schedule.next_due_at && { label: "试算下一次", quiet: true, small: true, run: () => dryRun(tried, schedule) },
        standing && {
          label: "删除",
          quiet: true,
          small: true,
          confirm: `“${name}”（${rhythm(schedule)}）删除后不再进行，已发过的仍有记录。`,
          run: async () => {
            await admin.call("DELETE", `/schedules/${schedule.id}`);
            await again("已删除");
          },
        },
      ),
    tried,
    standing && fold("修改", changing(schedule, again)),
  );
}

function changing(schedule, again) {
  const fields = scheduleFields(schedule);
  return [
    fields.element,
    actions({
      label: "保存",
      small: true,
      run: async () => {
        const kept = await admin.call("PATCH", `/schedules/${schedule.id}`, { json: fields.read() });
        await again(`已保存，${comingText(kept)}`, schedule.id);
      },
    }),
  ];
}

function adding(places, again) {
  const place = h("select", {}, options(places.map((each) => [each.id, each.name])));
  const fields = scheduleFields(null);
  return [
    h("div", { class: "fields" }, field("组织", place)),
    fields.element,
    actions({
      label: "新建",
      run: async () => {
        const json = { organisation_id: Number(place.value), ...fields.read() };
        const made = await admin.call("POST", "/schedules", { json, once: true });
        await again(`已新建，${comingText(made)}`, made.id);
      },
    }),
  ];
}
