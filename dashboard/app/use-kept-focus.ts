import { type RefObject, useEffect } from 'react';

/**
 * Where what has the focus goes away, as a button does that has done its work, the nearest place around it that is still
 * there and has a tabindex takes the focus over, `content` at the latest. Else it would be lost to the whole document.
 */
export function useKeptFocus(content: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = content.current;
    if (element === null) return;
    // What has the focus, then what is around it.
    let places: readonly HTMLElement[] = [];
    const remember = (event: FocusEvent): void => {
      const path = event.composedPath().filter((place) => place instanceof HTMLElement);
      places = path.filter((place) => element.contains(place));
    };
    const observer = new MutationObserver(() => {
      if (places[0]?.isConnected !== false || document.activeElement !== document.body) return;
      places.find((place) => place.isConnected && place.hasAttribute('tabindex'))?.focus({ preventScroll: true });
    });
    element.addEventListener('focusin', remember);
    observer.observe(element, { childList: true, subtree: true });
    return () => {
      element.removeEventListener('focusin', remember);
      observer.disconnect();
    };
  }, [content]);
}
