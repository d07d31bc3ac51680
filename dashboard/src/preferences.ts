/** What this browser remembers: language, colours and the chosen camera. */

import { useState } from "preact/hooks";

const PREFIX = "lanewatch.";

function recall(key: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + key);
  } catch {
    return null; // storage may be forbidden: then nothing is remembered
  }
}

function remember(key: string, value: string): void {
  try {
    window.localStorage.setItem(PREFIX + key, value);
  } catch {
    // as above
  }
}

/** A choice that outlives the page; `initial` gets what was remembered, or null. */
export function useRemembered<T extends string>(
  key: string,
  initial: (remembered: string | null) => T,
): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => initial(recall(key)));
  const choose = (next: T): void => {
    remember(key, next);
    setValue(next);
  };
  return [value, choose];
}
