import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { CheckRepositoryDocument, type CreateRepositoryInput } from "../../gql/graphql";
import { request } from "../../lib/graphql";
import { sourceOf, type Typed } from "./form";

/** Asks the source before it is saved, and says what it has or what is wrong; not of what was typed since. */
export function CheckSource({ form, repository }: { form: Typed; repository?: string }) {
  const input = sourceOf(form);
  const { mutate, isPending, data, error, variables } = useMutation({
    mutationFn: async (asked: CreateRepositoryInput) =>
      (await request(CheckRepositoryDocument, { input: asked, repository })).checkRepository,
    gcTime: 0,
  });
  const current = !isPending && JSON.stringify(variables) === JSON.stringify(input);
  return (
    <div className="grid gap-3">
      <Button className="w-fit" busy={isPending} onClick={() => mutate(input)}>
        {isPending ? "Checking" : "Check"}
      </Button>
      <div role="status">
        {current && error && <Result ok={false} message={error.message} />}
        {current && data && (
          <Result ok={data.ok} message={data.message ?? ""}>
            {data.credentialExpiresAt && (
              <p>
                The credential ends <Time at={data.credentialExpiresAt} />.
              </p>
            )}
          </Result>
        )}
      </div>
    </div>
  );
}

function Result({ ok, message, children }: { ok: boolean; message: string; children?: React.ReactNode }) {
  const Icon = ok ? CircleCheck : CircleX;
  return (
    <div
      className={`flex gap-2.5 rounded-md px-4 py-2.5 ${ok ? "bg-good-soft text-good" : "bg-danger-soft text-danger"}`}
    >
      <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
      <div className="grid min-w-0 flex-1 gap-1 wrap-anywhere">
        <p className="font-medium">{ok ? "It can be used." : "It cannot be used like this."}</p>
        <p>{message}</p>
        {children}
      </div>
    </div>
  );
}
