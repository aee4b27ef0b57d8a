import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { MenuItem } from "../../components/ui/menu";
import { useToast } from "../../components/ui/toast";
import { EnableTokensDocument } from "../../gql/graphql";
import { changed } from "../../lib/changes";
import { copy } from "../../lib/clipboard";
import { request } from "../../lib/graphql";
import { DeleteToken, DisableToken, EditToken, NewClaimLink, RotateToken } from "./dialogs";
import type { FullToken, Token } from "./queries";

const dialogs = {
  edit: EditToken,
  rotate: RotateToken,
  claim: NewClaimLink,
  disable: DisableToken,
  delete: DeleteToken,
};

/** What can be done to a token, as items of a menu, and the dialog of what was chosen. */
export function useTokenActions(mayManage: boolean) {
  const [asked, ask] = useState<{ what: keyof typeof dialogs; token: Token } | null>(null);
  const copyId = useCopyId();
  const enable = useEnable();
  const Dialog = asked && dialogs[asked.what];
  const items = (token: Token | FullToken): MenuItem[] => {
    const all = [{ label: "Copy ID", onSelect: () => copyId(token) }];
    if (!mayManage || token.status === "REVOKED") return all;
    const disabled = token.status === "DISABLED";
    return [
      ...all,
      { label: "Edit", onSelect: () => ask({ what: "edit", token }) },
      token.claimPending
        ? { label: "New claim link…", onSelect: () => ask({ what: "claim", token }), why: whyNoSecret(token) }
        : { label: "Rotate…", onSelect: () => ask({ what: "rotate", token }), why: whyNotRotate(token) },
      disabled
        ? { label: "Enable", onSelect: () => enable(token) }
        : { label: "Disable…", onSelect: () => ask({ what: "disable", token }) },
      { label: "Delete", onSelect: () => ask({ what: "delete", token }), danger: true },
    ];
  };
  return { items, dialog: Dialog && <Dialog token={asked.token} onClose={() => ask(null)} /> };
}

/** Why a token is not rotated as it is; undefined where it can be. */
export function whyNotRotate(token: Token | FullToken): string | undefined {
  if ("secrets" in token && token.secrets.length > 1) return "A rotation is under way. End it or take it back first.";
  return whyNoSecret(token);
}

/** Why a new secret of a token would not work as it is; undefined where it would. */
function whyNoSecret(token: Token): string | undefined {
  switch (token.status) {
    case "EXPIRED":
      return "It has expired. Give it a later expiry first.";
    case "DISABLED":
      return "It is disabled. Enable it first.";
    case "REVOKED":
      return "It was revoked. Create another one.";
    default:
      return undefined;
  }
}

function useCopyId() {
  const toast = useToast();
  return async (token: Token) => {
    toast((await copy(token.id, null)) ? "The token's id was copied." : "Copying failed.");
  };
}

function useEnable() {
  const client = useQueryClient();
  const toast = useToast();
  const { mutate } = useMutation({
    mutationFn: ({ id }: Token) => request(EnableTokensDocument, { ids: [id] }),
    onSuccess: (_, token) => {
      toast(`“${token.description}” works again.`);
      return changed(client, "tokens");
    },
    onError: (error) => toast(error.message),
  });
  return mutate;
}
