/**
 * What the page can do beyond being read, in plain JavaScript of the browser: readouts under the pointer and by arrow
 * keys, a switch of the theme, sorting, copying. All it shows stands in the page without it.
 */
export const script = String.raw`"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const make = (name, properties) => Object.assign(document.createElement(name), properties);

  const stored = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("squall-theme");
      localStorage.setItem("squall-theme", value);
    } catch {}
    return undefined;
  };
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const toggle = make("button", { type: "button", className: "theme" });
  const name = () => { toggle.textContent = dark() ? "Light" : "Dark"; toggle.setAttribute("aria-label", toggle.textContent + " theme"); };
  const before = stored();
  if (before === "light" || before === "dark") root.dataset.theme = before;
  toggle.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; stored(root.dataset.theme); name(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  name();
  document.querySelector("h1").after(toggle);

  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  document.body.append(tip);
  const show = (text, x, y) => {
    tip.classList.toggle("pairs-tip", Array.isArray(text));
    if (Array.isArray(text)) tip.replaceChildren(...text.flat().map((part, index) => make("span", { className: index % 2 ? "" : "muted", textContent: part })));
    else tip.textContent = text;
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = x + 14 + width > innerWidth - 8 ? x - width - 14 : x + 14;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = Math.min(Math.max(8, y + 14), innerHeight - height - 8) + "px";
  };
  const hide = () => { tip.hidden = true; };

  const heads = [...document.querySelectorAll("#moments thead th")].map((cell) => cell.textContent);
  const moments = [...document.querySelectorAll("#moments tbody tr")].map((row) => ({
    from: Number(row.dataset.from),
    to: Number(row.dataset.to),
    says: [...row.cells].map((cell, index) => [heads[index], cell.textContent]).filter(([, text]) => text !== "–" && text !== "0"),
  }));

  for (const plot of document.querySelectorAll(".plot")) {
    // Its own tooltip would cover ours; the name stays.
    const title = plot.querySelector(":scope > title");
    plot.setAttribute("aria-label", title.textContent);
    plot.removeAttribute("aria-labelledby");
    plot.setAttribute("aria-describedby", title.id.replace(/name$/, "says"));
    title.remove();
    const points = [...plot.querySelectorAll(".point use")].map((use) => {
      const says = use.textContent;
      use.replaceChildren();
      return { x: Number.parseFloat(use.getAttribute("x")), y: Number(use.getAttribute("y")), says };
    });
    const top = Number(plot.dataset.top);
    const height = Number(plot.dataset.height);
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("y1", "0");
    cursor.setAttribute("y2", String(top + height));
    const clear = () => { cursor.remove(); hide(); };
    const read = (index, at) => {
      const moment = moments[index];
      if (!moment) return;
      const middle = (moment.from + moment.to) / 2;
      cursor.setAttribute("x1", middle + "%");
      cursor.setAttribute("x2", middle + "%");
      plot.append(cursor);
      const box = plot.getBoundingClientRect();
      show(moment.says, at ? at.clientX : box.left + (box.width * middle) / 100, at ? at.clientY : box.top + top);
    };
    plot.addEventListener("pointermove", (event) => {
      if (event.target.closest("a, .lane")) return clear();
      const box = plot.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 100;
      const y = event.clientY - box.top - top;
      const near = points
        .map((point) => ({ point, far: Math.hypot(((point.x - x) / 100) * box.width, point.y - y) }))
        .reduce((a, b) => (b.far < a.far ? b : a), { far: 9 });
      if (near.point) { cursor.remove(); show(near.point.says, event.clientX, event.clientY); return; }
      const index = moments.findIndex(({ from, to }) => x >= from && x < to);
      if (index < 0) clear();
      else read(index, event);
    });
    plot.addEventListener("pointerleave", clear);
    if (moments.length === 0) continue;
    let chosen = -1;
    plot.setAttribute("tabindex", "0");
    plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) read((chosen = Math.max(0, chosen))); });
    plot.addEventListener("blur", clear);
    plot.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 };
      if (event.key === "Escape") clear();
      if (!(event.key in steps) || event.target !== plot) return;
      event.preventDefault();
      chosen = Math.min(moments.length - 1, Math.max(0, chosen + steps[event.key]));
      read(chosen);
    });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  for (const link of document.querySelectorAll(".witnessed")) {
    const says = link.getAttribute("aria-label");
    link.querySelector("title").remove();
    const over = () => { const { right, top } = link.querySelector("circle").getBoundingClientRect(); show(says, right, top); };
    link.addEventListener("focus", over);
    link.addEventListener("pointerenter", over);
    link.addEventListener("blur", hide);
    link.addEventListener("pointerleave", hide);
  }

  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) target.open = true;
  };
  addEventListener("hashchange", open);
  open();

  let closed = [];
  addEventListener("beforeprint", () => {
    hide();
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of closed) details.open = false; });

  for (const table of document.querySelectorAll(".sortable")) {
    const valueOf = (row, column) => {
      const cell = row.cells[column];
      const text = cell.dataset.sort ?? cell.textContent.trim();
      return /^-?[\d.,]+$/.test(text) ? Number(text.replaceAll(",", "")) : text;
    };
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make("button", { type: "button", className: "sort", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "descending" || (head.getAttribute("aria-sort") === null && !head.classList.contains("number"));
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows].sort((a, b) => {
          const [x, y] = [valueOf(a, column), valueOf(b, column)];
          return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
        });
        table.tBodies[0].append(...rows);
      });
    });
  }

  for (const box of document.querySelectorAll(".copyable")) {
    const button = make("button", { type: "button", className: "copy", textContent: "Copy" });
    button.addEventListener("click", async () => {
      const code = box.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
    });
    box.append(button);
  }
})();
`;
