// SPDX-License-Identifier: MIT
// Place: what stands where something is to come: loading, nothing yet, or what
// went wrong and a way to try again.
interface PlaceProps {
  state: 'idle' | 'loading' | 'ready' | 'error';
  isEmpty: boolean;
  empty: string;
  problem?: string;
  again?: () => void;
}

export function Place({ state, isEmpty, empty, problem = '', again }: PlaceProps) {
  if (state === 'error') {
    return (
      <div className="place" data-state="error">
        <span role="alert">{problem}</span>
        {again && <button type="button" className="small" onClick={again}>Try again</button>}
      </div>
    );
  }
  if (!isEmpty) return null;
  const isLoading = state !== 'ready';
  return (
    <div className="place" data-state={isLoading ? 'loading' : 'empty'}>
      <span role="status">{isLoading ? 'Loading…' : empty}</span>
    </div>
  );
}
