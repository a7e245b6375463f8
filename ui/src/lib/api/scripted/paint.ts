import { chance } from './chance';
import { PICTURE, wellsOf } from './plates';

type Pen = CanvasRenderingContext2D;

/** Paints the photograph of a plate, and gives it as an address that an image can show. */
export function photograph(seed: number, doubtful: number): string {
  const canvas = document.createElement('canvas');
  canvas.width = PICTURE.width;
  canvas.height = PICTURE.height;
  const pen = canvas.getContext('2d');
  if (!pen) return '';
  const draw = chance(seed + 3);
  bench(pen);
  const wells = wellsOf(seed, doubtful);
  for (const {
    center_px: [x, y],
    class: name,
    confidence,
  } of wells)
    well(pen, x, y, name, confidence < 0.8, draw);
  shade(pen);
  return canvas.toDataURL('image/jpeg', 0.86);
}

function bench(pen: Pen): void {
  pen.fillStyle = '#31383c';
  pen.fillRect(0, 0, PICTURE.width, PICTURE.height);
  pen.save();
  pen.shadowColor = 'rgba(0,0,0,0.5)';
  pen.shadowBlur = 40;
  pen.fillStyle = '#dfe4e3';
  pen.beginPath();
  pen.roundRect(52, 50, PICTURE.width - 100, PICTURE.height - 100, 26);
  pen.fill();
  pen.restore();
  pen.strokeStyle = 'rgba(255,255,255,0.8)';
  pen.lineWidth = 5;
  pen.beginPath();
  pen.roundRect(66, 64, PICTURE.width - 128, PICTURE.height - 128, 20);
  pen.stroke();
}

function well(pen: Pen, x: number, y: number, name: string, unsure: boolean, draw: () => number): void {
  const r = 42;
  const floor = pen.createRadialGradient(x - 8, y - 10, 4, x, y, r);
  floor.addColorStop(0, '#f4efec');
  floor.addColorStop(0.85, '#e3dbd8');
  floor.addColorStop(1, '#b9b9b9');
  pen.fillStyle = floor;
  disc(pen, x, y, r);
  pen.strokeStyle = 'rgba(90,98,100,0.55)';
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(x, y, r, 0, 7);
  pen.stroke();
  cells(pen, x + (draw() - 0.5) * 4, y + (draw() - 0.5) * 4, name, unsure, draw);
  pen.strokeStyle = 'rgba(255,255,255,0.75)';
  pen.lineWidth = 3;
  pen.beginPath();
  pen.arc(x, y, r - 5, 3.6, 4.7);
  pen.stroke();
}

/** The red cells, as they lie in a well of this class; in a doubtful well the shape is half way to another. */
function cells(pen: Pen, x: number, y: number, name: string, unsure: boolean, draw: () => number): void {
  const red = `rgba(${140 + draw() * 20},${28 + draw() * 12},${34 + draw() * 12},`;
  const blob = (cx: number, cy: number, r: number, strength: number) => {
    const paint = pen.createRadialGradient(cx, cy, r * 0.2, cx, cy, r);
    paint.addColorStop(0, `${red}${strength})`);
    paint.addColorStop(0.75, `${red}${strength * 0.85})`);
    paint.addColorStop(1, `${red}0)`);
    pen.fillStyle = paint;
    disc(pen, cx, cy, r);
  };
  if (name === 'teardrop') {
    const length = unsure ? 10 : 17 + draw() * 6;
    for (let n = 0; n < 9; n += 1) blob(x, y - 3 + (n / 8) * length, 11 - n * 0.95, 0.75);
    blob(x, y - 3, 13, 0.95);
  } else if (name === 'button') blob(x, y + (unsure ? 3 : 0), unsure ? 17 : 13, 0.95);
  else if (name === 'ring') {
    pen.strokeStyle = `${red}0.8)`;
    pen.lineWidth = unsure ? 11 : 6.5;
    pen.beginPath();
    pen.arc(x, y, 12.5, 0, 7);
    pen.stroke();
    blob(x, y, 15, 0.25);
  } else if (name === 'mat') {
    blob(x, y, 38, unsure ? 0.3 : 0.46);
    for (let n = 0; n < 24; n += 1) blob(x + (draw() - 0.5) * 48, y + (draw() - 0.5) * 48, 6, 0.22);
  }
}

function disc(pen: Pen, x: number, y: number, r: number): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, 7);
  pen.fill();
}

/** Light falls off towards a corner, as under every lamp. */
function shade(pen: Pen): void {
  const light = pen.createLinearGradient(0, 0, PICTURE.width, PICTURE.height);
  light.addColorStop(0, 'rgba(255,250,235,0.10)');
  light.addColorStop(1, 'rgba(10,16,24,0.22)');
  pen.fillStyle = light;
  pen.fillRect(0, 0, PICTURE.width, PICTURE.height);
}
