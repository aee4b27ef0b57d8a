import { type RefObject, useEffect } from "react";

/** Where what had the focus stood: its parents up to the page, each with the place of what led to it. */
type Trail = { at: Element; parents: { parent: Element; place: number }[] };

/**
 * Keeps the focus in the page when what had it goes, as a row that was decided of: then the row that took its place gets
 * it, or what says data-takes-focus, or the page's title.
 */
export function useKeptFocus(page: RefObject<HTMLElement | null>) {
  useEffect(() => {
    const root = page.current;
    if (!root) return;
    let trail: Trail | undefined;
    const onFocus = ({ target }: FocusEvent) => {
      trail = target instanceof Element ? trailOf(target, root) : undefined;
    };
    const onBlur = () =>
      setTimeout(() => {
        if (trail?.at.isConnected && nothingFocused()) trail = undefined; // the person left it
      });
    const observer = new MutationObserver(() => {
      if (!trail || trail.at.isConnected || !nothingFocused()) return;
      const next = successor(trail, root);
      trail = undefined;
      next?.focus();
    });
    root.addEventListener("focusin", onFocus);
    root.addEventListener("focusout", onBlur);
    observer.observe(root, { childList: true, subtree: true });
    return () => {
      root.removeEventListener("focusin", onFocus);
      root.removeEventListener("focusout", onBlur);
      observer.disconnect();
    };
  }, [page]);
}

const nothingFocused = () => document.activeElement === null || document.activeElement === document.body;

function trailOf(at: Element, root: Element): Trail {
  const parents: Trail["parents"] = [];
  for (let child = at; child !== root && child.parentElement; child = child.parentElement) {
    parents.push({ parent: child.parentElement, place: [...child.parentElement.children].indexOf(child) });
  }
  return { at, parents };
}

/** What gets the focus of something that is gone. */
function successor({ parents }: Trail, root: Element): HTMLElement | null {
  for (const { parent, place } of parents) {
    const rows = parent.children;
    if (!parent.isConnected || !parent.matches("tbody, ul, ol") || rows.length === 0) continue;
    const row = rows[Math.min(place, rows.length - 1)];
    const control = row?.querySelector<HTMLElement>("button") ?? row?.querySelector<HTMLElement>("a[href]");
    if (control) return control;
  }
  return root.querySelector<HTMLElement>("[data-takes-focus]") ?? root.querySelector<HTMLElement>("h1");
}
