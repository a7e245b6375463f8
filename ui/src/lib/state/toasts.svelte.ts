import { Fault } from '../api/backend';
import { faultSentence } from '../words';

export interface Toast {
  id: number;
  kind: 'done' | 'note' | 'fault';
  text: string;
  fault: Fault | null;
  undo: (() => void) | null;
}

const STAYS_MS = 6_000;
/** More at once hides the work; the oldest goes. */
const MOST = 4;

class Toasts {
  shown = $state<Toast[]>([]);
  #next = 1;

  done(text: string, undo: (() => void) | null = null): void {
    this.#show({ kind: 'done', text, fault: null, undo }, STAYS_MS);
  }

  note(text: string): void {
    this.#show({ kind: 'note', text, fault: null, undo: null }, STAYS_MS);
  }

  /** A fault stays until somebody has closed it. */
  fault(thrown: unknown): void {
    const fault = Fault.of(thrown);
    // Who stopped something knows it already.
    if (fault.code === 'cancelled') return this.note(faultSentence(fault.code));
    this.#show({ kind: 'fault', text: '', fault, undo: null }, null);
  }

  close(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  #show(toast: Omit<Toast, 'id'>, staysMs: number | null): void {
    const id = this.#next++;
    this.shown = [...this.shown.slice(1 - MOST), { ...toast, id }];
    if (staysMs !== null) setTimeout(() => this.close(id), staysMs);
  }
}

export const toasts = new Toasts();
