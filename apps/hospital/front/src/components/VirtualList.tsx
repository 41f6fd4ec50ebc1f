// SPDX-License-Identifier: MIT
// VirtualList: a list of any length of which the page holds what is seen. Rows
// are equally high, in rem, so that they follow the reader's letters. What
// comes on top does not move what is being read.
import {
  useCallback, useLayoutEffect, useRef, useState, type FocusEvent, type ReactNode, type UIEvent,
} from 'react';

interface VirtualListProps<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  rowRem: number;
  label: string;
  children: (item: T) => ReactNode;
}

const more = 4; // rows above and below those that are seen

const remPx = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;

export function VirtualList<T>({ items, keyOf, rowRem, label, children }: VirtualListProps<T>) {
  const box = useRef<HTMLUListElement>(null);
  const topKey = useRef<string | null>(null); // of the row that is uppermost
  const [view, setView] = useState({ top: 0, height: 600, row: rowRem * 16 });
  const [focused, setFocused] = useState<string | null>(null);

  const measure = useCallback(() => {
    const node = box.current;
    if (node) setView({ top: node.scrollTop, height: node.clientHeight, row: rowRem * remPx() });
  }, [rowRem]);

  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [measure]);

  // At the top new rows push the others down; further below they stay.
  useLayoutEffect(() => {
    const node = box.current!;
    const at = Math.floor(node.scrollTop / view.row);
    const wanted = topKey.current;
    const there = items[at];
    if (node.scrollTop > view.row / 2 && wanted !== null && there && keyOf(there) !== wanted) {
      const index = items.findIndex((item) => keyOf(item) === wanted);
      if (index >= 0) node.scrollTop += (index - at) * view.row;
    }
    const now = items[Math.floor(node.scrollTop / view.row)];
    topKey.current = now ? keyOf(now) : null;
  }, [items, keyOf, view.row]);

  const onScroll = (event: UIEvent<HTMLUListElement>) => {
    const { scrollTop } = event.currentTarget;
    const now = items[Math.floor(scrollTop / view.row)];
    topKey.current = now ? keyOf(now) : null;
    setView((old) => ({ ...old, top: scrollTop }));
  };

  const onFocus = (event: FocusEvent) => {
    setFocused((event.target as HTMLElement).closest('li')?.dataset.key ?? null);
  };

  const first = Math.max(0, Math.floor(view.top / view.row) - more);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / view.row) + more);
  const shown: number[] = [];
  for (let index = first; index < last; index += 1) shown.push(index);
  // What has the focus stays, also when it is out of sight.
  const held = focused === null ? -1 : items.findIndex((item) => keyOf(item) === focused);
  if (held >= 0 && (held < first || held >= last)) shown.push(held);

  return (
    <ul ref={box} className="virtual" aria-label={label} tabIndex={0} onScroll={onScroll} onFocus={onFocus} onBlur={() => setFocused(null)}>
      <li className="virtual-length" aria-hidden="true" style={{ height: items.length * view.row }} />
      {shown.map((index) => {
        const item = items[index]!;
        const key = keyOf(item);
        return (
          <li key={key} data-key={key} aria-setsize={items.length} aria-posinset={index + 1}
            style={{ height: view.row, transform: `translateY(${index * view.row}px)` }}>
            {children(item)}
          </li>
        );
      })}
    </ul>
  );
}
