/** The code of a link, after #: it is never sent with the page's address, and leaves the address bar once it is read. */
export function takeCode(): string {
  const code = location.hash.replace(/^#/, "");
  if (code) history.replaceState(history.state, "", location.pathname);
  return code;
}
