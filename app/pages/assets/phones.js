// What happens on the phones of the fake WeChat, apart from signing in.
import { call } from "./api.js";

/** Taps accept for each template, and tells the service so, as the mini-program does. */
export async function subscribe(actor, phone) {
  await actor.open();
  const { templates } = await call("POST", `/demonstration/phones/${phone}/acceptances`);
  const kept = [];
  for (const template of templates) {
    kept.push(await actor.call("POST", "/subscriptions", { json: { template, accepted: true } }));
  }
  return `已同意：下一次通知会发到这部手机的微信（每类现可接收 ${Math.min(...kept.map((each) => each.balance))} 条），不再走演示消息页。`;
}
