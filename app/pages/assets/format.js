// Times as people in Shanghai write them, weeks, and the Chinese of the API's names.
const ZONE = "Asia/Shanghai";
const CLOCK = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, year: "numeric", month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECONDS = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = 86_400_000;
const SHIFT = 8 * 3_600_000; // Shanghai has had no daylight saving time since 1991

function parts(format, moment) {
  return Object.fromEntries(format.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
}

/** 2026年11月23日（周一）08:00 */
export function time(moment) {
  if (!moment) return "—";
  const { year, month, day, weekday, hour, minute } = parts(CLOCK, moment);
  return `${year}年${month}月${day}日（${weekday}）${hour}:${minute}`;
}

/** 2026年11月23日 */
export function day(moment) {
  const { year, month, day: number } = parts(CLOCK, moment);
  return `${year}年${month}月${number}日`;
}

/** 11月23日 08:00:05 */
export function shortTime(moment) {
  const { month, day } = parts(CLOCK, moment);
  return `${month}月${day}日 ${SECONDS.format(new Date(moment))}`;
}

export function clock(moment = Date.now()) {
  return SECONDS.format(new Date(moment));
}

export function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} 分 ${seconds % 60} 秒` : `${seconds} 秒`;
}

/** Whether WeChat messages wait for the morning: 21:00 to 08:00. */
export function isNight() {
  const hour = new Date(Date.now() + SHIFT).getUTCHours();
  return hour >= 21 || hour < 8;
}

export const NIGHT = "现在是夜间免打扰时段（21:00—次日 8:00）：微信消息会等到 8:00 以后送到，演示消息页不受影响。";

/** The Monday of the week, weeks from now, as UTC midnight of that date. */
function monday(weeks = 0, now = Date.now()) {
  const today = Math.floor((now + SHIFT) / DAY);
  return (today - ((today + 3) % 7) + 7 * weeks) * DAY; // day 0 was a Thursday
}

function weekName(mondayAt) {
  const thursday = new Date(mondayAt + 3 * DAY);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const number = Math.floor((thursday.getTime() - first) / (7 * DAY)) + 1;
  return `${thursday.getUTCFullYear()}-W${String(number).padStart(2, "0")}`;
}

function date(at) {
  const day = new Date(at);
  return `${day.getUTCMonth() + 1}月${day.getUTCDate()}日`;
}

/** 11月23日—29日, with the year where it is not that of `now`, or changes within the week. */
function span(at, now = Date.now()) {
  const [from, until] = [new Date(at), new Date(at + 6 * DAY)];
  const [year, end] = [from.getUTCFullYear(), until.getUTCFullYear()];
  if (year !== end) return `${year}年${date(at)}—${end}年${date(until)}`;
  const there = year === new Date(now + SHIFT).getUTCFullYear() ? "" : `${year}年`;
  const last = from.getUTCMonth() === until.getUTCMonth() ? `${until.getUTCDate()}日` : date(until);
  return `${there}${date(at)}—${last}`;
}

/** The Monday of a week of the API ("2026-W48"), as UTC midnight of that date. */
function mondayOf(week) {
  const [year, number] = week.split("-W").map(Number);
  const fourth = Date.UTC(year, 0, 4); // always in week 1
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY + (number - 1) * 7 * DAY;
}

/** 11月23日—29日 for "2026-W48" */
export function weekText(week, now = Date.now()) {
  return span(mondayOf(week), now);
}

/** When an issue of the week goes out if nothing else is said: its Monday 08:00 in Shanghai, or the next one. */
export function publishing(week, now = Date.now()) {
  const mondays = [mondayOf(week), monday(0, now), monday(1, now)].map((at) => at - SHIFT + 8 * 3_600_000);
  return new Date(mondays.find((at) => at > now));
}

/** [{value: "2026-W48", text: "11月23日—29日"}] from `first` weeks from now on. */
export function weeks(first, count) {
  return Array.from({ length: count }, (_, index) => {
    const at = monday(first + index);
    return { value: weekName(at), text: span(at) };
  });
}

/** The value of a datetime-local control in Shanghai, so many days from now at the hour. */
export function localIn(days, hour) {
  return `${new Date(Date.now() + SHIFT + days * DAY).toISOString().slice(0, 10)}T${hour}`;
}

/** A moment as the value of a datetime-local control in Shanghai. */
export function toLocal(moment) {
  return new Date(Date.parse(moment) + SHIFT).toISOString().slice(0, 16);
}

/** What a datetime-local control holds, as a moment with its zone. */
export function fromLocal(value) {
  return `${value}:00+08:00`;
}

/** The beginning of a day in Shanghai ("2026-11-24"), so many days later, as a moment with its zone. */
export function fromDay(value, later = 0) {
  return new Date(Date.parse(`${value}T00:00:00+08:00`) + later * DAY).toISOString();
}

export const KINDS = { committee: "党委", general_branch: "党总支", branch: "党支部", group: "党小组" };
export const ROLES = { leader: "支部书记", editor: "内容编辑", reviewer: "审核人", administrator: "管理员", security_administrator: "安全管理员", auditor: "审计员" };
export const STAGES = { full_member: "正式党员", probationary_member: "预备党员", development_target: "发展对象", activist: "积极分子", applicant: "入党申请人" };
export const STATES = { draft: "草稿", in_review: "待审核", scheduled: "已定时", published: "已发布", withdrawn: "已撤回" };
export const ROSTERS = { in_service: "在职", no_post: "无职", floating: "流动" };
export const ARCHIVED = { left_party: "出党、退党", deceased: "去世", transferred: "组织关系转出", removed: "除名", duplicate: "重复录入", other: "其他" };
export const MEETINGS = {
  theme_day: "主题党日",
  party_lecture: "党课",
  members_meeting: "支部党员大会",
  committee_meeting: "支部委员会会议",
  group_meeting: "党小组会",
  organisational_life_meeting: "组织生活会",
  democratic_appraisal: "民主评议党员",
};
export const MESSAGES = {
  weekly_issue: "每周学习参考",
  meeting_notice: "组织生活通知",
  meeting_reminder: "组织生活提醒",
  meeting_changed: "组织生活变更",
  meeting_cancelled: "组织生活取消",
  unfinished_reminder: "学习提醒",
  anniversary: "纪念日",
  joining_anniversary: "政治生日",
  hours_reminder: "学时提醒",
};
export const SCHEDULES = { weekly_issue: "发布每周学习", meeting_reminder: "会议提醒", unfinished_reminder: "未完成提醒", anniversary: "纪念日", joining_anniversary: "政治生日", hours_reminder: "学时提醒" };
export const ADAPTERS = {
  console: "系统内消息页",
  wechat_miniprogram: "微信小程序",
  wechat_service_account: "微信服务号",
  wecom: "企业微信",
  dingtalk: "钉钉",
  feishu: "飞书",
  sms_aliyun: "短信（阿里云）",
  email: "电子邮件",
  webhook: "自有网关（Webhook）",
};
/** The kinds of notice that a channel has templates for. */
export const TEMPLATES = {
  weekly_issue: "每周学习",
  meeting: "组织生活（会议）",
  unfinished_reminder: "未完成提醒",
  anniversary: "纪念日",
  joining_anniversary: "政治生日",
  hours_reminder: "学时提醒",
};

const DAYS = { mon: "一", tue: "二", wed: "三", thu: "四", fri: "五", sat: "六", sun: "日", 0: "日", 1: "一", 2: "二", 3: "三", 4: "四", 5: "五", 6: "六", 7: "日" };

/** 每周五 15:00 for "0 15 * * fri"; what is not so simple stays as it is written. */
export function cronText(cron) {
  const [minute, hour, ofMonth, month, ofWeek] = cron.trim().split(/\s+/);
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour) || month !== "*") return `定期 ${cron}`;
  const at = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  const days = ofWeek.toLowerCase().split(",").map((each) => DAYS[each]);
  if (ofMonth === "*" && ofWeek === "*") return `每天 ${at}`;
  if (ofMonth === "*" && days.every(Boolean)) return `每周${days.join("、")} ${at}`;
  if (/^\d+$/.test(ofMonth) && ofWeek === "*") return `每月 ${ofMonth} 日 ${at}`;
  return `定期 ${cron}`;
}

// Their time is when it is looked whose day it is: most days nobody hears anything.
const GREETINGS = { anniversary: "当天是“纪念日”里的日子才发", joining_anniversary: "当天是谁的政治生日就发给谁，没有就不发" };

/** When a schedule tells something next, or on which of its days it does. */
export const comingText = (schedule) => (schedule.cron && GREETINGS[schedule.kind]) || `下次 ${time(schedule.next_due_at)}`;
