import * as commands from '../api/commands';
import { m } from '../paraglide/messages';
import { tasks } from './tasks.svelte';
import { toasts } from './toasts.svelte';

/** Asks where to, and makes a bundle for whoever is to help. */
export async function makeBundle(): Promise<void> {
  try {
    const path = await commands.pickSave('wellread-diagnostics.zip');
    if (path === null) return;
    await tasks.run('bundle', () => commands.makeBundle(path));
    toasts.done(m.bundle_done({ path }));
  } catch (thrown) {
    toasts.fault(thrown);
  }
}
