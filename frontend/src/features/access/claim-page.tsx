import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { PageHead } from "../../components/page";
import { Callout } from "../../components/panel";
import { Time } from "../../components/time";
import { Button, buttonClass } from "../../components/ui/button";
import { ClaimTokenDocument, type ClaimTokenMutation } from "../../gql/graphql";
import { takeCode } from "../../lib/code";
import { request } from "../../lib/graphql";
import { OutsidePage } from "../account/form";
import { SecretLines, useWarnBeforeLeaving } from "../tokens/secret-lines";
import { claimQuery } from "./queries";

type Claimed = ClaimTokenMutation["claimToken"];

/**
 * Where the link to a token leads. Opening it shows what it gives; the token itself comes with a click, so that programs
 * that look at links in messages use none up.
 */
export function ClaimPage() {
  const [code] = useState(takeCode);
  const [claimed, setClaimed] = useState<Claimed>();
  if (claimed) return <Shown claimed={claimed} />;
  return <Offer code={code} onClaimed={setClaimed} />;
}

function Offer({ code, onClaimed }: { code: string; onClaimed: (claimed: Claimed) => void }) {
  const { data: claim, error, isPending } = useQuery(claimQuery(code));
  const mutation = useMutation({
    mutationFn: async () => (await request(ClaimTokenDocument, { code })).claimToken,
    gcTime: 0,
    onSuccess: onClaimed,
  });
  if (isPending) return null;
  const refused = mutation.error ?? error;
  if (refused || !claim) {
    return (
      <OutsidePage title="There is no token here" text={<span role="alert">{refused?.message}</span>}>
        <Link to="/access" className={buttonClass()}>
          I have the token already
        </Link>
      </OutsidePage>
    );
  }
  return (
    <OutsidePage
      title="An access token for you"
      text={
        <>
          “{claim.description}”, {claim.permission === "WRITE" ? "write" : "read-only"}. The link works until{" "}
          <Time at={claim.endsAt} long />.
        </>
      }
    >
      <p>It is shown once. Have the place ready where you keep it, such as a password manager.</p>
      <Button kind="primary" className="min-h-11" busy={mutation.isPending} onClick={() => mutation.mutate()}>
        {mutation.isPending ? "Fetching the token" : "Show the token"}
      </Button>
    </OutsidePage>
  );
}

/** The secret, this once. */
function Shown({ claimed }: { claimed: Claimed }) {
  const [copied, setCopied] = useState(false);
  useWarnBeforeLeaving(!copied);
  return (
    <main className="mx-auto grid w-full max-w-2xl gap-5 px-4 py-10">
      <p className="font-semibold text-muted">Package broker</p>
      <PageHead
        title="Copy your token now"
        text={`“${claimed.description}” is yours. This is the only time we show it.`}
      />
      <Callout>
        <p>Store it before you close this page: the link does not work again, and we keep only a hash.</p>
      </Callout>
      <SecretLines secret={claimed.secret} expiresAt={claimed.expiresAt} onCopied={() => setCopied(true)} />
      <p className="text-muted">
        What it may install, and what is used of its limit, you see at any time{" "}
        <a href="/access" target="_blank" rel="noreferrer" className="text-accent underline">
          on the page for tokens
        </a>
        .
      </p>
    </main>
  );
}
