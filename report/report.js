// A figure fills the window when it is clicked, tapped or chosen by Enter, until the next click or Escape.
const dialog = document.body.appendChild(document.createElement("dialog"));
dialog.addEventListener("click", () => dialog.close());
for (const image of document.querySelectorAll("figure img")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "zoom";
  button.setAttribute("aria-label", "Enlarge: " + image.alt);
  image.replaceWith(button);
  button.append(image);
  button.addEventListener("click", () => {
    dialog.replaceChildren(image.cloneNode());
    dialog.showModal();
  });
}
// The contents are open where there is room beside the text.
document.querySelector("#lists details").open = matchMedia("(min-width: 72rem)").matches;
