import type { TypedDocumentString } from "../gql/graphql";

/** What the server refused: its code, the input field it concerns, and where within that one, such as 1.versions. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly field?: string,
    readonly at?: string,
  ) {
    super(message);
  }
}

type GraphQLError = { message: string; extensions?: { code?: string; field?: string; at?: string } };

/**
 * Runs one operation, as the person who has signed in, or as a token. Throws an ApiError; its code is NETWORK where the
 * server cannot be reached.
 */
export async function request<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  ...[variables, token]: Variables extends Record<string, never>
    ? [variables?: Variables, token?: string]
    : [Variables, token?: string]
): Promise<Result> {
  let answer: Response;
  try {
    answer = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      credentials: token ? "omit" : "same-origin",
      body: JSON.stringify({ query: document.toString(), variables }),
    });
  } catch {
    throw new ApiError("Can't reach the server. Check your connection and try again.", "NETWORK");
  }
  const body = await answer.json().catch(() => null);
  const error = (body?.errors as GraphQLError[] | undefined)?.[0];
  if (error) throw token ? new Error(error.message) : refusalOf(error); // what a token may not is about no session
  if (!answer.ok || !body?.data) throw new ApiError(`The server answered ${answer.status}. Try again.`, "INTERNAL");
  return body.data as Result;
}

/** The end of a session is told in words that hold also once the person has signed in again. */
function refusalOf({ message, extensions }: GraphQLError): ApiError {
  const code = extensions?.code ?? "INTERNAL";
  return new ApiError(
    code === "UNAUTHENTICATED" ? "Your session had ended. Try again." : message,
    code,
    extensions?.field,
    extensions?.at,
  );
}

/** Splits an error into the fields of a form, the most exact one that it shows, and the rest. */
export function fieldErrors(
  error: unknown,
  fields: readonly string[],
): { fields: Record<string, string>; form?: string } {
  if (!error) return { fields: {} };
  const message = error instanceof Error ? error.message : "Something went wrong. Try again.";
  if (error instanceof ApiError) {
    const named = [`${error.field}.${error.at}`, error.field].find((field) => field && fields.includes(field));
    if (named) return { fields: { [named]: message } };
  }
  return { fields: {}, form: message };
}
