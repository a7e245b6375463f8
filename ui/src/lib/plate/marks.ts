import { SHAPES, type Drawing, type Look } from '../looks';

/** What is drawn around and under a well, in pixels of the window. */
export interface Mark {
  x: number;
  y: number;
  look: Look;
  doubtful: boolean;
  /** Whether a person has said what it shows. */
  decided: boolean;
  unused: boolean;
}

/** The name of a row or a column. */
export interface Name {
  x: number;
  y: number;
  text: string;
}

const DARK = '#1c1f24';
const QUESTION = '#ffd23f';
/** A pencil, on a field of 20; drawn, because most fonts have none. */
const PENCIL = 'M2 18l1.2-5.6L13.8 1.8l4.4 4.4L7.6 16.8z';
/** Below so many pixels from well to well a glyph cannot be told from another, and then a name cannot be read. */
const GLYPHS_FROM = 30;
const NAMES_FROM = 14;
/** How far a mark reaches from the centre of its well, in pitches. */
const REACH = 0.66;

let known = '';
/** The window's own fonts; asked for once, because asking lays the page out. */
const family = (): string => (known ||= getComputedStyle(document.body).fontFamily);

const same = (a: Mark, b: Mark | undefined): boolean =>
  a.x === b?.x &&
  a.y === b.y &&
  a.look.shape === b.look.shape &&
  a.look.color === b.look.color &&
  a.doubtful === b.doubtful &&
  a.decided === b.decided &&
  a.unused === b.unused;

/** The marks that are no longer as they are drawn; `null` if all are to be drawn anew. */
export function changed(drawn: Mark[], now: Mark[]): Mark[] | null {
  if (drawn.length !== now.length) return null;
  const other = now.filter((mark, n) => !same(mark, drawn[n]));
  const moved = other.some((mark) => !drawn.some((before) => before.x === mark.x && before.y === mark.y));
  return moved || other.length > now.length / 4 ? null : other;
}

/** Draws everything. */
export function drawAll(context: CanvasRenderingContext2D, marks: Mark[], names: Name[], pitch: number): void {
  if (pitch >= NAMES_FROM) for (const name of names) drawName(context, name, pitch);
  for (const mark of marks) drawMark(context, mark, pitch);
}

/** Draws one mark anew, and what of its neighbours lies in its place. */
export function drawAgain(
  context: CanvasRenderingContext2D,
  mark: Mark,
  marks: Mark[],
  names: Name[],
  pitch: number,
): void {
  const reach = REACH * pitch;
  const near = ({ x, y }: { x: number; y: number }) =>
    Math.abs(x - mark.x) < 2 * reach && Math.abs(y - mark.y) < 2 * reach;
  context.save();
  context.beginPath();
  context.rect(mark.x - reach, mark.y - reach, 2 * reach, 2 * reach);
  context.clip();
  context.clearRect(mark.x - reach, mark.y - reach, 2 * reach, 2 * reach);
  drawAll(context, marks.filter(near), names.filter(near), pitch);
  context.restore();
}

function drawMark(context: CanvasRenderingContext2D, mark: Mark, pitch: number): void {
  context.globalAlpha = mark.unused ? 0.45 : 1;
  drawRing(context, mark, pitch);
  if (pitch >= GLYPHS_FROM) drawTag(context, mark, pitch);
  context.globalAlpha = 1;
}

/** In the colour of what the well shows, dark beside it on both sides so that it is seen on any plate. */
function drawRing(context: CanvasRenderingContext2D, { x, y, look, doubtful }: Mark, pitch: number): void {
  const wide = doubtful ? Math.max(2, pitch * 0.055) : Math.max(1.5, pitch * 0.035);
  // While the window is being laid out a plate may be a few pixels small, and a circle of less than nothing is an error.
  const radius = Math.max(0, pitch * 0.41 - wide / 2);
  const ring = () => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  };
  context.strokeStyle = DARK;
  context.lineWidth = wide + 2;
  ring();
  context.strokeStyle = look.color;
  context.lineWidth = wide;
  if (doubtful) context.setLineDash([2 * wide, 2 * wide]);
  ring();
  context.setLineDash([]);
}

/** Half under the well, so that what lies in it stays in sight. */
function drawTag(context: CanvasRenderingContext2D, mark: Mark, pitch: number): void {
  const high = pitch * 0.3;
  const glyph = pitch * 0.23;
  const sign = mark.doubtful || mark.decided ? pitch * 0.2 : 0;
  const wide = Math.max(pitch * 0.36, glyph + sign + pitch * 0.1);
  const [left, top] = [mark.x - wide / 2, mark.y + pitch * 0.63 - high];
  context.fillStyle = DARK;
  context.beginPath();
  context.roundRect(left, top, wide, high, pitch * 0.08);
  context.fill();
  const at = mark.x - (glyph + sign) / 2;
  drawShape(context, SHAPES[mark.look.shape], mark.look.color, at, top + (high - glyph) / 2, glyph);
  const beside = at + glyph + sign / 2;
  if (mark.doubtful) {
    context.font = `600 ${pitch * 0.26}px ${family()}`;
    context.fillStyle = QUESTION;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText('?', beside, top + high / 2);
  } else if (mark.decided) {
    const side = pitch * 0.17;
    drawShape(context, { path: PENCIL }, '#ffffff', beside - side / 2, top + (high - side) / 2, side);
  }
}

function drawShape(
  context: CanvasRenderingContext2D,
  { path, stroke }: Drawing,
  color: string,
  left: number,
  top: number,
  side: number,
): void {
  context.save();
  context.translate(left, top);
  context.scale(side / 20, side / 20);
  if (stroke) {
    context.strokeStyle = color;
    context.lineWidth = stroke;
    context.stroke(new Path2D(path));
  } else {
    context.fillStyle = color;
    context.fill(new Path2D(path));
  }
  context.restore();
}

function drawName(context: CanvasRenderingContext2D, { x, y, text }: Name, pitch: number): void {
  const size = Math.min(18, Math.max(11, pitch * 0.27));
  context.font = `600 ${size}px ${family()}`;
  const wide = context.measureText(text).width + 0.7 * size;
  const high = 1.35 * size;
  context.fillStyle = DARK;
  context.beginPath();
  context.roundRect(x - wide / 2, y - high / 2, wide, high, 4);
  context.fill();
  context.fillStyle = '#ffffff';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(text, x, y);
}
