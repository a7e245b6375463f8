// What is looked at in the page itself. Runs in the browser, so it uses nothing from outside.

/** Text that is cut off, controls that lie over each other, words left in English, targets too small for a glove. */
export function look({ english, gloves }) {
  const found = [];
  const seen = (el) => {
    const box = el.getBoundingClientRect();
    const style = getComputedStyle(el);
    return box.width > 1 && box.height > 1 && style.visibility !== 'hidden' && style.opacity !== '0';
  };
  const named = (el) =>
    `${el.tagName.toLowerCase()}.${[...el.classList].slice(0, 3).join('.')} "${el.textContent.trim().slice(0, 50)}"`;
  const words = (el) => [...el.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const modal = document.querySelector('[role=dialog]');
  const root = modal ?? document.body;

  for (const el of root.querySelectorAll('*')) {
    if (!seen(el) || el.closest('.heard, svg, [data-well]')) continue;
    const style = getComputedStyle(el);
    if (words(el) && style.display !== 'inline') {
      // A list's cells may shorten what is too long; the page behind the row holds the whole.
      const shortens = style.textOverflow === 'ellipsis' && el.closest('[role=gridcell], [title], li a');
      const scrolls = /auto|scroll/.test(style.overflowX);
      if (el.scrollWidth > el.clientWidth + 1 && !scrolls && !shortens) found.push(`cut off: ${named(el)}`);
      const clips = style.overflowY === 'hidden' || style.overflowY === 'clip';
      if (clips && style.textOverflow !== 'ellipsis' && el.scrollHeight > el.clientHeight + 3)
        found.push(`cut below: ${named(el)}`);
    }
    const box = el.getBoundingClientRect();
    const scroller = el.parentElement?.closest('pre, .overflow-x-auto, .overflow-auto');
    if (words(el) && !scroller && (box.right > innerWidth + 1 || box.left < -1)) found.push(`outside: ${named(el)}`);
  }

  const controls = [...root.querySelectorAll('button, a, input, select, textarea')].filter(
    (el) => seen(el) && !el.closest('.heard') && el.offsetParent !== null && !el.matches('.heard, a[href="#content"]'),
  );
  // A scrolled list goes under its frame, so of each control only what its frames leave in sight counts.
  const inSight = (el) => {
    let { left, top, right, bottom } = el.getBoundingClientRect();
    for (let frame = el.parentElement; frame; frame = frame.parentElement) {
      if (getComputedStyle(frame).overflow === 'visible') continue;
      const box = frame.getBoundingClientRect();
      [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
      [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const boxes = controls.map((el) => [el, inSight(el)]);
  for (const [n, [a, x]] of boxes.entries()) {
    for (const [b, y] of boxes.slice(n + 1)) {
      if (a.contains(b) || b.contains(a)) continue;
      const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left);
      const high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
      if (wide < 4 || high < 4) continue;
      const at = document.elementFromPoint(
        (Math.max(x.left, y.left) + Math.min(x.right, y.right)) / 2,
        (Math.max(x.top, y.top) + Math.min(x.bottom, y.bottom)) / 2,
      );
      if (at && (a.contains(at) || b.contains(at))) found.push(`over each other: ${named(a)} and ${named(b)}`);
    }
  }

  if (gloves) {
    // A radio or a checkbox is hit through its label; a well is also reached by arrows and by its row's crop.
    const targets = [...root.querySelectorAll('button, a, select, textarea, summary, label:has(input), input')].filter(
      (el) =>
        seen(el) && !el.matches('.heard, a[href="#content"], label input, [data-well]') && el.offsetParent !== null,
    );
    for (const el of targets) {
      const { width, height } = el.getBoundingClientRect();
      if (width < 55.5 || height < 55.5)
        found.push(`small target ${Math.round(width)}x${Math.round(height)}: ${named(el)}`);
    }
  }

  if (english) {
    const known = new Set(english);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      if (known.has(text) && !walker.currentNode.parentElement.closest('[lang=en]:not(html)'))
        found.push(`in English: "${text}"`);
    }
    for (const el of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      for (const name of ['aria-label', 'title', 'placeholder']) {
        if (known.has(el.getAttribute(name))) found.push(`in English: ${name} "${el.getAttribute(name)}"`);
      }
    }
  }
  return [...new Set(found)];
}
