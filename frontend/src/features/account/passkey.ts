import {
  FinishPasskeyDocument,
  FinishPasskeySignInDocument,
  StartPasskeyDocument,
  StartPasskeySignInDocument,
} from "../../gql/graphql";
import { ApiError, request } from "../../lib/graphql";

/** Whether this browser knows passkeys. */
export const knowsPasskeys = (): boolean =>
  "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential;

/** What a browser says in place of a passkey, in words. */
function said(error: unknown): never {
  if (!(error instanceof DOMException)) throw error;
  const words: Record<string, string> = {
    InvalidStateError: "This device or key has a passkey of yours already.",
    NotSupportedError: "This device or key makes no passkeys that this server knows.",
    SecurityError: "The browser gives this page no passkeys: open this server by its own address.",
  };
  throw new ApiError(words[error.name] ?? "No passkey was used. Try again.", "NO_PASSKEY");
}

const asText = (credential: Credential | null): string => {
  if (!(credential instanceof PublicKeyCredential)) throw new ApiError("No passkey was used. Try again.", "NO_PASSKEY");
  return JSON.stringify(credential.toJSON());
};

/** What a person proves again with who they are: code, of who has an authenticator app. */
export type Proof = { password: string; code?: string };

/** Makes a passkey with whatever the person chooses. */
export async function makePasskey(proof: Proof, name: string): Promise<void> {
  const { options, state } = (await request(StartPasskeyDocument, proof)).startPasskey;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  const credential = await navigator.credentials.create({ publicKey }).then(asText, said);
  await request(FinishPasskeyDocument, { state, name, credential });
}

/** Signs in with a passkey: with any, or after the password of a person with one of theirs. Returns their id. */
export async function signInWithPasskey(after = { email: "", password: "" }): Promise<string> {
  const { options, state } = (await request(StartPasskeySignInDocument, after)).startPasskeySignIn;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  const credential = await navigator.credentials.get({ publicKey }).then(asText, said);
  return (await request(FinishPasskeySignInDocument, { state, credential })).finishPasskeySignIn.user.id;
}
