import { expect, it } from 'vitest';
import { sideBySide } from '../../../src/lib/side-by-side.ts';

it('takes each item once, in order, never more at a time than it is told', async () => {
  const begun: number[] = [];
  let atOnce = 0;
  let most = 0;
  await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    begun.push(item);
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((done) => setTimeout(done, item % 3));
    atOnce -= 1;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('throws what the work throws', async () => {
  await expect(sideBySide([1, 2], 2, async (item) => Promise.reject(new Error(String(item))))).rejects.toThrow('1');
});
