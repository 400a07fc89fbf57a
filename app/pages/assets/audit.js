// The audit log in words. What is not known here is shown as it is kept.
import { ADAPTERS, ARCHIVED, KINDS, MEETINGS, ROLES, ROSTERS, SCHEDULES, STAGES, STATES, cronText, time, weekText } from "./format.js";

const ACTIONS = {
  "account.changed": "修改账号",
  "account.created": "开通账号",
  "account.password_changed": "修改自己的密码",
  "account.signed_out": "结束账号的登录",
  "asset.added": "媒体文件上传完成",
  "asset.begun": "开始上传媒体文件",
  "attempt.submitted": "交卷",
  "attempt.timed_out": "到时自动交卷",
  "attendance.recorded": "登记到会情况",
  "attendance.viewed": "查看到会情况",
  "audit.exported": "导出操作记录",
  "audit.read": "查看操作记录",
  "binding.approved": "同意绑定申请",
  "binding.refused": "不同意绑定申请",
  "binding.requested": "申请绑定",
  "binding_requests.viewed": "查看绑定申请",
  "campaign.cancelled": "取消一次发送",
  "campaign.paused": "暂停一次发送",
  "campaign.resumed": "继续一次发送",
  "certificate.issued": "开具学习证明",
  "address.dropped": "删除收件地址",
  "address.set": "登记收件地址",
  "addresses.exported": "下载收件地址表",
  "addresses.imported": "导入收件地址",
  "channel.changed": "修改渠道",
  "channel.created": "新建渠道",
  "comment.created": "添加批注",
  "comment.resolved": "批注已处理",
  "completion.exported": "导出完成情况",
  "completion.nudged": "提醒未完成的人",
  "completion.viewed": "查看完成情况",
  "consent.recorded": "对告知书作出选择",
  "correction.approved": "审核通过更正",
  "correction.created": "提交更正",
  "correction.published": "发布更正",
  "correction.returned": "退回更正",
  "correction.withdrawn": "撤回更正",
  "duplicates.viewed": "查看可能重复的人",
  "issue.approved": "审核通过一期学习",
  "issue.changed": "修改一期学习",
  "issue.created": "新建一期学习",
  "issue.moved": "学习流转",
  "lesson.changed": "修改资料",
  "lesson.created": "上传资料",
  "meeting.cancelled": "取消会议",
  "meeting.changed": "变更会议",
  "meeting.created": "召开会议",
  "meeting.handed_over": "会议转交",
  "note.approved": "通过心得",
  "note.returned": "退回心得",
  "member.archived": "党员归档",
  "member.bound": "绑定微信",
  "member.changed": "修改党员信息",
  "member.created": "新增党员",
  "member.left_binding": "本人解除绑定",
  "member.moved": "党员调整支部",
  "member.notices_viewed": "查看党员收到的通知",
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
  "plan.changed": "修改学习计划",
  "plan.created": "新建学习计划",
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
  "question.created": "新增试题",
  "question.restored": "恢复试题",
  "questions.exported": "导出题库",
  "questions.imported": "导入试题",
  "quiz.put": "编排测验",
  "quiz.removed": "撤下测验",
  "roster.answered": "确认名册疑问",
  "roster.checked": "检查名册",
  "roster.column_forgotten": "不再记住名册的列",
  "roster.corrections_exported": "导出待更正的行",
  "roster.imported": "导入名册",
  "roster.lines_viewed": "查看导入明细",
  "roster.missing_viewed": "查看未列入的人",
  "roster.undone": "撤销名册导入",
  "anniversary.changed": "修改纪念日",
  "anniversary.created": "新增纪念日",
  "anniversary.deleted": "删除纪念日",
  "schedule.archived": "删除定时",
  "schedule.changed": "修改定时",
  "schedule.created": "新建定时",
  "schedule.tried": "试算定时",
  "session.opened": "登录",
  "session.refused": "登录失败",
  "setting.changed": "修改设置",
  "setting.dropped": "恢复沿用设置",
  "slips.issued": "发放绑定单",
  "slips.viewed": "查看绑定单情况",
  "studies.viewed": "查看纸质、送学上门登记",
  "class.recorded": "登记集中培训",
  "study.recorded": "登记纸质学习、送学上门",
  "study.withdrawn": "撤销纸质、送学上门登记",
  "study_hours.exported": "导出学时",
  "study_hours.viewed": "查看学时",
  "topic.changed": "修改专题",
  "topic.created": "新建专题",
  "topic.hidden": "隐藏专题",
  "topic.published": "公开专题",
  "word_list.dropped": "删除词表",
  "word_list.set": "设置词表",
};
const OBJECTS = {
  account: "账号",
  anniversary: "纪念日",
  asset: "媒体文件",
  attempt: "作答",
  audit_log: "审计日志",
  binding_request: "绑定申请",
  campaign: "发送",
  channel: "渠道",
  comment: "批注",
  issue: "学习",
  lesson: "资料",
  meeting: "会议",
  member: "党员",
  organisation: "组织",
  plan: "学习计划",
  post: "职务",
  privacy_notice: "告知书",
  question: "试题",
  roster_import: "名册导入",
  schedule: "定时",
  setting: "设置",
  topic: "专题",
};
const NAMES = {
  account_id: "账号",
  acting: "代理",
  adapter: "渠道种类",
  added: "新增",
  after: "之后",
  allow_duplicate: "确认不是同一人",
  answers: "回答",
  archived: "已撤销",
  at: "时间",
  before: "之前",
  bound: "绑定",
  changed: "变更",
  changed_members: "变更的人",
  characters: "字数",
  count: "数量",
  cron: "周期",
  effective_at: "起算",
  entries: "条数",
  exempt_members: "免学的人",
  fields: "字段",
  from_id: "原组织",
  into_id: "并入",
  key: "设置项",
  kind: "类别",
  lessons: "资料",
  members: "人数",
  month: "月",
  day: "日",
  once_at: "时间",
  late_policy: "过时处理",
  late_seconds: "可迟秒数",
  missing: "未列入",
  name: "名称",
  notices: "通知数",
  organisation_id: "组织",
  organisations: "新建组织",
  organisations_added: "新建组织",
  organisations_removed: "撤掉的组织",
  bindings: "绑定",
  sessions: "登录",
  schedules: "定时",
  issues: "学习",
  meetings: "会议",
  accounts: "账号",
  by: "方式",
  full: "完整手机号",
  quiz: "测验",
  from_at: "起",
  from_organisation_id: "原组织",
  to_organisation_id: "新组织",
  from_parent_id: "原上级",
  to_parent_id: "新上级",
  from_account_id: "原任",
  new_post_id: "新职务",
  questions: "题数",
  reason: "原因",
  recipients: "已安排人数",
  rejected: "不能导入",
  reprint: "重新打印",
  role: "职务",
  rules: "抽题条件",
  state: "状态",
  status: "种类",
  to_account_id: "接任",
  unchanged: "未变",
  undone: "已撤销",
  unfinished: "未完成人数",
  until_at: "至",
  value: "值",
  version: "版本",
  wanted: "条件",
  what: "内容",
  week: "周",
  columns: "栏目",
  comment: "批注",
  correction: "更正",
  media_type: "文件类型",
  published: "是否公开",
  size: "大小（字节）",
  skipped: "不是党员、已略过",
  substantive: "实质性更正",
};
const LINES = { added: "新增", changed: "变更", unchanged: "未变", rejected: "不能导入", question: "需要确认" };
const SETTINGS = { quiet_from: "免打扰开始时间", quiet_until: "免打扰结束时间", daily_notices: "每人每天最多收到的通知数", separate_duties: "三员分立", points: "积分", leaderboard: "排行榜", check_in: "打卡签到", show_time: "显示学习时长", reviews_required: "发布前需要几位审核人通过" };
const WAYS = { slip: "绑定单", phone: "微信手机号", request: "书记确认", already_bound: "已绑定其他微信", shared_phone: "几个人同一手机号", placements: "历次所在支部", viewers: "谁能看到" };
const FIELDS = { week: "周", lessons: "资料", name: "姓名或名称", phone: "手机号", stage: "人员类别", roster: "名册", birth_month: "出生年月", joined_on: "入党时间", tags: "标签", exempt_reason: "免学原因", enabled: "启用", config: "配置", secret: "密钥", title: "标题", summary: "摘要", markdown: "正文", source: "出处", article: "条款", source_url: "原文网址", timezone: "时区", password: "密码", disabled: "停用", stages: "人员类别", rosters: "名册", author_line: "署名", reprint_permission: "转载许可", stem: "题干", options: "选项", answer: "答案", explanation: "解析", difficulty: "难度" };
const VALUES = { ...KINDS, ...MEETINGS, ...ROLES, ...SCHEDULES, ...STATES, ...STAGES, ...ROSTERS, ...ARCHIVED, ...LINES, ...FIELDS, ...SETTINGS, ...WAYS, ...ADAPTERS, true: "是", false: "否", null: "无" };
const ACTORS = { account: "账号", member: "党员", wechat: "微信用户" };
// How the actions begin that are asked for together.
const GROUPS = { session: "登录", account: "账号", post: "职务", member: "党员", roster: "名册导入", organisation: "组织", binding: "绑定", slips: "绑定单", issue: "学习", lesson: "资料", correction: "更正", comment: "批注", plan: "学习计划", topic: "专题", asset: "媒体文件", question: "试题", quiz: "测验", meeting: "会议", completion: "完成情况", setting: "设置", channel: "渠道", campaign: "发送", schedule: "定时", anniversary: "纪念日", audit: "审计日志" };

