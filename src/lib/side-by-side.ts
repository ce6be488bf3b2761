/** Works items off in their order, at most `width` at a time. @throws what `work` throws; the others go on by then */
export async function sideBySide<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  // All lanes draw from one iterator, so each item is taken once.
  const lane = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
