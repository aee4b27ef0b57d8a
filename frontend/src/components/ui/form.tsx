import { type ReactNode, useEffect, useRef, useState } from "react";
import { fieldErrors } from "../../lib/graphql";

type Mutation = { error: Error | null; isPending: boolean; reset?: () => void };
type Options = {
  /** The fields of the API that the form shows, and so can show an error of. */
  fields: readonly string[];
  /** What the form itself can tell is wrong, by field; nothing is sent while something is. */
  check?: () => Record<string, string>;
  send: () => void;
};

/** How a form is sent, and what it was refused for: by itself, or by the server. */
export function useSubmit({ error, isPending, reset }: Mutation, { fields, check, send }: Options) {
  const [found, setFound] = useState<Record<string, string>>({});
  const own = Object.keys(found).length > 0;
  const refused = own ? { fields: found } : fieldErrors(error, fields);
  const onSubmit = () => {
    if (isPending) return;
    const wrong = check?.() ?? {};
    setFound(wrong);
    if (Object.keys(wrong).length === 0) send();
  };
  return {
    errors: refused.fields,
    /** What Form takes. */
    form: { onSubmit, message: refused.form, refusal: own ? found : error },
    /** Forgets what it was refused for. */
    forget: () => {
      setFound({});
      if (!isPending) reset?.();
    },
  };
}

type FormProps = {
  id?: string;
  onSubmit: () => void;
  /** What the form as a whole was refused for. */
  message?: string;
  /** Another object at each refusal, also at the same one again. */
  refusal?: object | null;
  className?: string;
  children: ReactNode;
};

/**
 * A form. Each time it is refused, its first field that has an error is brought into sight and gets the focus: a
 * dialog's foot may hide it. Where no field has one, the message is brought into sight.
 */
export function Form({ id, onSubmit, message, refusal, className = "gap-5", children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusal) showRefusal(form.current);
  }, [refusal]);
  return (
    <form
      ref={form}
      id={id}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
      className={`grid ${className}`}
    >
      <div role="alert" className={message ? "rounded-md bg-danger-soft px-3 py-2 text-danger" : "sr-only"}>
        {message}
      </div>
      {children}
    </form>
  );
}

function showRefusal(form: HTMLFormElement | null) {
  const field = form?.querySelector<HTMLElement>("[aria-invalid=true]");
  field?.focus({ preventScroll: true });
  const seen = field ?? form?.querySelector("[role=alert]");
  seen?.scrollIntoView?.({ block: field ? "center" : "nearest" });
}
