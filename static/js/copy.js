// <button type="button" data-copies="ID" data-copied="Copied" hidden>Copy</button> puts the text of #ID on the clipboard.
for (const button of navigator.clipboard ? document.querySelectorAll("[data-copies]") : []) {
  const source = document.getElementById(button.dataset.copies);
  const label = button.textContent;
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  button.after(status);
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = status.textContent = button.dataset.copied;
    setTimeout(() => {
      button.textContent = label;
      status.textContent = "";
    }, 2000);
  });
}
