// Step 2: a floating member sees the meetings of their branch, and what they were told.
import { call, member } from "./api.js";
import { enter } from "./consent.js";
import { actions, done, h, part, safeLink, show, tag, told } from "./dom.js";
import { drill } from "./drill.js";
import { NIGHT, isNight, time } from "./format.js";
import { consoleCard, wechatCard } from "./inbox.js";
import { minePart } from "./mine.js";
import { subscribe } from "./phones.js";
import { studyParts } from "./study.js";

const PHONE = "demo-floating";
const STEP = 2;
const me = member(PHONE);

export function mount(root) {
  show(
    root,
    actions({
      label: "以流动党员身份登录（仿真微信）",
      run: async () => {
        await me.open();
        await enter(root, me, PHONE, (said) => overview(root, said));
      },
    }),
  );
}

async function overview(root, said) {
  const home = (text) => overview(root, text);
  const [who, meetings] = await Promise.all([me.call("GET", "/me"), me.call("GET", "/meetings")]);
  const study = await studyParts(me, { root, back: home, step: STEP });
  const [received, wechat] = await Promise.all([
    call("GET", `/demonstration/messages.json?limit=50&member=${encodeURIComponent(who.name)}`),
    call("GET", "/demonstration/wechat-messages.json"),
  ]);
  const mine = received.items.filter((message) => message.member_id === who.member_id);
  const pushed = wechat.items.filter((message) => message.phone === PHONE);
  show(
    root,
    told(said),
    h("p", { class: "said good" }, `已登录：${who.name}，${who.organisation}（流动党员）`),
    part(
      "我的组织生活",
      meetings.items.length
        ? h("ul", { class: "items" }, meetings.items.map(meetingRow))
        : h("p", { class: "soft" }, "目前没有会议。可以先到第 5 步以支部书记甲的身份召开一次。"),
    ),
    part(
      "我收到的消息",
      isNight() && h("p", { class: "said warn" }, NIGHT),
      pushed.length + mine.length === 0 && h("p", { class: "soft" }, "还没有收到消息。"),
      h("div", { class: "list" }, pushed.map(wechatCard), mine.map((message) => consoleCard(message))),
    ),
    actions(
      { label: "刷新", quiet: true, run: () => home() },
      { label: "同意再接收一次微信通知", quiet: true, run: () => subscribe(me, PHONE) },
    ),
    study,
    drill(me),
    minePart(root, me, PHONE, who, home),
  );
  done(STEP);
}

function meetingRow(meeting) {
  const detail = h("div");
  const opened = h("details", {}, h("summary", {}, "查看参加方式"), detail);
  opened.addEventListener("toggle", async () => {
    if (!opened.open) return;
    try {
      show(detail, wayIn(await me.call("GET", `/meetings/${meeting.id}`)));
    } catch (error) {
      show(detail, h("p", { class: "said bad", role: "alert" }, error.detail ?? error.message));
    }
  });
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, meeting.title), tag(meeting.kind_name)),
    h("p", {}, `${time(meeting.starts_at)} 开始${meeting.cancelled ? "（已取消）" : ""}`),
    h("p", { class: "small soft" }, meeting.organisation),
    opened,
  );
}

function wayIn(meeting) {
  return [
    meeting.agenda && h("p", {}, `议程：${meeting.agenda}`),
    h("p", {}, "参加链接：", safeLink(meeting.join_link)),
    meeting.meeting_code && h("p", {}, "会议号：", h("span", { class: "whole" }, meeting.meeting_code)),
    meeting.meeting_password && h("p", {}, "入会密码：", h("span", { class: "whole" }, meeting.meeting_password)),
  ];
}
