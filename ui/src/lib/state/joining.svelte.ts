import * as commands from '../api/commands';
import { Fault } from '../api/backend';
import { m } from '../paraglide/messages';
import { station } from './station.svelte';
import { toasts } from './toasts.svelte';

/** Joining a headquarters: begun on one screen, it may end while somebody is on another. */
class Joining {
  /** What was typed, so that it is there for another try. */
  url = $state('');
  code = $state('');
  busy = $state(false);
  fault = $state.raw<Fault | null>(null);

  /** Whether it went well. A hub that does not answer is given up by the station itself. */
  async join(): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.fault = null;
    try {
      const sync = await commands.enrol(this.url.trim(), this.code.trim());
      this.code = '';
      toasts.done(m.join_done({ org: sync.enrolled?.org_name ?? '' }));
      return true;
    } catch (thrown) {
      this.fault = Fault.of(thrown);
      return false;
    } finally {
      this.busy = false;
      await station.refreshSync();
    }
  }

  /** What is missing before it can be tried; empty when nothing is. */
  get missing(): string {
    if (this.url.trim() === '') return m.join_need_url();
    return this.code.trim() === '' ? m.join_need_code() : '';
  }

  /** Whether anything was typed. */
  get isWanted(): boolean {
    return this.url.trim() !== '' || this.code.trim() !== '';
  }

  /** What one person typed and was told is not shown to the next. */
  forget(): void {
    [this.url, this.code, this.fault] = ['', '', null];
  }
}

export const joining = new Joining();
