import * as z from 'zod';
import { Uuid } from './ids.ts';

/** Input of every list that pages: `cursor` is the `nextCursor` of the page before. */
export const pageInput = z.object({
  cursor: Uuid.optional(),
  limit: z.int().min(1).max(100).default(25),
});

/** Output of every list that pages. `nextCursor` is null on the last page. */
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: Uuid.nullable() });
