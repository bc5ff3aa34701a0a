/*
 * store.ts - lets a view follow the state.
 */
import { useEffect, useState } from 'preact/hooks';
import { now, watch, type State } from '../app/state';

export function useStore<T>(pick: (s: State) => T): T {
  const [value, setValue] = useState(() => pick(now()));
  useEffect(() => {
    const look = () => setValue(() => pick(now()));
    look();
    return watch(look);
  }, []);
  return value;
}
