import { later } from "../../components/later";

/** The dialogs about people, each of which is loaded when it is asked for. */
export const InvitePerson = later(async () => (await import("./invite-dialog")).InvitePerson);
export const EditPerson = later(async () => (await import("./edit-dialog")).EditPerson);
export const RemovePerson = later(async () => (await import("./remove-dialog")).RemovePerson);
export const EndSessions = later(async () => (await import("./end-sessions-dialog")).EndSessions);
