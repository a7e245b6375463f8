import { expect, test } from 'vitest';
import ha from '../../../assays/ha.toml?raw';
import hi from '../../../assays/hi.toml?raw';
import mic from '../../../assays/mic.toml?raw';
import qualitative from '../../../assays/qualitative.toml?raw';
import rust from '../../../crates/station/src/annotate/legend.rs?raw';
import { classesOf } from './api/scripted/assays';
import { legend } from './looks';

test.each([ha, hi, mic, qualitative])('the classes of every shipped assay differ in letter and shape', (text) => {
  const looks = [...legend(Object.keys(classesOf(text))).values()];
  expect(new Set(looks.map((look) => look.letter)).size, 'one letter a class').toBe(looks.length);
  expect(new Set(looks.map((look) => look.shape)).size, 'one shape a class, since colour alone is not enough').toBe(
    looks.length,
  );
});

test('a class looks in the window as it does in the annotated picture', () => {
  const told = [...rust.matchAll(/"([\w-]+)" => look\('(.)', Shape::(\w+),/g)];
  expect(told.length, 'the legend of the pictures could be read').toBeGreaterThan(8);
  for (const [, name = '', letter, shape = ''] of told) {
    const look = legend([name]).get(name);
    expect(look?.letter, name).toBe(letter);
    expect(look?.shape, name).toBe(shape.toLowerCase());
  }
});

test("a laboratory's own classes get letters of their own", () => {
  const looks = legend(['teardrop', 'torn', 'button']);
  expect(looks.get('torn')?.letter, "T is the tear-drop's, so the next letter").toBe('O');
});
