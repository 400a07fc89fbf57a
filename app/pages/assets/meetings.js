// Online meetings of a branch: called, and called off, by its leader.
import { actions, field, h, options, part, safeLink, show, tag, told } from "./dom.js";
import { MEETINGS, NIGHT, fromLocal, isNight, localIn, time } from "./format.js";

const HOUR = 3_600_000;

export function meetingsPart(leader, post) {
  const list = h("div");
  const read = async (said) => {
    const { items } = await leader.call("GET", `/organisations/${post.organisation_id}/meetings?limit=10`);
    show(list, told(said), items.length ? h("ul", { class: "items" }, items.map((meeting) => row(leader, meeting, read))) : h("p", { class: "soft" }, "还没有会议。"));
  };
  return part(
    "线上会议",
    actions({ label: "查看本支部的会议", quiet: true, run: () => read() }),
    list,
    h("details", {}, h("summary", {}, "召开一次线上会议"), form(leader, post, read)),
  );
}

function row(leader, meeting, read) {
  const over = new Date(meeting.starts_at) <= Date.now();
  return h(
    "li",
    { class: "item" },
    h("div", { class: "split" }, h("strong", {}, meeting.title), tag(meeting.cancelled ? "已取消" : MEETINGS[meeting.kind] ?? meeting.kind_name, meeting.cancelled ? "bad" : "")),
    h("p", {}, time(meeting.starts_at)),
    h("p", { class: "small soft" }, safeLink(meeting.join_link)),
    over && !meeting.cancelled && attendance(leader, meeting),
    meeting.cancelled || over
      ? null
      : actions({
          label: "取消会议",
          quiet: true,
          small: true,
          confirm: `《${meeting.title}》（${time(meeting.starts_at)}）不再召开，已收到通知的党员会收到取消通知。取消后不能恢复，只能另外召开。`,
          run: async () => {
            await leader.call("POST", `/meetings/${meeting.id}/cancellation`);
            await read(`已取消：${meeting.title}。`);
          },
        }),
  );
}

/** Who was there: recorded once it has begun, and credited as study hours. */
function attendance(leader, meeting) {
  const place = h("div", { class: "work" });
  const path = `/meetings/${meeting.id}/attendance`;
  const open = async () => {
    const { items } = await leader.call("GET", path);
    const boxes = items.map((each) => ({ each, box: h("input", { type: "checkbox", checked: each.attended }) }));
    show(
      place,
      h("fieldset", {}, h("legend", {}, "谁到会（含线上参加），到会的记学时"), boxes.map(({ each, box }) => h("label", { class: "choice" }, box, each.name))),
      actions({
        label: "保存",
        small: true,
        run: async () => {
          const member_ids = boxes.filter(({ box }) => box.checked).map(({ each }) => each.member_id);
          const kept = await leader.call("PUT", path, { json: { member_ids } });
          return `已登记到会 ${kept.attended} 人。`;
        },
      }),
    );
  };
  return h("div", {}, actions({ label: "登记到会", quiet: true, small: true, run: open }), place);
}

function form(leader, post, read) {
  const kind = h("select", {}, options(Object.entries(MEETINGS), "party_lecture"));
  const title = h("input", { type: "text", maxlength: "60", value: "党课：流动党员怎样参加组织生活" });
  const starts = h("input", { type: "datetime-local", value: localIn(2, "19:30") });
  const hours = h("select", {}, options([[1, "1 小时"], [2, "2 小时"], [3, "3 小时"]], 2));
  const link = h("input", { type: "url", maxlength: "500", value: "https://meeting.example.cn/j/987654321" });
  const code = h("input", { type: "text", maxlength: "32", value: "987654321", inputmode: "numeric" });
  const password = h("input", { type: "text", maxlength: "32", value: "", autocomplete: "off" });
  const agenda = h("input", { type: "text", maxlength: "2000", value: "学习讨论；听取流动党员意见。" });
  return h(
    "div",
    { class: "work" },
    h(
      "div",
      { class: "fields" },
      field("类别", kind),
      field("主题", title),
      field("开始时间（北京时间）", starts),
      field("时长", hours),
      field("参加链接", link),
      field("会议号（可不填）", code),
      field("入会密码（可不填）", password),
      field("议程（可不填）", agenda),
    ),
    actions({
      label: "召开并通知流动党员",
      run: async (tell) => {
        if (!starts.value) {
          tell("warn", "请选择开始时间。");
          return;
        }
        const begin = new Date(fromLocal(starts.value));
        const json = {
          organisation_id: post.organisation_id,
          kind: kind.value,
          title: title.value,
          agenda: agenda.value,
          starts_at: begin.toISOString(),
          ends_at: new Date(begin.getTime() + Number(hours.value) * HOUR).toISOString(),
          join_link: link.value,
          meeting_code: code.value,
          meeting_password: password.value,
        };
        const made = await leader.call("POST", "/meetings", { json, once: true });
        await read();
        tell("good", `已召开：${time(made.starts_at)}。本支部的流动党员会收到通知，会前一天、会前一小时各提醒一次；到第 2 步或消息页可以看到。${isNight() ? NIGHT : ""}`);
      },
    }),
  );
}
