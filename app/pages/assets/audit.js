// The audit log in words. What is not known here is shown as it is kept.
import { KINDS, MEETINGS, ROLES, SCHEDULES, STATES } from "./format.js";

const ACTIONS = {
  "account.changed": "修改账号",
  "account.created": "开通账号",
  "account.password_changed": "修改自己的密码",
  "account.signed_out": "结束账号的登录",
  "attempt.submitted": "交卷",
  "attempt.timed_out": "到时自动交卷",
  "audit.exported": "导出操作记录",
  "audit.read": "查看操作记录",
  "binding.approved": "同意绑定申请",
  "binding.refused": "不同意绑定申请",
  "binding.requested": "申请绑定",
  "binding_requests.viewed": "查看绑定申请",
  "channel.changed": "修改渠道",
  "channel.created": "新建渠道",
  "completion.exported": "导出完成情况",
  "completion.nudged": "提醒未完成的人",
  "consent.recorded": "对告知书作出选择",
  "duplicates.viewed": "查看可能重复的人",
  "issue.changed": "修改一期学习",
  "issue.created": "新建一期学习",
  "issue.moved": "学习流转",
  "lesson.changed": "修改资料",
  "lesson.created": "上传资料",
  "meeting.cancelled": "取消会议",
  "meeting.changed": "变更会议",
  "meeting.created": "召开会议",
  "meeting.handed_over": "会议转交",
  "member.archived": "党员归档",
  "member.bound": "绑定微信",
  "member.changed": "修改党员信息",
  "member.created": "新增党员",
  "member.left_binding": "本人解除绑定",
  "member.moved": "党员调整支部",
  "member.restored": "恢复党员",
  "member.unbound": "解除绑定",
  "member.viewed": "查看党员",
  "members.exported": "导出名册",
  "members.viewed": "查看名册",
  "organisation.archived": "组织归档",
  "organisation.changed": "修改组织",
  "organisation.closed": "撤销组织",
  "organisation.created": "新建组织",
  "organisation.merged": "合并组织",
  "organisation.moved": "调整组织隶属",
  "organisation.renamed": "组织改名",
  "organisation.restored": "恢复组织",
  "organisation.split": "拆分组织",
  "post.changed": "修改任期",
  "post.created": "任职",
  "post.ended": "免职",
  "post.handed_over": "职务交接",
  "practice.created": "建立演练组织",
  "practice.ended": "结束演练",
  "preferences.changed": "修改通知设置",
  "privacy_notice.published": "发布告知书",
  "question.archived": "归档试题",
  "question.changed": "修改试题",
  "question.restored": "恢复试题",
  "questions.exported": "导出题库",
  "questions.imported": "导入试题",
  "quiz.put": "编排测验",
  "roster.answered": "确认名册疑问",
  "roster.checked": "检查名册",
  "roster.corrections_exported": "导出待更正的行",
  "roster.imported": "导入名册",
  "roster.lines_viewed": "查看导入明细",
  "roster.missing_viewed": "查看未列入的人",
  "roster.undone": "撤销名册导入",
  "schedule.changed": "修改定时",
  "schedule.created": "新建定时",
  "session.opened": "登录",
  "session.refused": "登录失败",
  "setting.changed": "修改设置",
  "setting.dropped": "恢复沿用设置",
  "slips.issued": "发放绑定单",
  "slips.viewed": "查看绑定单情况",
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
  question: "试题",
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
  rules: "抽题条件",
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
