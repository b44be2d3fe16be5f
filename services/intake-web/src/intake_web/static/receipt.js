// Copy and print, where the browser can.
const copy = document.getElementById("copy");
const print = document.getElementById("print");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("code").textContent.trim());
    copy.textContent = copy.dataset.done;
  });
}
print.hidden = false;
print.addEventListener("click", () => window.print());
