// What a page can do besides being read; without JavaScript, everything can still be opened by hand.
document.addEventListener("DOMContentLoaded", () => {
  // the button at the top opens, or closes, everything that is folded behind a Predict
  const folds = [...document.querySelectorAll(".tag_predict details")];
  for (const button of document.querySelectorAll(".unfold button")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => {
      const open = folds.some((fold) => !fold.open);
      folds.forEach((fold) => { fold.open = open; });
      button.textContent = open ? button.dataset.hide : button.dataset.show;
    });
  }
  // what scrolls must have its place in the order of the Tab key; the theme measures this when the size changes
  for (const fold of document.querySelectorAll("details")) {
    fold.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
  }
  // the link below a page takes the marked sentence with it
  for (const link of document.querySelectorAll(".report-link")) {
    link.parentElement.querySelector(".report-how").hidden = false;
    const address = link.href;
    const addSentence = () => {
      const marked = String(window.getSelection()).trim().slice(0, 500);
      link.href = marked ? `${address}&sentence=${encodeURIComponent(marked)}` : address;
    };
    link.addEventListener("pointerdown", addSentence);
    link.addEventListener("focus", addSentence);
  }
});
