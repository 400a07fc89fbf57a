// Who acts for the staff side: the accounts of the demonstration, and the one question for their password.
import { staff } from "./api.js";
import { CANCELLED } from "./dom.js";

function askPassword() {
  const dialog = document.getElementById("password");
  const input = document.getElementById("password-field");
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.addEventListener(
      "close",
      () => {
        const given = input.value;
        input.value = "";
        if (dialog.returnValue === "ok" && given) resolve(given.trim());
        else reject(CANCELLED);
      },
      { once: true },
    );
  });
}

document.getElementById("password-cancel").addEventListener("click", () => document.getElementById("password").close("cancel"));

export const editor = staff("editor", askPassword);
export const reviewer = staff("reviewer", askPassword);
export const admin = staff("admin", askPassword);
export const east = staff("leader-east", askPassword);
export const west = staff("leader-west", askPassword);
