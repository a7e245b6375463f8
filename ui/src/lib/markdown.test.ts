import { expect, test } from 'vitest';
import { blocks, spans } from './markdown';

test('a model card falls into its parts', () => {
  const card =
    '# Wells\n\nTells **classes** apart\nby `crops`.\n\n- one\n- two\n  goes on\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode # kept\n```\n';
  expect(blocks(card).map((block) => block.kind)).toEqual(['heading', 'paragraph', 'list', 'table', 'code']);
  expect(blocks(card)[2]).toEqual({ kind: 'list', items: ['one', 'two goes on'] });
  expect(blocks(card)[3]).toEqual({ kind: 'table', head: ['a', 'b'], rows: [['1', '2']] });
});

test('markup is text and nothing more', () => {
  expect(spans('<img onerror=x> **a** `b`')).toEqual([
    { kind: 'text', text: '<img onerror=x> ' },
    { kind: 'bold', text: 'a' },
    { kind: 'text', text: ' ' },
    { kind: 'code', text: 'b' },
  ]);
});
