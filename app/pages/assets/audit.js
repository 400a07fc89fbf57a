// The audit log in words. What is not known here is shown as it is kept.
import { KINDS, MEETINGS, ROLES, SCHEDULES, STATES } from "./format.js";

const ACTIONS = {
  "account.changed": "修改账号",
  "account.created": "开通账号",
  "attempt.submitted": "交卷",
  "channel.changed": "修改渠道",
  "channel.created": "新建渠道",
  "completion.exported": "导出完成情况",
  "completion.nudged": "提醒未完成的人",
  "issue.changed": "修改一期学习",
  "issue.created": "新建一期学习",
  "issue.moved": "学习流转",
  "lesson.changed": "修改资料",
  "lesson.created": "上传资料",
  "meeting.cancelled": "取消会议",
  "meeting.changed": "变更会议",
  "meeting.created": "召开会议",
  "member.bound": "绑定微信",
  "member.unbound": "解除绑定",
  "members.viewed": "查看名册",
  "organisation.changed": "修改组织",
  "organisation.created": "新建组织",
  "post.created": "任职",
  "post.ended": "免职",
  "questions.imported": "导入试题",
  "quiz.put": "编排测验",
  "roster.imported": "导入名册",
  "schedule.changed": "修改定时",
  "schedule.created": "新建定时",
  "session.opened": "登录",
  "slips.issued": "生成绑定码",
};
const OBJECTS = {
  account: "账号",
  attempt: "作答",
  channel: "渠道",
  issue: "学习",
  lesson: "资料",
  meeting: "会议",
  member: "党员",
  organisation: "组织",
  post: "职务",
  schedule: "定时",
};
const NAMES = {
  added: "新增",
  changed: "变更",
  characters: "字数",
  count: "数量",
  cron: "周期",
  fields: "字段",
  kind: "类别",
  lessons: "资料",
  members: "人数",
  questions: "题数",
  role: "职务",
  unchanged: "未变",
  unfinished: "未完成人数",
  week: "周",
};
const VALUES = { ...KINDS, ...MEETINGS, ...ROLES, ...SCHEDULES, ...STATES };
const ACTORS = { account: "账号", member: "党员", wechat: "微信用户" };

export function action(entry) {
  return ACTIONS[entry.action] ?? entry.action;
}

/** "系统", "账号 3（内容编辑）" where the account's name is known, "党员 12". */
export function actor(entry, names) {
  if (entry.actor === "system") return "系统";
  const [kind, id] = entry.actor.split(":");
  const name = kind === "account" ? names.get(Number(id)) : undefined;
  return name ?? `${ACTORS[kind] ?? kind} ${id ?? ""}`.trim();
}

export function object(entry) {
  return `${OBJECTS[entry.object_type] ?? entry.object_type} ${entry.object_id ?? ""}`.trim();
}

function value(given) {
  if (Array.isArray(given)) return given.join("、");
  return VALUES[given] ?? String(given);
}

export function detail(entry) {
  const { before, after, ...rest } = entry.detail;
  const moved = before !== undefined && after !== undefined ? [`${value(before)} → ${value(after)}`] : [];
  return [...moved, ...Object.entries(rest).map(([name, given]) => `${NAMES[name] ?? name} ${value(given)}`)].join("，");
}
