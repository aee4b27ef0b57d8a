import { later } from "../../components/later";

/** The dialogs about endpoints, each of which is loaded when it is asked for. */
export const EditEndpoint = later(async () => (await import("./endpoint-dialog")).EditEndpoint);
export const RotateSecret = later(async () => (await import("./rotate-dialog")).RotateSecret);
export const RemoveEndpoint = later(async () => (await import("./remove-dialog")).RemoveEndpoint);
