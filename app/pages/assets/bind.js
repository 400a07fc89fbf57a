// The page behind the QR of a binding slip: shows the code, which never goes anywhere from here.
const code = new URLSearchParams(location.search).get("code") ?? "";
if (/^[0-9]{8}$/.test(code)) {
  document.getElementById("code").textContent = `${code.slice(0, 4)} ${code.slice(4)}`;
  document.getElementById("shown").hidden = false;
} else {
  document.getElementById("missing").hidden = false;
}
