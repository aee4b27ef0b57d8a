import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect, useId, useRef } from "react";
import { Button } from "../../components/ui/button";
import { endedQuery } from "../../lib/query";
import { CredentialsForm } from "./form";
import { OtherWays } from "./other-ways";
import { signIn, viewerQuery } from "./queries";

/** A native dialog lies above everything, whatever else is open, and takes the page out of reach. */
export function SignInDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: viewer } = useSuspenseQuery(viewerQuery);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[type=password]")?.focus();
    return () => dialog.current?.close();
  }, []);
  useKeysStay(dialog);
  const close = () => client.setQueryData(endedQuery.queryKey, false);
  const done = async (id: string) => {
    if (id !== viewer.id) {
      client.clear();
      await navigate({ to: "/", ignoreBlocker: true });
      return;
    }
    close();
    await client.invalidateQueries();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onClose={close}
      className="m-auto w-[calc(100vw-1rem)] max-w-sm rounded-xl border border-line bg-panel p-5 text-text shadow-2xl backdrop:bg-black/50"
    >
      <div className="grid gap-5">
        <div>
          <h2 id={title} className="font-semibold text-base">
            Your session ended
          </h2>
          <p className="text-muted">Sign in to go on. What you typed stays here.</p>
        </div>
        <OtherWays next={`${location.pathname}${location.search}`} done={done} />
        <CredentialsForm
          email={viewer.email}
          action="Sign in"
          busy="Signing in"
          submit={signIn}
          done={done}
          passkey={done}
        />
        <Button kind="ghost" onClick={close}>
          Not now
        </Button>
      </div>
    </dialog>
  );
}

/** Keeps what is pressed in the dialog from the page: Escape would also close the dialog that lies below. */
function useKeysStay(dialog: RefObject<HTMLDialogElement | null>) {
  useEffect(() => {
    const stop = (event: KeyboardEvent) => event.stopPropagation();
    const element = dialog.current;
    element?.addEventListener("keydown", stop);
    return () => element?.removeEventListener("keydown", stop);
  }, [dialog]);
}
