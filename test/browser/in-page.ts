/** What is looked at inside of a page. It runs in the browser, as text: here is no DOM for the compiler to know. */

/** Elements whose content is cut off by a box that does not scroll, and boxes wider than the page. */
export const clipped = `(() => {
  const found = [];
  const page = document.documentElement.clientWidth;
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.position === "absolute" || element.closest(".hidden, .skip, .sprite")) continue;
    const isCut = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    if (isCut && style.textOverflow !== "ellipsis" && !element.closest("svg")) found.push(element.className + " is cut");
    const { right } = element.getBoundingClientRect();
    if (right > page + 1 && !element.closest("foreignObject")) found.push(element.tagName + "." + element.getAttribute("class") + " ends at " + right);
  }
  return [...new Set(found)];
})()`;

/** Text that cannot be read well on what is behind it. */
export const lowContrast = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || !element.checkVisibility() || element.closest("title, desc, script, style, defs, .hidden, .skip")) continue;
    const style = getComputedStyle(element);
    const isSvg = element.namespaceURI.endsWith("svg");
    let ground = behind(element);
    // A letter stands on its lane, a number on its pin.
    const on = element.matches(".letter") ? element.parentElement.querySelector(".lane:not(.unseen)") : element.matches(".pin-number") ? element.parentElement.querySelector(".pin") : null;
    if (on) ground = over(rgba(getComputedStyle(on).fill), ground);
    const colour = over(rgba(isSvg ? style.fill : style.color), ground);
    const [a, b] = [light(colour), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(element.className.baseVal ?? element.className, node.data.trim().slice(0, 40), ratio.toFixed(2));
  }
  return found;
})()`;

/** Marks of charts that are hard to see: 3:1 against the page is what drawings need. */
export const faintMarks = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  };
  const page = light(getComputedStyle(document.documentElement).backgroundColor);
  const found = [];
  for (const [selector, property] of [[".fill.ok", "fill"], [".fill.failed", "fill"], [".fill.unknown", "fill"], [".fill.not-run", "fill"],
    [".point.failed", "fill"], [".point.unknown", "fill"], [".line.p50", "stroke"], [".line.attempts", "stroke"], [".line.exchanges", "stroke"],
    [".event", "stroke"], [".lane", "stroke"], [".pin", "fill"], [".ratio", "fill"]]) {
    for (const element of document.querySelectorAll(selector)) {
      const own = light(getComputedStyle(element)[property]);
      const ratio = (Math.max(own, page) + 0.05) / (Math.min(own, page) + 0.05);
      if (ratio < 3) found.push(selector + " " + ratio.toFixed(2));
    }
  }
  return [...new Set(found)];
})()`;

/** Labels of one axis that lie over each other. */
export const overlappingLabels = `(() => {
  const found = [];
  for (const axis of document.querySelectorAll(".axis, .ys, .story-table thead svg")) {
    const boxes = [...axis.querySelectorAll("text:not(.letter)")].filter((text) => text.checkVisibility()).map((text) => ({ text, box: text.getBoundingClientRect() }));
    for (const [index, { text, box }] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        const apart = box.right <= other.box.left || other.box.right <= box.left || box.bottom <= other.box.top + 3 || other.box.bottom <= box.top + 3;
        if (!apart) found.push(text.textContent + " over " + other.text.textContent);
      }
    }
  }
  return found;
})()`;

/** Controls and pictures that a screen reader cannot call by a name. */
export const nameless = `[...document.querySelectorAll("a, button, img, [role=img], [role=group], [role=region], summary, svg:not(svg svg)")]
  .filter((element) => element.getAttribute("aria-hidden") !== "true" && !element.closest("[aria-hidden=true]"))
  .filter((element) => {
    const by = element.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
    return ((element.getAttribute("aria-label") ?? by ?? element.textContent) || "").trim() === "";
  })
  .map((element) => element.outerHTML.slice(0, 80))`;