export function beginnings() {
  return Object.entries(GROUPS);
}

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

export function object(entry, known) {
  const name = { organisation: known.places, account: known.accounts }[entry.object_type]?.get(entry.object_id);
  return name ?? `${OBJECTS[entry.object_type] ?? entry.object_type} ${entry.object_id ?? ""}`.trim();
}

function value(name, given, known) {
  if (Array.isArray(given)) return given.map((each) => value(name, each, known)).join("、");
  if (given !== null && typeof given === "object") return words(given, known);
  if (/(organisation|parent|into)_id$/.test(name) && known.places.has(given)) return known.places.get(given);
  if (/account_id$/.test(name) && known.accounts.has(given)) return known.accounts.get(given);
  if (name === "cron") return cronText(String(given));
  if (/^\d{4}-\d\d-\d\dT/.test(given)) return time(given);
  if (/^20\d\d-W\d\d$/.test(given)) return weekText(given);
  return VALUES[given] ?? String(given);
}

/** Nothing and nobody are left out. */
function words(pairs, known) {
  const some = Object.entries(pairs).filter(([, given]) => ![0, null, "", false].includes(given) && !(Array.isArray(given) && given.length === 0));
  return some.map(([name, given]) => `${NAMES[name] ?? FIELDS[name] ?? name} ${value(name, given, known)}`).join("，");
}

export function detail(entry, known) {
  const { before, after, ...rest } = entry.detail;
  const moved = before !== undefined && after !== undefined ? `${value("", before, known)} → ${value("", after, known)}` : "";
  const lone = moved ? rest : entry.detail;
  return [moved, words(lone, known)].filter(Boolean).join("，");
}
