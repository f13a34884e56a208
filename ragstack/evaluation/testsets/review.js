"use strict";
(() => {
  const set = JSON.parse(document.getElementById("set").textContent);
  const cards = [...document.querySelectorAll("article")];
  const place = "ragstack-review-" + set.sha256;
  const words = { accepted: ["accepted", "已接受"], rejected: ["rejected", "已拒绝"] };
  let decisions = {};
  try { decisions = JSON.parse(localStorage.getItem(place)) || {}; } catch { /* a browser that keeps nothing */ }

  const both = ([english, chinese]) => ["en", "zh"].map((language, at) => {
    const span = document.createElement("span");
    span.lang = language;
    span.textContent = [english, chinese][at];
    return span;
  });

  function show(card) {
    const made = decisions[card.dataset.id];
    const state = made ? (made.accepted ? "accepted" : "rejected") : "";
    card.classList.remove("accepted", "rejected");
    if (state) card.classList.add(state);
    card.querySelector(".state").replaceChildren(...(state ? both(words[state]) : []));
    const form = card.querySelector("form");
    const text = made?.text ?? form.elements.text.defaultValue;
    card.querySelector(".text").textContent = text;
    for (const field of form.elements) field.value = made?.[field.name] ?? field.defaultValue;
  }

  function count() {
    const all = Object.values(decisions);
    const accepted = all.filter((made) => made.accepted).length;
    document.getElementById("done").value = all.length;
    document.getElementById("count").replaceChildren(...both([
      `${all.length} of ${cards.length} decided, ${accepted} accepted`,
      `已决定 ${all.length} / ${cards.length}，接受 ${accepted}`,
    ]));
  }

  function keep() {
    try { localStorage.setItem(place, JSON.stringify(decisions)); } catch { /* saving as a file still works */ }
    count();
  }

  function changes(card) {
    const made = {};
    for (const field of card.querySelector("form").elements) {
      const value = field.value.trim();
      if (value && value !== field.defaultValue.trim()) made[field.name] = value;
    }
    return made;
  }

  function go(card) {
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  function visible() { return cards.filter((card) => card.offsetParent !== null); }

  function step(from, by) {
    const there = visible();
    const next = there[there.indexOf(from) + by];
    if (next) go(next);
  }

  const deeds = {
    accept(card) { decide(card, true); },
    reject(card) { decide(card, false); },
    edit(card) {
      const form = card.querySelector("form");
      form.hidden = !form.hidden;
      if (!form.hidden) form.elements.text.focus(); else go(card);
    },
    clear(card) { delete decisions[card.dataset.id]; show(card); keep(); go(card); },
  };

  function decide(card, accepted) {
    const there = visible();
    const next = there[there.indexOf(card) + 1];
    decisions[card.dataset.id] = { accepted, ...(accepted ? changes(card) : {}) };
    card.querySelector("form").hidden = true;
    show(card);
    keep();
    go(next || card);
  }

  function save() {
    const file = new Blob([JSON.stringify({ ...set, decisions }, null, 1) + "\n"], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) deeds[button.dataset.do](button.closest("article"));
  });
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("open").addEventListener("change", (event) => {
    document.body.classList.toggle("undecided-only", event.target.checked);
  });
  document.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;  // the key is for the choice of a Chinese word
    const card = document.activeElement.closest?.("article") || null;
    if (event.target.closest("textarea")) {
      if (event.key === "Escape") deeds.edit(card);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) deeds.accept(card);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const deed = { a: "accept", r: "reject", e: "edit", u: "clear" }[event.key];
    if (event.key === "s") save();
    else if (event.key === "j" || event.key === "k") {
      if (card) step(card, event.key === "j" ? 1 : -1); else if (visible()[0]) go(visible()[0]);
    } else if (deed && card) deeds[deed](card);
    else return;
    event.preventDefault();
  });
  cards.forEach(show);
  count();
})();
