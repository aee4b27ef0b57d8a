/**
 * Copies text and tells whether that worked. Over plain http there is no clipboard API, so the text is selected in a
 * field of the same dialog (focus may not leave it) and copied the old way.
 */
export async function copy(text: string, near: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text, near ?? document.body);
  }
}

function copyBySelection(text: string, parent: HTMLElement): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.setAttribute("aria-hidden", "true");
  field.className = "fixed top-0 left-0 h-px w-px opacity-0";
  parent.append(field);
  try {
    field.focus();
    field.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    focused?.focus();
  }
}
