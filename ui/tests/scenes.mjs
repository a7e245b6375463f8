// Every screen and every state of it that a picture is taken of. `t` gives the words of the language in use.
const button = (page, name) => page.getByRole('button', { name, exact: true }).first();
const RUN = (n) => `#/review/01a1ff89-run0-7000-8000-${n.toString(16).padStart(12, '0')}`;

export const SCENES = [
  { name: 'first-start', query: 'scene=first-start' },
  {
    name: 'first-start-hub',
    query: 'scene=first-start',
    async act(page) {
      await page.locator('summary').click();
      await page.locator('summary').scrollIntoViewIfNeeded();
    },
  },
  { name: 'broken', query: 'scene=broken' },
  { name: 'sign-in', query: 'scene=signed-out' },
  {
    name: 'sign-in-wrong',
    query: 'scene=signed-out',
    async act(page, t) {
      await page.locator('#username').fill('anong');
      await page.locator('#password').fill('wrong');
      await page
        .locator('form')
        .getByRole('button', { name: t('sign_in'), exact: true })
        .click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'bench', hash: '#/bench' },
  { name: 'bench-offline', query: 'offline', hash: '#/bench' },
  { name: 'bench-fenced', query: 'sync=fenced', hash: '#/bench' },
  { name: 'bench-viewer', query: 'as=visitor', hash: '#/bench' },
  { name: 'review', hash: RUN(411) },
  { name: 'review-no-number', hash: RUN(338 + 37) },
  {
    name: 'review-changed',
    hash: RUN(411),
    async act(page) {
      for (const key of ['Space', 'n', '3', 'n', '5']) {
        await page.keyboard.press(key);
        await page.waitForTimeout(60);
      }
      await page.getByRole('tab').nth(1).click();
    },
  },
  { name: 'review-history', hash: RUN(408), act: (page) => page.getByRole('tab').nth(2).click() },
  { name: 'review-failed', hash: RUN(384) },
  {
    name: 'review-why',
    hash: RUN(411),
    act: (page) => page.locator('main summary').first().click(),
  },
  { name: 'review-grid', hash: RUN(411), act: (page, t) => button(page, t('grid_adjust')).click() },
  { name: 'review-accept', hash: RUN(411), act: (page, t) => button(page, t('accept')).click() },
  { name: 'review-sign', hash: RUN(410), act: (page, t) => button(page, t('sign')).click() },
  { name: 'review-identity', hash: RUN(411), act: (page, t) => button(page, t('identity_change')).click() },
  { name: 'review-keys', hash: RUN(411), act: (page) => page.keyboard.press('?') },
  { name: 'runs', hash: '#/runs' },
  { name: 'runs-none', hash: '#/runs', act: (page) => page.locator('input[type=search]').fill('no such plate') },
  { name: 'samples', hash: '#/samples' },
  { name: 'sample', hash: '#/sample/NDV-26-1107-18' },
  { name: 'sample-file', hash: '#/sample/NDV-26-1107-18', act: (page, t) => button(page, t('file_make')).click() },
  { name: 'files', hash: '#/files' },
  { name: 'file', hash: '#/files', act: (page) => page.locator('[role=row][aria-rowindex="5"]').click() },
  { name: 'sync', hash: '#/sync' },
  { name: 'sync-none', query: 'sync=not-enrolled', hash: '#/sync' },
  {
    name: 'sync-join-refused',
    query: 'sync=not-enrolled',
    hash: '#/sync',
    async act(page, t) {
      await page.getByLabel(t('join_url')).fill('https://hub.vetlab.example');
      await page.getByLabel(t('join_code')).fill('OLD-CODE');
      await button(page, t('join_go')).click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'sync-going', query: 'sync=syncing', hash: '#/sync' },
  { name: 'sync-offline', query: 'sync=waiting', hash: '#/sync' },
  { name: 'sync-paused', query: 'sync=paused', hash: '#/sync' },
  { name: 'sync-pause', hash: '#/sync', act: (page, t) => button(page, t('sync_pause')).click() },
  { name: 'sync-rejected', query: 'sync=rejected', hash: '#/sync' },
  { name: 'sync-fenced', query: 'sync=fenced', hash: '#/sync' },
  {
    name: 'sync-takeover',
    query: 'sync=fenced',
    hash: '#/sync',
    act: (page, t) => button(page, t('takeover')).click(),
  },
  { name: 'sync-revoked', query: 'sync=revoked', hash: '#/sync' },
  { name: 'sync-viewer', query: 'sync=paused&as=visitor', hash: '#/sync' },
  { name: 'sync-record', hash: '#/sync', act: (page) => page.locator('[role=row][aria-rowindex="4"]').click() },
  { name: 'assays', hash: '#/assays' },
  { name: 'assay', hash: '#/assay/mic@1' },
  { name: 'assay-theirs', hash: '#/assay/lab-hi@3' },
  {
    name: 'assay-edit',
    hash: '#/assay/hi@1',
    async act(page, t) {
      await button(page, t('assay_copy')).click();
      await page.locator('main [role=radiogroup] label').nth(2).click();
      const box = (well) => page.locator(`[data-paint="${well}"]`).boundingBox();
      const [from, to] = [await box('G1'), await box('G11')];
      await page.mouse.move(from.x + 10, from.y + 10);
      await page.mouse.down();
      await page.mouse.move(to.x + 10, to.y + 10, { steps: 30 });
      await page.mouse.up();
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'assay-faulty',
    hash: '#/assay/hi@1',
    async act(page, t) {
      await button(page, t('assay_copy')).click();
      const text = await page.locator('textarea').inputValue();
      await page.locator('textarea').fill(text.replace('start = 2', 'start = 0'));
      await page.waitForTimeout(400);
    },
  },
  { name: 'models', hash: '#/models' },
  {
    name: 'models-trial',
    hash: '#/models',
    async act(page, t) {
      await button(page, t('model_trial').replace('{n}', '50')).click();
      await page.locator('[data-trial]').waitFor();
      await page.locator('[data-trial]').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'models-trying',
    query: 'slow',
    hash: '#/models',
    act: (page, t) => button(page, t('model_trial').replace('{n}', '50')).click(),
  },
  { name: 'model-add', hash: '#/models', act: (page, t) => button(page, t('model_add')).click() },
  { name: 'people', hash: '#/people' },
  { name: 'person-new', hash: '#/people', act: (page, t) => button(page, t('person_new')).click() },
  {
    name: 'person-roles',
    hash: '#/people',
    act: (page, t) => button(page, t('person_roles')).click(),
  },
  {
    name: 'audit',
    hash: '#/audit',
    async act(page, t) {
      await button(page, t('verify')).click();
      await page.locator('main [role=status]').waitFor();
    },
  },
  { name: 'settings', hash: '#/settings' },
  {
    name: 'settings-restore',
    hash: '#/settings',
    act: (page, t) => button(page, t('restore')).click(),
  },
  {
    name: 'setting',
    hash: '#/settings',
    act: (page, t) => button(page, t('setting_change').replace('{name}', t('set_rest'))).click(),
  },
  { name: 'help', hash: '#/help/review' },
  { name: 'diagnostics', hash: '#/diagnostics' },
];
