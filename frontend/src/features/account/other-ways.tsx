import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, buttonClass } from "../../components/ui/button";
import { knowsPasskeys, signInWithPasskey } from "./passkey";
import { serverQuery } from "./queries";

type Props = { next?: string; done: (id: string) => unknown };

/** The ways to sign in without a password: the sign-in service, and passkeys. */
export function OtherWays({ next, done }: Props) {
  const { data: server } = useQuery(serverQuery);
  if (!server) return null;
  const passkeys = server.passkeys && knowsPasskeys();
  if (!server.signInService && !passkeys) return null;
  return (
    <div className="grid gap-3">
      {server.signInService && (
        <a
          className={buttonClass(server.passwords ? "secondary" : "primary", "min-h-11")}
          href={`/auth/oidc${next ? `?next=${encodeURIComponent(next)}` : ""}`}
        >
          Sign in with {server.signInService}
        </a>
      )}
      {passkeys && <PasskeyButton label="Sign in with a passkey" done={done} />}
      <p className="text-center text-[13px] text-muted">
        {server.passwords ? "or with a password" : "Owners can also sign in with a password:"}
      </p>
    </div>
  );
}

type ButtonProps = {
  label: string;
  /** What was proved before; without it the passkey is the only factor. */
  after?: { email: string; password: string };
  done: (id: string) => unknown;
};

/** Signs in with a passkey. */
export function PasskeyButton({ label, after, done }: ButtonProps) {
  const mutation = useMutation({ mutationFn: () => signInWithPasskey(after), gcTime: 0, onSuccess: done });
  return (
    <>
      <Button className="min-h-11" busy={mutation.isPending} onClick={() => mutation.mutate()}>
        {mutation.isPending ? "Waiting for the passkey" : label}
      </Button>
      <p role="alert" className={mutation.error ? "text-danger" : "sr-only"}>
        {mutation.error?.message}
      </p>
    </>
  );
}
