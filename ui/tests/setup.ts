import { vi } from 'vitest';

// What a browser has and jsdom lacks. Sizes are zero there, so nothing tests layout; the screens' own test does.
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
vi.stubGlobal('ResizeObserver', NoObserver);
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
Element.prototype.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};
// Plates are painted in a real browser alone.
HTMLCanvasElement.prototype.getContext = () => null;
