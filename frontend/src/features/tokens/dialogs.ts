import { later } from "../../components/later";

/** The dialogs about tokens, each of which is loaded when it is asked for: the list does not wait for them. */
export const CreateToken = later(async () => (await import("./create-dialog")).CreateToken);
export const EditToken = later(async () => (await import("./edit-dialog")).EditToken);
export const RotateToken = later(async () => (await import("./rotate-dialog")).RotateToken);
export const NewClaimLink = later(async () => (await import("./hand-over")).NewClaimLink);
export const DisableToken = later(async () => (await import("./disable-dialog")).DisableToken);
export const DeleteToken = later(async () => (await import("./delete-dialog")).DeleteToken);
export const ReleaseTokens = later(async () => (await import("./release-dialog")).ReleaseTokens);
export const BulkDelete = later(async () => (await import("./bulk-delete")).BulkDelete);
export const EndNow = later(async () => (await import("./end-rotation-dialogs")).EndNow);
export const TakeBack = later(async () => (await import("./end-rotation-dialogs")).TakeBack);
