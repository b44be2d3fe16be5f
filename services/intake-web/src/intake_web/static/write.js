// Counts what is written, and keeps a draft on this device until it is sent.
const text = document.getElementById("text");
const count = document.getElementById("count");
const form = text.form;
const DRAFT = "minsheng-draft";

function show() {
  const written = [...text.value].length;
  count.textContent = written ? count.dataset.words.replace("{n}", written.toLocaleString()) : "";
}

try {
  if (!text.value) text.value = sessionStorage.getItem(DRAFT) ?? "";
  text.addEventListener("input", () => sessionStorage.setItem(DRAFT, text.value));
  form.addEventListener("submit", () => sessionStorage.removeItem(DRAFT));
} catch {
  // storage is switched off: nothing is kept
}
text.addEventListener("input", show);
show();

// A second click on a slow line must not look like nothing happened; the server knows repeats by their key.
form.addEventListener("submit", () => setTimeout(() => { form.querySelector("button.main").disabled = true; }));
addEventListener("pageshow", () => { form.querySelector("button.main").disabled = false; });
