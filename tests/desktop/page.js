// What a person sees in the window: elements by what they are and what they are called, never by class or id.
const page = (() => {
  const KINDS = {
    button: 'button, [role="button"], summary',
    link: 'a[href]',
    field: 'input:not([type="radio"]):not([type="checkbox"]):not([type="file"]), textarea, select',
    choice: 'input[type="radio"], input[type="checkbox"], [role="radio"], [role="switch"], [role="menuitemradio"]',
    tab: '[role="tab"]',
    well: '[role="gridcell"]',
    row: '[role="row"], tr',
    heading: 'h1, h2, h3',
    dialog: '[role="dialog"]',
    alert: '[role="alert"]',
  };
  const plain = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';

  /** What an element is called by who hears it: as its role says, its label, what it holds, its title. */
  function nameOf(element) {
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter(Boolean);
    const told = labelled.map((id) => plain(document.getElementById(id)?.textContent)).join(' ');
    const labels = [...(element.labels ?? [])].map((label) => plain(label.textContent)).join(' ');
    return (
      plain(element.getAttribute('aria-label')) || told || labels || plain(element.textContent) ||
      plain(element.getAttribute('title')) || plain(element.getAttribute('placeholder'))
    );
  }

  /** Those of a kind whose name is this, or else begins with it, or else holds it; in the dialog that is open alone. */
  function all(kind, name) {
    const dialogs = [...document.querySelectorAll('[role="dialog"]')].filter(shown);
    const within = (['dialog', 'alert'].includes(kind) ? null : dialogs.at(-1)) ?? document;
    const found = [...within.querySelectorAll(KINDS[kind])].filter(shown);
    const fits = [(own) => own === name, (own) => own.startsWith(name), (own) => own.includes(name)];
    for (const fit of fits) {
      const named = found.filter((element) => fit(nameOf(element)));
      if (named.length > 0) return named;
    }
    return [];
  }

  return {
    nameOf,
    all,
    find: (kind, name) => all(kind, name)[0] ?? null,
    names: (kind) => [...document.querySelectorAll(KINDS[kind])].filter(shown).map(nameOf),
    text: () => plain(document.body?.innerText),
    focused: () => nameOf(document.activeElement ?? document.body),
  };
})();
