// Step 1: a member reads this week's lessons, on a phone that is bound or on a new one.
import { member, randomKey } from "./api.js";
import { enter } from "./consent.js";
import { actions, h, show, told } from "./dom.js";
import { drill } from "./drill.js";
import { findingPart } from "./finding.js";
import { minePart } from "./mine.js";
import { studyParts } from "./study.js";

const STEP = 1;

export function mount(root) {
  const signIn = (phone) => async () => {
    const me = member(phone);
    await me.open();
    await enter(root, me, phone, (said) => overview(root, me, phone, said));
  };
  show(
    root,
    actions(
      { label: "以党员身份登录（仿真微信）", run: signIn("demo-member") },
      // Another phone each time: the one before may have been bound.
      { label: "用一部还没绑定的新手机登录", quiet: true, run: () => signIn(`demo-new-${randomKey().slice(0, 8)}`)() },
    ),
  );
}

async function overview(root, me, phone, said) {
  const home = (text) => overview(root, me, phone, text);
  const who = await me.call("GET", "/me");
  const reader = { root, back: home, step: STEP, memberId: who.member_id };
  const study = await studyParts(me, reader);
  show(
    root,
    told(said),
    h("p", { class: "said good" }, `已登录：${who.name}，${who.organisation}${who.exempt ? "（免学）" : ""}`),
    study,
    findingPart(me, reader),
    drill(me),
    actions({ label: "刷新", quiet: true, run: () => home() }),
    minePart(root, me, phone, who, home, reader),
  );
}
