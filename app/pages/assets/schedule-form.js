// When something is due, in words: what an administrator chooses, and the rule that is made of it.
import { field, h, incomplete, options } from "./dom.js";
import { SCHEDULES, fromLocal, localIn, toLocal } from "./format.js";

const DAYS = [["mon", "周一"], ["tue", "周二"], ["wed", "周三"], ["thu", "周四"], ["fri", "周五"], ["sat", "周六"], ["sun", "周日"]];
const RHYTHMS = [["weekly", "每周一次"], ["daily", "每天"], ["monthly", "每月一次"], ["once", "只一次"], ["cron", "自定规则（cron）"]];
// The first two are what suits the kind best: a greeting comes in the morning.
const KINDS = {
  unfinished_reminder: ["weekly", "18:00", "提醒本周还没有学完的人"],
  anniversary: ["daily", "09:00", "纪念日当天告诉大家，日子在下面的“纪念日”里设"],
  joining_anniversary: ["daily", "09:00", "在党员入党的那一天送上问候；只知道年月的不发，党员可以自己关闭"],
  hours_reminder: ["monthly", "09:00", "提醒本年度学时还没有学满的人；按规定不作硬性要求的除外"],
};
const LATE = [
  ["expire", "错过就不再发"],
  ["3600", "最迟补发到 1 小时后"],
  ["10800", "最迟补发到 3 小时后"],
  ["43200", "最迟补发到 12 小时后"],
  ["86400", "最迟补发到 1 天后"],
  ["604800", "最迟补发到 7 天后"],
];
const ZONES = [["", "随组织的时区"], ["Asia/Shanghai", "北京时间"], ["Asia/Urumqi", "乌鲁木齐时间"], ["Asia/Tokyo", "东京"], ["Asia/Singapore", "新加坡"], ["Europe/Moscow", "莫斯科"], ["Europe/London", "伦敦"], ["America/New_York", "纽约"]];

export const STANDING = Object.keys(KINDS);

/** 最迟补发到 1 小时后; bounds of their own are said in minutes. */
export function lateText({ late_policy: policy, late_seconds: seconds }) {
  const value = policy === "expire" ? "expire" : String(seconds);
  return LATE.find(([each]) => each === value)?.[1] ?? `最迟补发到 ${Math.round(seconds / 60)} 分钟后`;
}

export function zoneText({ own_zone: own, timezone }) {
  const name = ZONES.find(([each]) => each === timezone)?.[1] ?? timezone;
  return own ? `固定用${name}` : name;
}

/** The fields of a new schedule, or of what is changed of one; `read()` gives the body, or throws what is missing. */
export function scheduleFields(schedule) {
  const kind = h("select", {}, options(STANDING.map((each) => [each, SCHEDULES[each]]), schedule?.kind));
  const about = h("p", { class: "small soft" });
  const when = rhythmFields(schedule);
  const late = h("select", {}, options(lateChoices(schedule), schedule ? lateValue(schedule) : "3600"));
  const zone = h("select", {}, options(zoneChoices(schedule), schedule?.own_zone ? schedule.timezone : ""));
  const suit = () => {
    const [rhythm, hour, words] = KINDS[kind.value];
    about.textContent = words;
    if (!schedule) when.set(rhythm, hour);
  };
  kind.addEventListener("change", suit);
  suit();
  return {
    element: [
      !schedule && h("div", { class: "fields" }, field("发什么", kind)),
      !schedule && about,
      when.element,
      h("div", { class: "fields" }, field("系统停机错过时", late), field("时区", zone)),
    ],
    read: () => ({
      ...(schedule ? {} : { kind: kind.value }),
      ...when.read(),
      ...(late.value === "expire" ? { late_policy: "expire" } : { late_policy: "send", late_seconds: Number(late.value) }),
      timezone: zone.value || null,
    }),
  };
}

const lateValue = ({ late_policy: policy, late_seconds: seconds }) => (policy === "expire" ? "expire" : String(seconds));

function lateChoices(schedule) {
  if (!schedule || LATE.some(([each]) => each === lateValue(schedule))) return LATE;
  return [[lateValue(schedule), lateText(schedule)], ...LATE];
}

function zoneChoices(schedule) {
  if (!schedule?.own_zone || ZONES.some(([each]) => each === schedule.timezone)) return ZONES;
  return [...ZONES, [schedule.timezone, schedule.timezone]];
}

function rhythmFields(schedule) {
  const parts = taken(schedule);
  const rhythm = h("select", {}, options(RHYTHMS, parts.rhythm));
  const weekday = h("select", {}, options(DAYS, parts.weekday));
  const ofMonth = h("select", {}, options(Array.from({ length: 28 }, (_, index) => [String(index + 1), `${index + 1} 日`]), parts.ofMonth));
  const at = h("input", { type: "time", value: parts.at });
  const moment = h("input", { type: "datetime-local", value: schedule?.once_at ? toLocal(schedule.once_at) : localIn(1, "09:00") });
  const cron = h("input", { type: "text", maxlength: "100", value: parts.cron, placeholder: "0 18 * * fri" });
  // Made when it is shown: a control is in one place only.
  const fields = {
    weekly: () => [field("星期", weekday), field("时间", at)],
    daily: () => [field("时间", at)],
    monthly: () => [field("日", ofMonth), field("时间", at)],
    once: () => [field("时间（北京时间）", moment)],
    cron: () => [field("规则", cron, "五段：分 时 日 月 星期，星期用英文缩写，例如 0 18 * * fri")],
  };
  const place = h("div", { class: "fields" });
  const choose = () => place.replaceChildren(...fields[rhythm.value]());
  rhythm.addEventListener("change", choose);
  choose();
  return {
    element: [h("div", { class: "fields" }, field("多久一次", rhythm)), place],
    set: (value, hour) => {
      rhythm.value = value;
      at.value = hour;
      choose();
    },
    read: () => {
      if (rhythm.value === "once") return { once_at: fromLocal(moment.value || incomplete("请先选好日期和时间。")) };
      if (rhythm.value === "cron") return { cron: ruleIn(cron.value) };
      if (!at.value) incomplete("请先填好时间。");
      const [hour, minute] = at.value.split(":").map(Number);
      const days = { weekly: `* * ${weekday.value}`, daily: "* * *", monthly: `${ofMonth.value} * *` };
      return { cron: `${minute} ${hour} ${days[rhythm.value]}` };
    },
  };
}

function ruleIn(written) {
  const rule = written.trim();
  return rule.split(/\s+/).length === 5 ? rule : incomplete("规则要写五段，中间用空格隔开，例如 0 18 * * fri 表示每周五 18:00；不熟悉的话，请选“每周一次”等。");
}

/** What a rule says in the words of the fields; one that says more stays a rule. */
function taken(schedule) {
  const usual = { rhythm: "weekly", weekday: "fri", ofMonth: "1", at: "18:00", cron: schedule?.cron ?? "" };
  if (!schedule) return usual;
  if (!schedule.cron) return { ...usual, rhythm: "once" };
  const found = /^(\d+) (\d+) (\*|\d+) \* (\*|[a-z]{3})$/.exec(schedule.cron);
  if (!found) return { ...usual, rhythm: "cron" };
  const [, minute, hour, ofMonth, weekday] = found;
  const at = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (weekday !== "*") return { ...usual, weekday, at };
  if (ofMonth === "*") return { ...usual, rhythm: "daily", at };
  return Number(ofMonth) <= 28 ? { ...usual, rhythm: "monthly", ofMonth: String(Number(ofMonth)), at } : { ...usual, rhythm: "cron" };
}
