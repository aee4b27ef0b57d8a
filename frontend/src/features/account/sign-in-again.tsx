import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { createPortal } from "react-dom";
import { later } from "../../components/later";
import { endedQuery } from "../../lib/query";

/** When the dialog is fetched, in milliseconds after the page: whatever the page itself needs comes first. */
const afterTheRest = 10_000;

const load = () => import("./sign-in-dialog");
const SignInDialog = later(async () => (await load()).SignInDialog);

/**
 * Opens over the page once the session has ended, and over any dialog of it: what was typed stays. The same person goes
 * on where they were; another one gets a page of their own. The dialog is at hand before it is needed: by then the server
 * may be another version, with other files.
 */
export function SignInAgain() {
  const { data: ended } = useQuery(endedQuery);
  useEffect(() => {
    const timer = setTimeout(() => load().catch(() => undefined), afterTheRest);
    return () => clearTimeout(timer);
  }, []);
  return ended ? createPortal(<SignInDialog />, document.body) : null;
}
