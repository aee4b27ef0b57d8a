import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useId, useState } from "react";
import { Time } from "../../components/time";
import { Button } from "../../components/ui/button";
import { Dialog } from "../../components/ui/dialog";
import { Field, Select } from "../../components/ui/field";
import { Form, useSubmit } from "../../components/ui/form";
import { RotateTokenDocument, type RotateTokenMutation } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { request } from "../../lib/graphql";
import type { Token } from "./queries";
import { LastUse } from "./reason";
import { Reveal } from "./reveal";

type Rotated = RotateTokenMutation["rotateToken"];
type Props = { token: Token; onClose: () => void };

/** Makes a new secret, then shows it this once. The secret lives in this component and nowhere else. */
export function RotateToken({ token, onClose }: Props) {
  const [rotated, setRotated] = useState<Rotated | null>(null);
  const client = useQueryClient();
  if (!rotated) return <RotateForm token={token} onClose={onClose} onRotated={setRotated} />;
  const close = () => {
    onClose();
    void changed(client, "tokens"); // not before: a list that is read again could take the dialog away
  };
  return (
    <Reveal
      secret={rotated.secret}
      description={token.description}
      expiresAt={rotated.token.expiresAt}
      title="Copy your new token now"
      note={oldOneStops(rotated.previousExpiresAt)}
      onClose={close}
    />
  );
}

/** When the old secret ends: "The old one stops working tomorrow, Nov 26, 2026, 9:14 AM GMT+1." */
export function oldOneStops(at: string, now = new Date()): ReactNode {
  if (new Date(at) <= now) return "The old one no longer works.";
  return (
    <>
      The old one stops working <Time at={at} now={now} />, <Time at={at} long />.
    </>
  );
}

const day = 86_400;
const periods: [seconds: number, name: string][] = [
  [0, "End now"],
  [900, "15 minutes"],
  [3_600, "1 hour"],
  [6 * 3_600, "6 hours"],
  [day, "24 hours (recommended)"],
  [7 * day, "7 days"],
  [30 * day, "30 days"],
];

function RotateForm({ token, onClose, onRotated }: Props & { onRotated: (rotated: Rotated) => void }) {
  const id = useId();
  const [seconds, setSeconds] = useState(day);
  const mutation = useMutation({
    mutationFn: () => request(RotateTokenDocument, { id: token.id, gracePeriodSeconds: seconds }),
    gcTime: 0,
    onSuccess: ({ rotateToken }) => onRotated(rotateToken),
  });
  const submit = useSubmit(mutation, { fields: [], send: () => mutation.mutate() });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Rotate token"
      description={`“${token.description}” gets a new secret. What it may do stays.`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={mutation.isPending}>
            {mutation.isPending ? "Rotating" : "Rotate token"}
          </Button>
        </>
      }
    >
      <Form id={id} {...submit.form}>
        <Field
          label="Old token keeps working for"
          help={
            seconds === 0
              ? "Composer calls with the old secret fail at once."
              : "Until then both work. The token's page shows who still uses the old one."
          }
        >
          {(ids) => (
            <Select {...ids} value={seconds} onChange={({ target }) => setSeconds(Number(target.value))}>
              {periods.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <LastUse token={token} />
      </Form>
    </Dialog>
  );
}
